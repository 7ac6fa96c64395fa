"""A log audited by whoever likes: from its public files alone, without account or database.

Everything is read from the first entry to the last, streamed, and nothing is believed but the trust
file. What was seen the last time may be kept in a file, a signed head in the log's own words, so
that a log that was rewound or forked since then is found out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from signing.checkpoint import MAX_NOTE_BYTES, Checkpoint, NoteError, split_note
from signing.durable import replace_file
from signing.trust_file import TrustFile
from tdh.audit.book import Book
from tdh.audit.log_replay import LogReplay
from tdh.audit.log_source import LogSource, open_source
from tdh.audit.public_head import (
    ShownHead,
    anchored_head,
    check_anchors,
    compare_heads,
    compare_roots,
    read_head,
    with_tokens,
)
from tdh.audit.report import AuditReport, CheckName, Tally
from tdh.audit.tile_walk import TileMissing, TileWalk
from tdh.domain.errors import InvalidValue

Progress = Callable[[str, int], None]
"""Called with what is being read, and how many there were so far."""
NOT_READ = "not all of the log could be read"
_PUBLIC_MODE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicWish:
    """What is asked of an audit from outside."""

    log: str
    """URL or folder."""
    trust: TrustFile
    state: Path | None = None
    """Where the head of the last time is kept, if it is to be."""


async def audit_log(wish: PublicWish, *, now: datetime, progress: Progress) -> AuditReport:
    """Read all of a log and say what is wrong with it.

    Raises ServiceUnavailable for a log that is not reached, InvalidValue for a state file that is
    none, OSError for one that cannot be read or written.
    """
    before = None if wish.state is None else load_state(wish.state)
    async with open_source(wish.log) as source:
        signed = Tally(name=CheckName.SIGNED_HEAD)
        head = read_head(await source.checkpoint(), wish.trust, signed)
        if head is None:
            return AuditReport(checks=(signed.done(),))
        head = await with_tokens(source, head, wish.trust)
        anchored = await anchored_head(source, head, wish.trust)
        return await _Reading(wish, now, progress, signed).audit(source, head, before, anchored)


class _Reading:
    """One audit under way."""

    def __init__(self, wish: PublicWish, now: datetime, progress: Progress, signed: Tally) -> None:
        self._wish, self._now, self._progress = wish, now, progress
        self._signed = signed
        self._tiles = Tally(name=CheckName.TILES)
        self._append_only = Tally(name=CheckName.APPEND_ONLY)
        self._anchored = Tally(name=CheckName.ANCHORED)

    async def audit(
        self,
        source: LogSource,
        head: ShownHead,
        before: ShownHead | None,
        anchored: ShownHead | None,
    ) -> AuditReport:
        walk = TileWalk.from_the_first(self._tiles)
        for known in (head, before, anchored):
            if known is not None:
                walk.look_at(known.size)
        with (
            TemporaryDirectory(prefix="tdh-audit-") as folder,
            Book(Path(folder) / "book", lasting=False) as book,
        ):
            replay = LogReplay(book, self._now)
            await self._walk(walk, source, head, replay)
            today = self._now.astimezone(UTC).date()
            replay.finish(today)
            statistics = book.statistics(today)
        self._compare(walk, head, before, anchored)
        tallies = (self._signed, self._tiles, self._append_only, self._anchored, *replay.tallies)
        if walk.size != head.size:
            for tally in replay.tallies:
                tally.hindered = NOT_READ
        self._keep(head, before)
        return AuditReport(
            checks=tuple(tally.done() for tally in tallies),
            statistics=statistics if walk.size == head.size else None,
        )

    async def _walk(
        self, walk: TileWalk, source: LogSource, head: ShownHead, replay: LogReplay
    ) -> None:
        try:
            async for stretch in walk.walk(source, head.size):
                replay.take(stretch.first, stretch.entries)
                self._progress("entries", walk.size)
        except TileMissing as error:
            self._tiles.problem(str(error))
            return
        if walk.root != head.checkpoint.root:
            self._tiles.problem(f"the {walk.size} entries give another root than the head has")

    def _compare(
        self,
        walk: TileWalk,
        head: ShownHead,
        before: ShownHead | None,
        anchored: ShownHead | None,
    ) -> None:
        if before is None:
            self._append_only.optional = True
            self._append_only.hindered = "no earlier head is known: --state FILE keeps this one"
        else:
            compare_heads(before, head, self._append_only)
            compare_roots(before, walk.root_at(before.size), self._append_only)
        shown = [head]
        if anchored is not None and anchored.checkpoint.origin == head.checkpoint.origin:
            compare_roots(anchored, walk.root_at(anchored.size), self._anchored)
            shown.append(anchored)
        check_anchors(tuple(shown), self._wish.trust, self._anchored)

    def _keep(self, head: ShownHead, before: ShownHead | None) -> None:
        """Keep the head for the next time; of two that contradict both: they are the proof."""
        state = self._wish.state
        if state is None or self._signed.problems:
            return
        if self._append_only.problems and before is not None:
            contradiction = state.with_name(state.name + ".contradiction")
            replace_file(contradiction, before.note + b"\n" + head.note, _PUBLIC_MODE)
            self._append_only.note(f"both heads, as they were signed: {contradiction}")
        elif not self._tiles.problems:
            replace_file(state, head.note, _PUBLIC_MODE)


def load_state(path: Path) -> ShownHead | None:
    """The head that was kept; None where there is no such file. Raises InvalidValue, OSError."""
    try:
        with path.open("rb") as file:
            note = file.read(MAX_NOTE_BYTES + 1)
        return ShownHead(note=note, checkpoint=Checkpoint.parse(split_note(note)[0]))
    except FileNotFoundError:
        return None
    except NoteError as error:
        raise InvalidValue("state", f"{path} is no head of a log: {error}") from error
