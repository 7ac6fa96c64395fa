"""What a reader of a log keeps of each delivery: a file of SQLite, so that memory stays small.

For one audit the file is temporary; a watcher keeps its own, and finds in it after any end what
belongs to the last head that it took: everything of one head is one transaction. Judges nothing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tdh.audit.deliveries import PLACED, REFUSED_SUBMISSION, PublicDelivery
from tdh.audit.statistics import Spread, Statistics
from tdh.domain.lifecycle import FINAL

_OUTCOMES = (PLACED, *sorted(state.value for state in FINAL))
_AT_ONCE = 500
_CACHE_KIB = 65_536
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    pseudonym BLOB PRIMARY KEY, sequence INTEGER NOT NULL, places TEXT NOT NULL,
    happened TEXT NOT NULL, accepted INTEGER, due INTEGER, last INTEGER NOT NULL,
    outcome TEXT, ended INTEGER, broken INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_ones ON deliveries (due)
    WHERE outcome IS NULL AND accepted IS NOT NULL;
CREATE TABLE IF NOT EXISTS spans (
    outcome TEXT NOT NULL, minutes INTEGER NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY (outcome, minutes)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations (place INTEGER PRIMARY KEY, entry BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
"""


class Book:
    """The open file. `commit` keeps, closing without it forgets."""

    def __init__(self, path: Path, *, lasting: bool) -> None:
        """`lasting`: what is committed survives a crash of the machine; else it may be lost.

        Raises sqlite3.Error for a file that is something else.
        """
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'OFF'}")
        if not lasting:
            self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.executescript(_SCHEMA)
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def commit(self) -> None:
        """Keep all since the last time."""
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN")

    def undo(self) -> None:
        """Forget all since the last time."""
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN")

    def fact(self, name: str) -> bytes | None:
        """What was kept under a name."""
        row = self._connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def keep(self, facts: Mapping[str, bytes]) -> None:
        """Keep values under their names."""
        self._connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def operation(self, index: int, entry: bytes) -> None:
        """Keep an act of the operator."""
        self._connection.execute("INSERT OR REPLACE INTO operations VALUES (?, ?)", (index, entry))

    def operations(self) -> Sequence[tuple[int, bytes]]:
        """All of them in their order: there are few."""
        rows = self._connection.execute("SELECT place, entry FROM operations ORDER BY place")
        return [(place, bytes(entry)) for place, entry in rows]

    def deliveries(self, pseudonyms: Iterable[bytes]) -> dict[bytes, PublicDelivery]:
        """Those of them that are known."""
        wanted, found = list(pseudonyms), dict[bytes, PublicDelivery]()
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for row in self._connection.execute(
                f"SELECT * FROM deliveries WHERE pseudonym IN ({marks})",  # noqa: S608 - marks only
                some,
            ):
                found[row[0]] = _delivery(row)
        return found

    def put(
        self, changed: Sequence[tuple[PublicDelivery | None, PublicDelivery]], counts: Counter[str]
    ) -> None:
        """Keep deliveries, each with what it was before; and add to the counts."""
        spans = Counter[tuple[str, int]]()
        for before, after in changed:
            for one, sign in ((before, -1), (after, 1)):
                if one is not None and one.ended is not None and one.accepted is not None:
                    spans[one.outcome or "", one.ended - one.accepted] += sign
        self._connection.executemany(
            "INSERT OR REPLACE INTO deliveries VALUES (?,?,?,?,?,?,?,?,?,?)",
            (_row(after) for _, after in changed),
        )
        self.add_spans(spans)
        self._connection.executemany(
            "INSERT INTO counts VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET number = number + excluded.number",
            counts.items(),
        )

    def add_spans(self, spans: Counter[tuple[str, int]]) -> None:
        """Count so many more that took so many minutes."""
        self._connection.executemany(
            "INSERT INTO spans VALUES (?, ?, ?)"
            " ON CONFLICT (outcome, minutes) DO UPDATE SET number = number + excluded.number",
            ((*key, number) for key, number in spans.items() if number),
        )

    def overdue(self, today: date, limit: int) -> list[bytes]:
        """Pseudonyms of deliveries that should have ended, those due first coming first."""
        rows = self._connection.execute(
            "SELECT pseudonym FROM deliveries WHERE outcome IS NULL AND accepted IS NOT NULL"
            " AND due < ? ORDER BY due LIMIT ?",
            (today.toordinal(), limit),
        )
        return [bytes(row[0]) for row in rows]

    def statistics(self, today: date) -> Statistics:
        """Of everything in the book."""
        counts = Counter(dict(self._connection.execute("SELECT name, number FROM counts")))
        return Statistics(
            entries=counts["entries"],
            operations=counts["operations"],
            accepted=counts["accepted"],
            refused_submissions=counts[REFUSED_SUBMISSION],
            open=self._number("accepted IS NOT NULL AND outcome IS NULL"),
            overdue=self._number(
                f"accepted IS NOT NULL AND outcome IS NULL AND due < {today.toordinal()}"
            ),
            outcomes={name: Spread.of(self._spans(name)) for name in _OUTCOMES},
        )

    def _number(self, condition: str) -> int:
        (number,) = self._connection.execute(
            f"SELECT count(*) FROM deliveries WHERE {condition}"  # noqa: S608 - ours, above
        ).fetchone()
        return int(number)

    def _spans(self, outcome: str) -> Iterable[tuple[int, int]]:
        return self._connection.execute(
            "SELECT minutes, number FROM spans WHERE outcome = ? AND number > 0 ORDER BY minutes",
            (outcome,),
        )


def _delivery(row: Sequence[Any]) -> PublicDelivery:
    """From the table's columns, in their order."""
    names = tuple(each.name for each in fields(PublicDelivery))
    return PublicDelivery(**dict(zip(names, (*row[:-1], bool(row[-1])), strict=True)))


def _row(one: PublicDelivery) -> tuple[Any, ...]:
    return astuple(one)
