"""Rules of intake: what becomes of a letter after its judge and its scanner have spoken.

Shown on the step that examines a submission; judge and scanner are fakes that say one thing.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tdh.delivery.examination import Examination
from tdh.delivery.incoming import IncomingDocument
from tdh.domain import signers
from tdh.domain.identifiers import PartyId
from tdh.domain.intake_policy import (
    EnclosureRule,
    Mismatch,
    ScannerDown,
    SenderRules,
)
from tdh.domain.letters import DocumentRole
from tdh.domain.reports import ReportedVerdict
from tdh.domain.scanning import ScanFinding, ScanOutcome
from tdh.domain.signers import MarkKind, SenderMatch, SignerMark
from tdh.domain.verdicts import Indication, Reason, SignatureVerdict, Signer, Verdict
from tests import builders, fakes
from tests.rules.rule import TAKEN_IN, Rule, always, nothing

BROKEN_OFF = "broken off with an error"
"""What intake does where a rule and what follows it contradict each other."""
STRICT = SenderRules(
    enclosures=EnclosureRule.UNSIGNED_OR_VALID,
    mismatch=Mismatch.REFUSE,
    scanner_down=ScannerDown.REFUSE,
)
OWN = builders.signature(Signer(common_name="a", serial="1", tax_id="0105536000315"))
STRANGER = builders.signature(Signer(common_name="b", serial="2", tax_id="0105536000323"))
REGISTERED = SignerMark(kind=MarkKind.ORGANIZATION, value="กรมตัวอย่าง")
OTHER_OFFICE = builders.signature(Signer(common_name="c", serial="3", organization="กรมอื่น"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A letter of one document or two, and what is said of them."""

    main: Verdict
    enclosure: Verdict | None = None
    scan: ScanOutcome = ScanOutcome.CLEAN
    sender: PartyId = builders.COMPANY
    marks: tuple[SignerMark, ...] = ()


class _Says:
    """A judge who has made up its mind."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict

    async def judge(self, _: object) -> ReportedVerdict:
        return ReportedVerdict(verdict=self._verdict, report=b"")

    async def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


def _document(number: int, verdict: Verdict, scan: ScanOutcome) -> IncomingDocument:
    document = IncomingDocument(
        number=number,
        role=DocumentRole.ENCLOSURE if number > 1 else DocumentRole.MAIN,
        filename=f"{number}.pdf",
        media_type="application/pdf",
        writer=fakes._DocumentWriter(bytearray()),
        judged=_Says(verdict),
        scanned=None,
        most=1,
        wait_for_judge=True,
    )
    document.finding = ScanFinding(outcome=scan, name="", engine="")
    return document


def examined(submission: Submission) -> str:
    """Why the letter is refused, or that it is not."""
    parties = fakes.Parties()
    parties.marks[submission.sender] = submission.marks
    examination = Examination(
        sender=submission.sender,
        rules=STRICT,
        parties=parties,
        clock=fakes.Clock(),
        crash=lambda _: None,
    )
    verdicts = [submission.main]
    if submission.enclosure is not None:
        verdicts.append(submission.enclosure)
    incoming = [_document(number, one, submission.scan) for number, one in enumerate(verdicts, 1)]
    try:
        refusal = asyncio.run(examination.examine(incoming)).refusal
    except TypeError:
        return BROKEN_OFF
    return TAKEN_IN if refusal is None else refusal.code


def signed_by(*found: SignatureVerdict) -> Verdict:
    return replace(builders.verdict(), signatures=found)


def said(indication: Indication, code: str) -> Verdict:
    return replace(builders.verdict(indication), reason=Reason(code=code, th="", en=""))


LETTER = signed_by(OWN)
SUBMISSIONS = {
    "a timestamp alone": Submission(
        main=replace(said(Indication.TOTAL_PASSED, "timestamp-valid"), signatures=(OWN,))
    ),
    "an enclosure that was changed": Submission(
        main=LETTER, enclosure=said(Indication.TOTAL_FAILED, "changed-after-signing")
    ),
    "a letter that a stranger signed": Submission(main=signed_by(STRANGER)),
    "a letter whose own signature does not hold beside a stranger's": Submission(
        main=signed_by(STRANGER, replace(OWN, indication=Indication.INDETERMINATE))
    ),
    "a letter of another office": Submission(
        main=signed_by(OTHER_OFFICE), sender=builders.AGENCY, marks=(REGISTERED,)
    ),
    "a document with malware": Submission(main=LETTER, scan=ScanOutcome.FOUND),
    "a document that is packed too deeply to be scanned": Submission(
        main=LETTER, scan=ScanOutcome.INCOMPLETE
    ),
    "a document that nobody scanned": Submission(main=LETTER, scan=ScanOutcome.UNAVAILABLE),
}


def any_signature(party: Any, marks: Any, signatures: Sequence[SignatureVerdict]) -> SenderMatch:
    """The best match of all signatures, whether they hold or not."""
    known = tuple(marks)
    found = {signers._match(party, known, one.signer) for one in signatures if one.signer}
    return next(match for match in SenderMatch if match in found)


def _rule(  # noqa: PLR0917 - a row of the table
    function: str,
    vector: str,
    code: str,
    about: str,
    source: str,
    instead: Callable[..., Any] | object = nothing,
    without: str = TAKEN_IN,
) -> Rule:
    return Rule(
        about=about,
        source=source,
        function=f"tdh.domain.{function}",
        vector=vector,
        ask=lambda: examined(SUBMISSIONS[vector]),
        answers=frozenset([code]),
        without=without,
        instead=instead,
    )


RULES = (
    _rule(
        "verdicts.Verdict.accepted",
        "a timestamp alone",
        "timestamp-valid",
        "Only what somebody signed, and what passed whole, is taken in.",
        "rule 2; EN 319 102-1, 5.1.3",
        property(lambda verdict: verdict.indication is Indication.TOTAL_PASSED),
    ),
    _rule(
        "intake_policy.SenderRules.enclosure_problem",
        "an enclosure that was changed",
        "enclosure-signature-not-valid",
        "An enclosure is as the rules for its sender want.",
        "our rule",
    ),
    _rule(
        "intake_policy.SenderRules.signer_problem",
        "a letter that a stranger signed",
        "signer-is-not-sender",
        "Who signed is who sends, where the rules want it.",
        "Electronic Transactions Act, 15, 26",
    ),
    _rule(
        "signers.sender_match",
        "a letter whose own signature does not hold beside a stranger's",
        "signer-is-not-sender",
        "Only a signature that holds says who signed.",
        "Electronic Transactions Act, 26",
        any_signature,
    ),
    _rule(
        "signers._is_marked",
        "a letter of another office",
        "signer-is-not-sender",
        "An agency's signers are those that were registered for it.",
        "our rule",
        always(value=True),
    ),
    _rule(
        "intake_policy.SenderRules.scan_problem",
        "a document with malware",
        "malware-found",
        "Nothing comes in that the scanner knows.",
        "our rule",
    ),
    _rule(
        "intake_policy.SenderRules.scan_problem",
        "a document that is packed too deeply to be scanned",
        "scan-incomplete",
        "What is scanned is scanned to its end.",
        "our rule",
    ),
    _rule(
        "intake_policy.SenderRules.scan_problem",
        "a document that nobody scanned",
        "not-scanned",
        "What was not scanned is refused, or waits, as the rules say.",
        "our rule",
        without=BROKEN_OFF,
    ),
)
