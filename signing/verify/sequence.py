"""The evidences of one delivery beside one another: their numbers, times and events.

The rules are the domain's (`tdh.domain.replay`); this module reads from each evidence what they
ask for. Only evidence whose own seal holds is compared: anybody can write another.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from signing.evidence_reader import EvidenceContent
from signing.seal_check import Outcome
from signing.verify import words
from signing.verify.evidence import ExaminedEvidence
from signing.verify.report import CheckId, CheckLine, Text
from tdh.domain.events import SubmissionRejection
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.replay import Contradiction, RecordedEvent, check_possible, replay_refusal

_UNREAD = CheckLine(id=CheckId.SEQUENCE, outcome=Outcome.UNKNOWN, text=words.SEQUENCE_UNREAD)


def check_sequences(examined: Sequence[ExaminedEvidence]) -> list[CheckLine]:
    """The sequence line of each evidence, in the order given.

    Evidence that failed any of its own checks is not compared: what is wrong with it must not
    count against the others.
    """
    streams: dict[tuple[str, str], dict[bytes, EvidenceContent]] = {}
    for each in examined:
        if each.content is not None and _stands(each):
            streams.setdefault(_stream(each.content), {})[each.digest] = each.content
    lines = {stream: _check(list(contents.values())) for stream, contents in streams.items()}
    return [
        _UNREAD if each.content is None or not _stands(each) else lines[_stream(each.content)]
        for each in examined
    ]


def recorded_event(facts: EvidenceFacts) -> RecordedEvent:
    """The event that an evidence records, as `tdh.domain.replay` takes it."""
    own = dict(facts.particulars)
    cause = own.get("channel", "")
    if "document" in own:  # looked at by the recipient, or judged again at an instant
        cause = f"{own['document']}:{own.get('checked-at', facts.recipients[0].id)}"
    return RecordedEvent(
        name=facts.event,
        sequence=facts.sequence,
        time=facts.time,
        cause=cause,
        final=own.get("final") == "yes",
    )


def _stands(each: ExaminedEvidence) -> bool:
    return all(line.outcome is not Outcome.FAIL for line in each.lines)


def _stream(content: EvidenceContent) -> tuple[str, str]:
    return content.issuer.origin, content.facts.pseudonym


def _check(contents: Sequence[EvidenceContent]) -> CheckLine:
    """One line for all evidences of one stream."""
    facts = sorted((each.facts for each in contents), key=lambda one: one.sequence)
    try:
        _check_events(facts)
    except Contradiction as exc:
        return _line(Outcome.FAIL, words.SEQUENCE_BROKEN.of(why=exc))
    numbers = [one.sequence for one in facts]
    for before, after in pairwise(numbers):
        if after != before + 1:
            return _line(Outcome.UNKNOWN, words.SEQUENCE_GAP.of(missing=before + 1))
    if len(numbers) == 1:
        text = words.SEQUENCE_HOLDS.of(event=facts[0].event, number=numbers[0])
        return _line(Outcome.PASS, text)
    return _line(Outcome.PASS, words.SEQUENCE_TOGETHER.of(count=len(numbers)))


def _check_events(facts: Sequence[EvidenceFacts]) -> None:
    """Raises Contradiction."""
    if len({_identity(one) for one in facts}) != 1:
        raise Contradiction("they name different deliveries, letters or parties")
    events = [recorded_event(one) for one in facts]
    if any(event.name == SubmissionRejection.__name__ for event in events):
        replay_refusal(events)
        return
    try:
        mode = ConsignmentMode(_own(facts[0]).get("consignment-mode", ""))
    except ValueError as exc:
        raise Contradiction("the consignment mode is not said") from exc
    check_possible(events, mode)


def _identity(facts: EvidenceFacts) -> tuple[object, ...]:
    own = _own(facts)
    return (
        facts.message,
        facts.letter_number,
        facts.submitted_at,
        tuple(document.sha256 for document in facts.documents),
        facts.sender.id,
        tuple(recipient.id for recipient in facts.recipients),
        own.get("delivery"),
        own.get("tracking"),
        own.get("consignment-mode"),
    )


def _own(facts: EvidenceFacts) -> Mapping[str, str]:
    return dict(facts.particulars)


def _line(outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=CheckId.SEQUENCE, outcome=outcome, text=text)
