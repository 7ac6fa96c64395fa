"""Draws the lifecycle table for the manual: `python -m tdh.domain.diagram FILE`.

Writes between the marks `<!-- lifecycle -->` and `<!-- /lifecycle -->` of the text that it is
given, a Mermaid state diagram a mode and nothing that is not in `lifecycle.TRANSITIONS`. A test
compares, so the manual cannot go stale. Pure; the reading and writing of the file is `main`'s.
"""

import sys
from collections.abc import Iterator, Sequence

from tdh.domain.events import NotificationForAcceptanceFailure
from tdh.domain.lifecycle import FINAL, TRANSITIONS, ConsignmentMode, DeliveryState, Trigger

BEGIN, END = "<!-- lifecycle -->", "<!-- /lifecycle -->"
_TITLES = {
    ConsignmentMode.BASIC: "Mode `basic` (ธรรมดา):",
    ConsignmentMode.CONSENT: "Modes `consent` and `signed` (ลงทะเบียน, ลงทะเบียนตอบรับ):",
}


_EVERYWHERE = [
    trigger
    for trigger in TRANSITIONS[DeliveryState.ACCEPTED, ConsignmentMode.BASIC]
    if all(row.get(trigger) is state for (state, _), row in TRANSITIONS.items() if state)
]
"""What may happen in every state and moves none: an arrow each would hide the others."""


def diagram() -> str:
    """The table as Markdown: one Mermaid diagram for each mode that differs from the others."""
    return "\n".join(f"{title}\n\n{_of_mode(mode)}" for mode, title in _TITLES.items())


def drawn(text: str) -> str:
    """The manual with the diagram between the marks. Raises ValueError if it has not both."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the text has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{diagram()}{END}{after}"


def _of_mode(mode: ConsignmentMode) -> str:
    everywhere = ", ".join(_name(trigger) for trigger in _EVERYWHERE)
    told = f"In every state, and moving none: {everywhere}."
    return "\n".join(["```mermaid", "stateDiagram-v2", *_lines(mode), "```", "", told, ""])


def _lines(mode: ConsignmentMode) -> Iterator[str]:
    reached = {after for state, row in _rows(mode) for after in row.values() if after is not state}
    for state, row in _rows(mode):
        if state is not None and state not in reached:
            continue
        arrows: dict[DeliveryState, list[str]] = {}
        for trigger, after in row.items():
            if trigger not in _EVERYWHERE:
                arrows.setdefault(after, []).append(_name(trigger))
        for after, names in arrows.items():
            yield f"    {state or '[*]'} --> {after}: {', '.join(names)}"
    for state in DeliveryState:
        if state in FINAL and state in reached:
            yield f"    {state} --> [*]"


def _rows(
    mode: ConsignmentMode,
) -> Sequence[tuple[DeliveryState | None, dict[Trigger, DeliveryState]]]:
    return [(state, dict(row)) for (state, of), row in TRANSITIONS.items() if of is mode]


def _name(trigger: Trigger) -> str:
    event, final = trigger
    if event is NotificationForAcceptanceFailure:
        return f"{event.__name__} ({'final' if final else 'one channel'})"
    return event.__name__


def main(arguments: Sequence[str]) -> int:
    """Rewrite the file named by the one argument; print the diagram where there is none."""
    if not arguments:
        sys.stdout.write(diagram())
        return 0
    with open(arguments[0], "r+", encoding="utf-8") as file:  # noqa: PTH123 - the domain has no paths
        text = drawn(file.read())
        file.seek(0)
        file.truncate()
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
