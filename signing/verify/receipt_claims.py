"""What a receipt's page says of log and timestamps, beside what the files inside say.

The page is made from `receipt.json` too, which nothing proves: a time that no timestamp inside has
would stand there as if it were one. Whether those timestamps are believed is told by the evidence's
own lines, which do not know the page. Pure.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from signing import cms
from signing.archive.record import EvidenceRecord
from signing.certificates import der
from signing.checkpoint import without_cosignatures
from signing.errors import ProofError
from signing.receipt import attachments as names
from signing.receipt.attachments import Attachment, single
from signing.receipt.statement import Statement
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.tst_info import TstInfo
from signing.verify import receipt_words as words
from signing.verify.beside import token_in
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.terms import Terms

_Said = tuple[datetime, datetime]
"""A timestamp's time, and when its unit's certificate ends."""


def check_claims(
    statement: Statement, files: Sequence[Attachment], lines: Sequence[CheckLine], terms: Terms
) -> Iterator[CheckLine]:
    """Lines for what the page claims and the files inside do not say; none where they agree.

    `lines`: what was found of the evidence.
    """
    heads, records = list(_heads(files)), list(_records(files))
    until = max((end for _, end in (*heads, *records[-1:])), default=None)
    times = (
        statement.stamped_at in (None, *(time for time, _ in heads)),
        statement.recorded_at in (None, *(time for time, _ in records[:1])),
        statement.provable_until is None or (until and statement.provable_until <= until),
    )
    if not all(times):
        yield CheckLine(id=CheckId.DIGEST, outcome=Outcome.FAIL, text=words.CLAIM_OF_TIME)
    anchored = any(line.id is CheckId.ANCHOR and line.outcome is Outcome.PASS for line in lines)
    if statement.is_anchored and not anchored:
        yield _unknown(CheckId.ANCHOR, words.CLAIM_OF_ANCHOR)
    roots = {hashlib.sha256(der(root)).digest() for root in terms.trust.seal_roots}
    if roots and statement.seal_root not in roots:
        yield _unknown(CheckId.CERTIFICATE, words.CLAIM_OF_ROOT)


def _unknown(id_: CheckId, text: Text) -> CheckLine:
    return CheckLine(id=id_, outcome=Outcome.UNKNOWN, text=text, needed=False)


def _heads(files: Sequence[Attachment]) -> Iterator[_Said]:
    """What the timestamps over the head say, whoever made them."""
    try:
        note = TlogProof.parse(single(files, names.PROOF) or b"").checkpoint_note
        imprint = hashlib.sha256(without_cosignatures(note)).digest()
    except ProofError:
        return
    for token in (token_in(one.data) for one in files if names.is_token(one.name)):
        info, said = _opened(token)
        if info is not None and info.digest == imprint and said is not None:
            yield said


def _records(files: Sequence[Attachment]) -> Iterator[_Said]:
    """What the timestamps of the archive record say, the oldest first."""
    try:
        record = EvidenceRecord.parse(single(files, names.RECORD) or b"")
    except ProofError:
        return
    for stamp in record.stamps:
        _, said = _opened(stamp.token)
        if said is not None:
            yield said


def _opened(token: bytes) -> tuple[TstInfo | None, _Said | None]:
    try:
        signed = cms.open_signed_data(token)
        info = TstInfo.decode(signed.content)
    except ProofError:
        return None, None
    return info, (info.time, signed.signer.not_valid_after_utc)
