"""The entries of a log, read from the first to the last: what they say, and whether it can be.

The same replay for a stranger, who has the public tiles, and for the operator, who has the
database: the same entries give the same problems and the same numbers. Constant memory: deliveries
are kept in a `Book`. Believes that the entries are the log's; whether they are is checked apart.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from signing.errors import ProofError
from signing.log_entry import (
    EvidenceEntry,
    OperationEntry,
    parse_entry,
    parse_operation_entry,
)
from signing.service_keys import OPERATIONS as KEY_OPERATIONS
from signing.service_keys import KeyPeriods
from tdh.audit.book import Book
from tdh.audit.deliveries import (
    ACCEPTANCE,
    CONSIGNMENT,
    PLACED,
    REFUSED_SUBMISSION,
    REJECTION,
    PublicDelivery,
    Wrong,
    follow,
)
from tdh.audit.report import EXAMPLES, CheckName, Tally

MOST_BACK = timedelta(minutes=10)
"""An evidence comes into the log within a minute; one so much older than others before it was not
made when it says."""
MOST_AHEAD = timedelta(minutes=10)
"""Between the log's clock and the reader's."""
_NEWEST = "newest-time"
_TRUST_STORE = "trust-store"
_CHECK_OF = {
    Wrong.NUMBER: CheckName.SEQUENCES,
    Wrong.ORDER: CheckName.CONTRADICTIONS,
    Wrong.TIME: CheckName.ENTRY_TIMES,
    Wrong.LATE: CheckName.FINAL_IN_TIME,
}


class LogReplay:
    """Takes the entries as they come; `tallies` has what is wrong, `book` what became of all."""

    def __init__(self, book: Book, now: datetime) -> None:
        """Go on where the book is. `now`: the reader's clock."""
        self.book = book
        self._now = now
        self._newest = _instant(book.fact(_NEWEST)) or datetime.fromtimestamp(0, UTC)
        self._store = 0
        self._keys = KeyPeriods()
        self._kinds = Counter[str]()
        names = (
            CheckName.ENTRIES_READABLE,
            CheckName.SEQUENCES,
            CheckName.CONTRADICTIONS,
            CheckName.FINAL_IN_TIME,
            CheckName.ENTRY_TIMES,
            CheckName.OPERATIONS,
        )
        self._tally = {name: Tally(name=name) for name in names}
        for index, operation in book.operations():  # what was said of them was said then
            self._operation(index, parse_operation_entry(operation), Tally(name=names[-1]))

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """One for each check that is made here."""
        return tuple(self._tally.values())

    def take(self, first: int, entries: Sequence[bytes]) -> None:
        """The next entries; `first` is the index of the first of them."""
        read: list[tuple[int, EvidenceEntry]] = []
        counts = Counter({"entries": len(entries)})
        for index, entry in enumerate(entries, start=first):
            self._tally[CheckName.ENTRIES_READABLE].passed()
            try:
                found = parse_entry(entry)
            except ProofError as error:
                self._tally[CheckName.ENTRIES_READABLE].problem(f"entry {index}: {error}")
                continue
            self._check_time(index, found)
            if isinstance(found, OperationEntry):
                counts["operations"] += 1
                self.book.operation(index, entry)
                self._operation(index, found, self._tally[CheckName.OPERATIONS])
            else:
                read.append((index, found))
        self._deliveries(read, counts)
        self.book.keep({_NEWEST: self._newest.isoformat().encode()})

    def finish(self, today: date) -> None:
        """All entries were taken: what should have come by now, and has not."""
        operations = self._tally[CheckName.OPERATIONS]
        if self._kinds:
            kinds = sorted(self._kinds.items())
            operations.note(", ".join(f"{kind} {number}" for kind, number in kinds))
        for line in self._keys.lines():
            operations.note(line)
        if self._store:
            operations.note(f"the newest trust store is version {self._store}")
        tally = self._tally[CheckName.FINAL_IN_TIME]
        statistics = self.book.statistics(today)
        tally.checked = statistics.accepted
        if statistics.overdue:
            first = self.book.overdue(today, EXAMPLES)
            for pseudonym in first:
                tally.problem(f"{pseudonym.hex()}: its due date has passed, and it has not ended")
            tally.problems += statistics.overdue - len(first)

    def _check_time(self, index: int, entry: EvidenceEntry | OperationEntry) -> None:
        tally = self._tally[CheckName.ENTRY_TIMES]
        tally.passed()
        if entry.time > self._now + MOST_AHEAD:
            tally.problem(f"entry {index}: {_shown(entry.time)} has not come yet")
        elif isinstance(entry, EvidenceEntry):  # an operator's act may have been prepared before
            if entry.time < self._newest - MOST_BACK:
                tally.problem(
                    f"entry {index}: {_shown(entry.time)}, although {_shown(self._newest)}"
                    " came before it"
                )
            self._newest = max(self._newest, entry.time)

    def _operation(self, index: int, entry: OperationEntry, tally: Tally) -> None:
        tally.passed()
        if entry.kind in KEY_OPERATIONS:
            try:
                self._keys.add(index, entry)
            except ProofError as error:
                tally.problem(str(error))
        elif entry.kind == _TRUST_STORE:
            version = dict(entry.fields).get("version", "")
            if not version.isdecimal() or int(version) <= self._store:
                follows = f"version {version or '-'} of the trust store follows {self._store}"
                tally.problem(f"entry {index}: {follows}")
            else:
                self._store = int(version)
        known = entry.kind in self._kinds or len(self._kinds) < EXAMPLES
        self._kinds[entry.kind if known else "others"] += 1

    def _deliveries(self, read: Sequence[tuple[int, EvidenceEntry]], counts: Counter[str]) -> None:
        names = {bytes.fromhex(entry.pseudonym) for _, entry in read}
        before = self.book.deliveries(names)
        after = dict(before)
        spans = Counter[tuple[str, int]]()
        for index, entry in read:
            name = bytes.fromhex(entry.pseudonym)
            was = after.get(name) or PublicDelivery(pseudonym=name)
            now, wrong = follow(was, entry)
            for kind, what in wrong.items():
                self._tally[_CHECK_OF[kind]].problem(f"{entry.pseudonym}, entry {index}: {what}")
            after[name] = now
            if was.sequence == 0:
                counts["accepted"] += entry.event == ACCEPTANCE
                counts[REFUSED_SUBMISSION] += entry.event == REJECTION
            if entry.event == CONSIGNMENT and now.accepted is not None:
                spans[PLACED, now.last - now.accepted] += 1
        for check in (CheckName.SEQUENCES, CheckName.CONTRADICTIONS):
            self._tally[check].passed(len(read))
        self.book.put([(before.get(name), one) for name, one in after.items()], counts)
        self.book.add_spans(spans)


def _shown(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="minutes").removesuffix("+00:00") + "Z"


def _instant(text: bytes | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.decode())
