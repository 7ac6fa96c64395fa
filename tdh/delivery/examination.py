"""Examining what came in: malware scanner, judge, and the rules for the sender's class.

Whatever is not CLEAN, TOTAL_PASSED and as the rules want ends in one reason, the first that
applies. What cannot be told now (scanner or judge away) is an error, and nothing is recorded.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tdh.delivery.incoming import IncomingDocument
from tdh.domain.errors import ScannerUnavailable
from tdh.domain.events import EventReason
from tdh.domain.evidence import verdict_words
from tdh.domain.identifiers import PartyId
from tdh.domain.intake_policy import ScannerDown, SenderRules, as_enclosure
from tdh.domain.letters import Document, DocumentRole
from tdh.domain.reports import DocumentReport
from tdh.domain.scanning import ScanOutcome
from tdh.domain.signers import SignerMark, sender_match
from tdh.domain.verdicts import Reason, Verdict
from tdh.ports import Clock, CrashPoint, Parties


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """The documents with what is known of each now, and why they may not come in."""

    documents: tuple[Document, ...]
    reports: tuple[DocumentReport, ...]
    refusal: EventReason | None


class Examination:
    """Of the documents of one submission."""

    def __init__(
        self,
        *,
        sender: PartyId,
        rules: SenderRules,
        parties: Parties,
        clock: Clock,
        crash: CrashPoint,
    ) -> None:
        self._sender = sender
        self._rules = rules
        self._parties = parties
        self._clock = clock
        self._crash = crash
        self._reports: list[DocumentReport] = []

    async def examine(self, incoming: Sequence[IncomingDocument]) -> Examined:
        """Look at all of them. Raises ScannerUnavailable, JudgeUnavailable, StorageUnavailable."""
        documents = [one.described() for one in incoming]
        refusal = self._of_scan(incoming)
        if refusal is None:
            refusal = await self._of_judge(incoming, documents)
        return Examined(documents=tuple(documents), reports=tuple(self._reports), refusal=refusal)

    def _of_scan(self, incoming: Sequence[IncomingDocument]) -> EventReason | None:
        findings = [(one, one.finding) for one in incoming if one.finding is not None]
        for one, finding in findings:
            problem = self._rules.scan_problem(finding)
            if problem is not None:
                said = " ".join(filter(None, (finding.name, finding.engine)))
                return _reason(problem, f"{one.identifier}: {said}" if said else one.identifier)
        for _, finding in findings:
            if finding.outcome is ScanOutcome.UNAVAILABLE:
                if self._rules.scanner_down is not ScannerDown.WAIT:
                    raise TypeError("what is not refused waits")
                raise ScannerUnavailable(finding.name)
        return None

    async def _of_judge(
        self, incoming: Sequence[IncomingDocument], documents: list[Document]
    ) -> EventReason | None:
        """Judge each document, the main one first; in place, `documents` get what was found."""
        marks: Sequence[SignerMark] = ()
        for place, one in enumerate(incoming):
            verdict = await self._judged(one)
            if place == 0:
                self._crash("submission.judged")
                if verdict is None or not verdict.accepted:
                    documents[0] = self._with(documents[0], verdict, marks)
                    return _of_verdict(verdict)
                marks = await self._parties.signer_marks(self._sender)
            documents[place] = self._with(documents[place], verdict, marks)
            problem = (
                self._rules.signer_problem(documents[0].sender_match)
                if place == 0
                else self._rules.enclosure_problem(verdict)
            )
            if problem is not None:
                why = "" if verdict is None else f" ({verdict.reason.code})"
                return _reason(problem, f"{one.identifier}: {verdict_words(verdict)}{why}")
        return None

    async def _judged(self, one: IncomingDocument) -> Verdict | None:
        """The verdict; the report is put aside, and the document's memory given back."""
        if one.judged is None:
            return None
        answer = await one.judged.judge(self._clock.now())
        self._reports.append(DocumentReport(number=one.number, content=answer.report))
        one.judged.close()
        is_main = one.role is DocumentRole.MAIN
        return answer.verdict if is_main else as_enclosure(answer.verdict)

    def _with(
        self, document: Document, verdict: Verdict | None, marks: Sequence[SignerMark]
    ) -> Document:
        if verdict is None:
            return document
        match = sender_match(self._sender, marks, verdict.signatures) if verdict.accepted else None
        return replace(
            document, verdict=verdict, report=self._reports[-1].digest, sender_match=match
        )


def _of_verdict(verdict: Verdict | None) -> EventReason:
    """The judge's own reason, as evidence carries it."""
    if verdict is None:
        raise TypeError("the main document is always judged")
    return _reason(verdict.reason, verdict_words(verdict))


def _reason(reason: Reason, detail: str) -> EventReason:
    """Code, Thai sentence, English sentence, and what it is about."""
    return EventReason(code=reason.code, details=(reason.th, reason.en, detail))
