"""What the maker checks before it puts anything on a page, by the rules of `tdh verify`.

It believes its own trust file, never who asks. What it found of anchors and timestamps becomes the
statement in the receipt. Never does I/O.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from signing import certificates, timestamps
from signing.archive.errors import RecordEnded, RecordError, RecordUntrusted
from signing.archive.verification import checkable_until, verify_record
from signing.checkpoint import without_cosignatures
from signing.errors import ProofError
from signing.receipt.messages import Material
from signing.receipt.statement import Statement
from signing.receipt_maker.errors import EvidenceNotProven
from signing.seal_check import Outcome, verify_seal
from signing.tlog_proof import TlogProof
from signing.tst_info import TimestampError
from signing.verify.evidence import Beside, examine
from signing.verify.report import CheckId
from signing.verify.terms import Terms

_NEEDED = frozenset(
    {
        CheckId.SCHEMA,
        CheckId.SEAL,
        CheckId.CERTIFICATE,
        CheckId.DIGEST,
        CheckId.INCLUSION,
        CheckId.CHECKPOINT,
    }
)


def prove(
    material: Material, terms: Terms, *, edition: int, public_url: str, made_with: str
) -> Statement:
    """Check everything, and say what was found. Raises EvidenceNotProven, StatementError."""
    tokens = tuple(each.token for each in material.tokens)
    beside = Beside(
        proof=material.proof,
        proof_name="the proof",
        tokens=tokens,
        record=material.record,
        envelope=material.envelope,
    )
    lines = examine(material.xml, beside, terms).lines
    for line in lines:
        if line.outcome is Outcome.FAIL or (
            line.id in _NEEDED and line.outcome is not Outcome.PASS
        ):
            raise EvidenceNotProven(f"{line.id}: {line.text.en}")
    anchor = next(line for line in lines if line.id is CheckId.ANCHOR)
    stamps = tuple(_stamps(material, terms))
    heads = [each.time for each in stamps if not each.is_record]
    return Statement(
        edition=edition,
        made_with=made_with,
        public_url=public_url,
        seal_root=_root_of(material.xml, terms),
        is_anchored=anchor.outcome is Outcome.PASS,
        anchor_th=anchor.text.th,
        anchor_en=anchor.text.en,
        stamped_at=min(heads, default=None),
        recorded_at=next((each.time for each in stamps if each.is_record), None),
        provable_until=max((each.until for each in stamps), default=None),
    )


def _root_of(xml: bytes, terms: Terms) -> bytes:
    path = verify_seal(xml, terms.trust.seal_roots).path
    if not path:
        raise EvidenceNotProven("the seal leads to no root")
    return hashlib.sha256(certificates.der(path[-1])).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """A timestamp that is believed."""

    time: datetime
    until: datetime
    is_record: bool


def _stamps(material: Material, terms: Terms) -> Iterator[_Stamp]:
    """Timestamps of head and evidence; those that are not believed are passed over."""
    roots = terms.trust.all_tsa_roots
    try:
        note = without_cosignatures(TlogProof.parse(material.proof).checkpoint_note)
    except ProofError as exc:
        raise EvidenceNotProven(str(exc)) from exc
    imprint = hashlib.sha256(note).digest()
    for token in material.tokens:
        try:
            found = timestamps.verify_token(token.token, imprint, roots, at=terms.at)
        except TimestampError:
            continue
        yield _Stamp(time=found.time, until=checkable_until(found), is_record=False)
    if material.record is not None:
        digest = hashlib.sha256(material.xml).digest()
        try:
            record = verify_record(material.record, digest, roots, at=terms.at, data=material.xml)
        except (RecordEnded, RecordUntrusted):
            return  # as a stranger with this trust file: nothing is known of it
        except RecordError as exc:
            raise EvidenceNotProven(f"the archive record: {exc}") from exc
        yield _Stamp(time=record.time, until=record.until, is_record=True)
