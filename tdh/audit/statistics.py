"""What became of deliveries, in numbers: computed from the log alone, by whoever reads it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HALF, NINE_TENTHS = 50, 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How often, and within how many minutes from acceptance."""

    number: int = 0
    p50: int | None = None
    p90: int | None = None
    most: int | None = None

    @classmethod
    def of(cls, counts: Iterable[tuple[int, int]]) -> "Spread":
        """From (minutes, how often) in order of the minutes; percentiles by the nearest rank."""
        known = list(counts)
        number = sum(often for _, often in known)
        if not number:
            return cls()
        return cls(
            number=number,
            p50=_percentile(known, number, HALF),
            p90=_percentile(known, number, NINE_TENTHS),
            most=known[-1][0],
        )

    def to_plain(self) -> dict[str, int | None]:
        """For JSON."""
        return {"number": self.number, "p50": self.p50, "p90": self.p90, "max": self.most}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Of one log up to one size."""

    entries: int
    operations: int
    accepted: int
    """Deliveries: a letter to several recipients counts several times."""
    refused_submissions: int
    open: int
    overdue: int
    """Open ones whose due date has passed."""
    outcomes: Mapping[str, Spread]
    """By the final state's name, and `placed`: content was there for the recipient."""

    def to_plain(self) -> dict[str, Any]:
        """For JSON. Times are in minutes."""
        return {
            "entries": self.entries,
            "operations": self.operations,
            "accepted": self.accepted,
            "refused_submissions": self.refused_submissions,
            "open": self.open,
            "overdue": self.overdue,
            "minutes": {name: spread.to_plain() for name, spread in self.outcomes.items()},
        }


def _percentile(counts: Sequence[tuple[int, int]], number: int, percent: int) -> int:
    rank, so_far = -(-number * percent // 100), 0
    for minutes, often in counts:
        so_far += often
        if so_far >= rank:
            return minutes
    return counts[-1][0]
