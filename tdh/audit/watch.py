"""Watches a log for ever: each new head extends the last one, each entry fits those before it.

Reads only what is new. What it knows is in one file, changed in one transaction a head, so that it
goes on where it was after any end. A head that does not follow is never taken: the watcher stays
with what it has seen, alarms, and keeps both heads, signed as they were, beside its file. Believes
no head but under a key of its trust file. An outage of the log is told and waited out.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

import structlog

from signing.checkpoint import Checkpoint, split_note
from signing.durable import replace_file
from signing.merkle import MerkleError
from signing.trust_file import TrustFile
from tdh.audit.book import Book
from tdh.audit.log_replay import LogReplay
from tdh.audit.log_source import LogSource
from tdh.audit.public_head import (
    ShownHead,
    anchored_head,
    check_anchors,
    compare_heads,
    read_head,
    with_tokens,
)
from tdh.audit.report import CheckName, Tally
from tdh.audit.statistics import Statistics
from tdh.audit.tile_proof import prove_extension
from tdh.audit.tile_walk import TileMissing, TileWalk
from tdh.domain.errors import InvalidValue, ServiceUnavailable

log = structlog.get_logger()

_NOTE, _WALK, _CHANGED = "note", "walk", "changed-at"
_LOOKS_AGAIN = 5
_PUBLIC_MODE = 0o644


class Alarm(StrEnum):
    """What somebody must look at; the names are stable."""

    UNREACHABLE = "unreachable"
    UNSIGNED = "unsigned"
    REWOUND = "rewound"
    FORKED = "forked"
    TILES = "tiles"
    STALE = "stale"
    OVERDUE = "overdue"
    LATE = "late"
    GAP = "gap"
    CONTRADICTION = "contradiction"
    TIMES = "times"
    UNREADABLE = "unreadable"
    OPERATIONS = "operations"
    UNANCHORED = "unanchored"


ALARM_OF: Mapping[CheckName, Alarm] = MappingProxyType(
    {
        CheckName.ENTRIES_READABLE: Alarm.UNREADABLE,
        CheckName.SEQUENCES: Alarm.GAP,
        CheckName.CONTRADICTIONS: Alarm.CONTRADICTION,
        CheckName.FINAL_IN_TIME: Alarm.LATE,
        CheckName.ENTRY_TIMES: Alarm.TIMES,
        CheckName.OPERATIONS: Alarm.OPERATIONS,
    }
)
"""What the entries themselves show. It stays in the log, so the alarm stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchWish:
    """What is watched, and how closely."""

    trust: TrustFile
    state: Path
    stale_seconds: float = 0.0
    """A head that is not replaced for so long is an alarm; 0: none, for a log that may be quiet."""
    again_seconds: float = 2.0
    """Rest before a smaller head than before is looked at again: a cache may be in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look found."""

    size: int
    """Entries that were read and fit."""
    changed_at: datetime
    """When the head was last another one."""
    statistics: Statistics
    problems: Mapping[Alarm, int]
    """What was found in entries, since the first."""
    alarms: Mapping[Alarm, str]
    """What is wrong now, in words."""


class Watcher:
    """Looks at one log, again and again."""

    def __init__(self, wish: WatchWish, book: Book) -> None:
        """Go on where the book is."""
        self._wish = wish
        self._book = book
        self._alarms: dict[Alarm, str] = {}

    async def look(self, source: LogSource, now: datetime) -> Seen:
        """Fetch the head; read what is new; say what is wrong."""
        before = set(self._alarms)
        self._alarms = {}
        try:
            head = await self._head(source)
            if head is not None and self._follows(head):
                await self._read_new(source, head, now)
        except ServiceUnavailable as error:
            self._book.undo()
            self._alarms[Alarm.UNREACHABLE] = str(error)
        seen = self._seen(now)
        for alarm, what in self._alarms.items():
            if alarm not in before:
                log.error("audit.alarm", alarm=alarm.value, problem=what)
        for alarm in before - set(self._alarms):
            log.info("audit.alarm-over", alarm=alarm.value)
        return seen

    async def _head(self, source: LogSource) -> ShownHead | None:
        """The head, if it is signed; a smaller one than before only if it stays so."""
        known = self._known()
        for left in reversed(range(_LOOKS_AGAIN)):
            signed = Tally(name=CheckName.SIGNED_HEAD)
            head = read_head(await source.checkpoint(), self._wish.trust, signed)
            if signed.problems or head is None:
                self._alarms[Alarm.UNSIGNED] = signed.examples[0]
                return None
            if known is None or head.size >= known.size or not left:
                return head
            await asyncio.sleep(self._wish.again_seconds)
        return None

    def _follows(self, head: ShownHead) -> bool:
        known = self._known()
        if known is None:
            return True
        tally = Tally(name=CheckName.APPEND_ONLY)
        compare_heads(known, head, tally)
        if tally.problems:
            rewound = head.size < known.size
            self._contradicts(
                known, head, Alarm.REWOUND if rewound else Alarm.FORKED, tally.examples[0]
            )
        return not tally.problems

    async def _read_new(self, source: LogSource, head: ShownHead, now: datetime) -> None:
        known = self._known()
        if known is not None and known.size == head.size:
            await self._check_anchors(source, head)
            return
        tiles, replay = Tally(name=CheckName.TILES), LogReplay(self._book, now)
        kept = self._book.fact(_WALK)
        walk = TileWalk.from_the_first(tiles) if kept is None else TileWalk.load(kept, tiles)
        try:
            async for stretch in walk.walk(source, head.size):
                replay.take(stretch.first, stretch.entries)
        except TileMissing as error:
            tiles.problem(str(error))
        if walk.root != head.checkpoint.root and known is not None and walk.is_whole(head.size):
            self._book.undo()
            what = f"the head of {head.size} entries does not extend the {known.size} before"
            self._contradicts(known, head, Alarm.FORKED, f"forked: {what}")
            return
        if walk.root != head.checkpoint.root:
            tiles.problem("the entries give another root than the head has")
        if tiles.problems:
            self._book.undo()
            self._alarms[Alarm.TILES] = tiles.examples[0]
            return
        self._note_problems(replay)
        changed = now.astimezone(UTC).isoformat().encode()
        self._book.keep({_NOTE: head.note, _WALK: walk.kept(), _CHANGED: changed})
        self._book.commit()
        await self._check_anchors(source, head)

    def _note_problems(self, replay: LogReplay) -> None:
        """Keep how many there are of each kind, and the first in words."""
        for tally in replay.tallies:
            if tally.problems:
                alarm = ALARM_OF[tally.name]
                for example in tally.examples:
                    log.error("audit.problem", alarm=alarm.value, problem=example)
                number = int(self._book.fact(f"number-{alarm}") or b"0") + tally.problems
                first = self._book.fact(f"first-{alarm}") or tally.examples[0].encode()
                self._book.keep({f"number-{alarm}": b"%d" % number, f"first-{alarm}": first})

    async def _check_anchors(self, source: LogSource, head: ShownHead) -> None:
        """Who vouches for this head, or for an older one that it extends."""
        tally = Tally(name=CheckName.ANCHORED)
        heads = [await with_tokens(source, head, self._wish.trust)]
        older = await anchored_head(source, head, self._wish.trust)
        if older is not None:
            try:
                await prove_extension(source, older, head)
            except (MerkleError, TileMissing, InvalidValue) as error:
                tally.problem(f"the head that outsiders cosigned is of another history: {error}")
            else:
                heads.append(older)
        check_anchors(tuple(heads), self._wish.trust, tally)
        if tally.problems or (tally.hindered and not tally.optional):
            self._alarms[Alarm.UNANCHORED] = (tally.examples or [tally.hindered])[0]

    def _contradicts(self, known: ShownHead, head: ShownHead, alarm: Alarm, what: str) -> None:
        """Two signed heads that cannot both be true of one log: both are kept as they are."""
        path = self._wish.state.with_name(self._wish.state.name + ".contradiction")
        replace_file(path, known.note + b"\n" + head.note, _PUBLIC_MODE)
        self._alarms[alarm] = f"{what}; both heads: {path}"

    def _seen(self, now: datetime) -> Seen:
        known, changed = self._known(), self._book.fact(_CHANGED)
        changed_at = now if changed is None else datetime.fromisoformat(changed.decode())
        statistics = self._book.statistics(now.astimezone(UTC).date())
        problems = {
            alarm: int(self._book.fact(f"number-{alarm}") or b"0") for alarm in ALARM_OF.values()
        }
        for alarm, number in problems.items():
            if number:
                first = self._book.fact(f"first-{alarm}") or b""
                self._alarms[alarm] = f"{first.decode()} (of {number})"
        if statistics.overdue:
            (first_one,) = self._book.overdue(now.astimezone(UTC).date(), 1)
            self._alarms[Alarm.OVERDUE] = f"{first_one.hex()} (of {statistics.overdue})"
        age = (now - changed_at).total_seconds()
        if self._wish.stale_seconds and age > self._wish.stale_seconds:
            self._alarms[Alarm.STALE] = f"the head has been the same for {age:.0f} s"
        return Seen(
            size=0 if known is None else known.size,
            changed_at=changed_at,
            statistics=statistics,
            problems=problems,
            alarms=dict(self._alarms),
        )

    def _known(self) -> ShownHead | None:
        """The last head that was taken."""
        note = self._book.fact(_NOTE)
        if note is None:
            return None
        return ShownHead(note=note, checkpoint=Checkpoint.parse(split_note(note)[0]))
