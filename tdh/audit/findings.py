"""What the database finds by itself, sorted under the invariants."""

from collections.abc import AsyncIterable, Iterable, Mapping
from types import MappingProxyType

from storage.audit import WARNINGS, Check, Finding
from tdh.audit.report import CheckName, Tally

INVARIANT_OF: Mapping[Check, CheckName] = MappingProxyType(
    {
        Check.EVENT_WITHOUT_EVIDENCE: CheckName.ONE_EVIDENCE_EACH,
        Check.EVIDENCE_WITHOUT_EVENT: CheckName.ONE_EVIDENCE_EACH,
        Check.EVIDENCE_WITHOUT_LOG: CheckName.ONE_EVIDENCE_EACH,
        Check.LOG_WITHOUT_EVIDENCE: CheckName.ONE_EVIDENCE_EACH,
        Check.LOGGED_TWICE: CheckName.ONE_EVIDENCE_EACH,
        Check.EVENT_WITHOUT_STREAM: CheckName.STREAMS,
        Check.STREAM_WITHOUT_EVENT: CheckName.STREAMS,
        Check.DELIVERY_WITHOUT_LETTER: CheckName.STREAMS,
        Check.DELIVERY_WITHOUT_PARTY: CheckName.STREAMS,
        Check.LETTER_WITHOUT_DELIVERY: CheckName.STREAMS,
        Check.LETTER_WITHOUT_MAIN_DOCUMENT: CheckName.STREAMS,
        Check.DOCUMENT_WITHOUT_LETTER: CheckName.STREAMS,
        Check.REPORT_WITHOUT_REFUSAL: CheckName.STREAMS,
        Check.RELEASE_WITHOUT_DOCUMENT: CheckName.STREAMS,
        Check.RELEASE_WITHOUT_CONTENT: CheckName.STREAMS,
        Check.TERM_WITHOUT_EVENT: CheckName.STATES,
        Check.KEY_WITHOUT_SUBMISSION: CheckName.IDEMPOTENCY,
        Check.SUBMISSION_WITHOUT_KEY: CheckName.IDEMPOTENCY,
        Check.DELIVERY_WITHOUT_FUTURE: CheckName.TIMERS,
        Check.ROW_WITHOUT_PURPOSE: CheckName.TIMERS,
        Check.PARKED_ROW: CheckName.TIMERS,
        Check.LOG_WITH_HOLES: CheckName.LOG_ENTRIES,
        Check.HEAD_BEYOND_TREE: CheckName.LOG_HEADS,
        Check.EVIDENCE_WITHOUT_RECORD: CheckName.ARCHIVE,
        Check.ROUND_WITH_GAP: CheckName.ARCHIVE,
        Check.ROUND_WITHOUT_STAMP: CheckName.ARCHIVE,
        Check.ROUND_ENDED: CheckName.ARCHIVE,
    }
)


async def sort_findings(findings: AsyncIterable[Finding], tallies: Iterable[Tally]) -> list[Tally]:
    """Add the findings to the tallies of their invariants; the tallies that are new."""
    by_name = {tally.name: tally for tally in tallies}
    new = [
        by_name.setdefault(name, Tally(name=name))
        for name in dict.fromkeys(INVARIANT_OF.values())
        if name not in by_name
    ]
    async for finding in findings:
        tally = by_name[INVARIANT_OF[finding.check]]
        what = f"{finding.id}: {finding.check.replace('_', ' ')}"
        if finding.check in WARNINGS:
            tally.note(what)
        else:
            tally.problem(what)
    return new
