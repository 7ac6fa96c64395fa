"""A receipt (PDF), alone and offline.

(1) It is one sealed PDF with an evidence and its proof inside; (2) its seal covers page and files,
and nothing but a timestamp came later; (3) the key is the operator's for receipts; (4) the page is
made again from the files and compared; (5) the evidence inside is checked as any other, with the
proof, tokens and record inside. So the seal alone is never believed: a page that says something
else than its evidence is refused, where this version can make that page; where it cannot, the words
are the operator's only, and what the evidence says is told beside them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cryptography import x509

from signing.certificate_path import find_path
from signing.errors import ProofError
from signing.receipt import attachments as names
from signing.receipt.attachments import Attachment, single
from signing.receipt.page import MadePage, make_page, maker
from signing.receipt.shown import masked_party
from signing.receipt.statement import Statement
from signing.seal_check import RECEIPT_POLICY, Outcome, is_for_receipts
from signing.verify import receipt_words as words
from signing.verify.beside import token_in
from signing.verify.evidence import Beside, ExaminedContainer, ExaminedEvidence, examine
from signing.verify.organisation import of_another
from signing.verify.receipt_claims import check_claims
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.sequence import check_sequences
from signing.verify.spoken import Spoken, listed, moment, plain
from signing.verify.terms import Terms
from tdh.domain.evidence import EvidenceFacts, PartyFacts
from tdh.domain.verdicts import Indication

if TYPE_CHECKING:
    from signing.verify.receipt_pdf import ReceiptPdf


def check_receipt(data: bytes, terms: Terms) -> tuple[CheckLine, ...]:
    """Check one receipt. Never raises for what is wrong with it."""
    return examine_receipt(data, terms).lines


_HOLDS_FILES = b"/EmbeddedFile"
"""Stands in every receipt (ISO 32000-2, 7.11.4); a PDF without it, a letter say, is none."""


def examine_receipt(data: bytes, terms: Terms) -> ExaminedContainer:
    """The same, and the evidence inside."""
    from signing.verify.receipt_pdf import read_receipt  # noqa: PLC0415 - pyHanko: for receipts only

    if _HOLDS_FILES not in data:
        other = CheckLine(id=CheckId.SCHEMA, outcome=Outcome.FAIL, text=words.OTHER_PDF)
        return ExaminedContainer(lines=(other,))
    try:
        found = read_receipt(data, terms)
        _check_files(found.files)
        statement = Statement.parse(_file(found.files, names.STATEMENT))
        xml = _file(found.files, names.EVIDENCE)
    except ProofError as exc:
        text = words.FORM_BROKEN.of(why=exc)
        broken = CheckLine(id=CheckId.SCHEMA, outcome=Outcome.FAIL, text=text)
        return ExaminedContainer(lines=(broken,))
    beside = Beside(
        proof=_file(found.files, names.PROOF),
        proof_name=names.PROOF,
        tokens=[token_in(one.data) for one in found.files if names.is_token(one.name)],
        record=single(found.files, names.RECORD),
        envelope=single(found.files, names.ENVELOPE),
    )
    examined = examine(xml, beside, terms)
    number = "?" if examined.content is None else examined.content.facts.id
    form = words.FORM_HOLDS.of(edition=statement.edition, number=number, files=len(found.files))
    lines = (
        CheckLine(id=CheckId.SCHEMA, outcome=Outcome.PASS, text=form),
        _seal(found),
        _certificate(found, examined, terms),
        *_page(data, found, statement, examined),
        *check_claims(statement, found.files, examined.lines, terms),
        *examined.lines,
        *check_sequences([examined]),
    )
    return ExaminedContainer(lines=lines, evidences=(examined,))


def _check_files(files: Sequence[Attachment]) -> None:
    """Raise ProofError for files that no receipt has, or has twice."""
    found = [one.name for one in files]
    for name in found:
        if not names.is_name(name):
            raise ProofError(f"an unknown file inside, {name[:80]!r}")
    if len(set(found)) != len(found):
        raise ProofError("a file stands twice inside")


def _file(files: Sequence[Attachment], name: str) -> bytes:
    data = single(files, name)
    if data is None:
        raise ProofError(f"{name} is missing inside")
    return data


def _seal(found: "ReceiptPdf") -> CheckLine:
    """Step (2): integrity and coverage; who signed is the next line's matter."""
    outcome, text = Outcome.PASS, words.SEAL_HOLDS
    reason = found.verdict.reason
    if found.verdict.indication is Indication.TOTAL_FAILED:
        outcome, text = Outcome.FAIL, words.SEAL_BROKEN.of(th=reason.th, en=reason.en)
    elif found.verdict.indication is not Indication.TOTAL_PASSED:
        outcome, text = Outcome.UNKNOWN, words.SEAL_UNTOLD.of(th=reason.th, en=reason.en)
    return CheckLine(id=CheckId.SEAL, outcome=outcome, text=text)


def _certificate(found: "ReceiptPdf", examined: ExaminedEvidence, terms: Terms) -> CheckLine:
    """Step (3): under a root for seals, for documents that people read, in nobody else's hands.

    And of the organisation that sealed the evidence: others have certificates below such roots.
    """
    outcome, text = _judged_certificate(found, terms)
    other = of_another(found.signer, [examined], words.CERTIFICATE_OF_ANOTHER)
    if other is not None and outcome is not Outcome.FAIL:
        outcome, text = Outcome.FAIL, other
    return CheckLine(id=CheckId.CERTIFICATE, outcome=outcome, text=text)


def _judged_certificate(found: "ReceiptPdf", terms: Terms) -> tuple[Outcome, Text]:
    if not is_for_receipts(found.signer):
        return Outcome.FAIL, words.CERTIFICATE_OTHER_USE
    if not terms.trust.seal_roots:
        return Outcome.UNKNOWN, words.CERTIFICATE_NO_ROOTS
    try:
        path = _path(found, terms, found.sealed_at or terms.at)
    except ProofError as exc:
        if found.sealed_at is None and _ended_well(found, terms):
            return Outcome.UNKNOWN, words.CERTIFICATE_ENDED
        return Outcome.FAIL, words.CERTIFICATE_BROKEN.of(why=exc)
    since = terms.in_other_hands(path)
    if since is not None:
        return Outcome.FAIL, words.CERTIFICATE_COMPROMISED.of(since=moment(since))
    return Outcome.PASS, words.CERTIFICATE_HOLDS


def _path(found: "ReceiptPdf", terms: Terms, at: datetime) -> tuple[x509.Certificate, ...]:
    return find_path(
        found.signer,
        intermediates=found.issuers,
        roots=terms.trust.seal_roots,
        at=at,
        leaf_policy=RECEIPT_POLICY,
    )


def _ended_well(found: "ReceiptPdf", terms: Terms) -> bool:
    """Whether the certificate was good until it ended; then nothing is wrong, but too late."""
    end = found.signer.not_valid_after_utc
    if terms.at <= end:
        return False
    try:
        _path(found, terms, end)
    except ProofError:
        return False
    return True


def _page(
    data: bytes, found: "ReceiptPdf", statement: Statement, examined: ExaminedEvidence
) -> Iterator[CheckLine]:
    """Step (4): a page is a pure function of its files; the seal is appended to it.

    The bytes of the right page could lie there unused: they must be the first revision.
    """
    try:
        made: MadePage | None = make_page(found.files)
    except ProofError:
        made = None
    end = b"startxref\n%d\n%%%%EOF" % found.table
    if made is not None and data.startswith(made.pdf) and made.pdf.rstrip().endswith(end):
        yield CheckLine(id=CheckId.DIGEST, outcome=Outcome.PASS, text=words.PAGE_HOLDS)
    elif statement.made_with == maker():
        yield CheckLine(id=CheckId.DIGEST, outcome=Outcome.FAIL, text=words.PAGE_DIFFERS)
    else:
        yield _untold(words.PAGE_OTHER_VERSION.of(made_with=plain(statement.made_with)))
        if examined.content is not None:
            yield _untold(_said(examined.content.facts))


def _untold(text: Text) -> CheckLine:
    return CheckLine(id=CheckId.DIGEST, outcome=Outcome.UNKNOWN, text=text, needed=False)


def _said(facts: EvidenceFacts) -> Text:
    """What the evidence says, for a reader who compares it with the page."""
    return words.EVIDENCE_SAYS.of(
        event=facts.event,
        time=moment(facts.time),
        letter=plain(facts.letter_number),
        sender=_named(facts.sender),
        recipients=listed([_named(each) for each in facts.recipients]),
    )


def _named(party: PartyFacts) -> Spoken:
    number = plain(masked_party(party.id))
    return Spoken(f"{plain(party.name_th)} ({number})", f"{plain(party.name_en)} ({number})")
