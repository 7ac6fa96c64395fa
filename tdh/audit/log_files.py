"""The log's published files beside the database: the same history, whole, and not left behind."""

from datetime import datetime, timedelta
from pathlib import Path

from tdh.audit.log_checks import Heads
from tdh.audit.log_source import FolderSource
from tdh.audit.public_head import ShownHead
from tdh.audit.report import CheckName, Tally
from tdh.audit.stranger import load_state
from tdh.audit.tile_walk import TileMissing, TileWalk
from tdh.domain.errors import InvalidValue, TDHError

LONGEST_BEHIND = timedelta(minutes=1)


class PublishedFiles:
    """The log's folder as it was before the database was read: what it shows is in there."""

    def __init__(self, folder: Path) -> None:
        """Read the checkpoint that the folder shows now."""
        self._folder = folder
        self._tally = Tally(name=CheckName.LOG_FILES)
        self._head: ShownHead | None = None
        try:
            self._head = load_state(folder / "checkpoint")
        except InvalidValue as error:
            self._tally.problem(error.problem)
        except OSError as error:
            self._tally.hindered = f"the log's folder cannot be read: {error.strerror}: {folder}"
        else:
            if self._head is None:
                self._tally.hindered = f"no log's files can be read at {folder}"

    async def compare(self, heads: Heads, entries: int, now: datetime) -> Tally:
        """Every file, against the roots of the published heads: one root, one history.

        `entries`: how many the database has, read later than the files. They cannot have more: an
        entry is committed before a head over it is signed. If they do, the database was put back.
        """
        tally, head = self._tally, self._head
        if head is None:
            if not heads.sizes or (heads.times and heads.times[0] >= _young(now)):
                tally.hindered = ""  # there was no log yet
            return tally
        if head.size > entries:
            tally.problem(f"the files show {head.size} entries, and the database has {entries}")
        walk = TileWalk.from_the_first(tally)
        known = [size for size in heads.sizes if size <= head.size][-1:]
        for size in known:
            walk.look_at(size)
        try:
            async for _ in walk.walk(FolderSource(self._folder), head.size):
                pass
        except TileMissing as error:
            tally.problem(str(error))
            return tally
        except TDHError as error:
            tally.hindered = str(error)
            return tally
        if walk.root != head.checkpoint.root:
            tally.problem("the files give another root than their own checkpoint has")
        for size in known:
            if walk.root_at(size) != heads.root_of_size(size):
                tally.problem(f"the first {size} entries are others than the database's")
        self._check_age(heads, now)
        return tally

    def _check_age(self, heads: Heads, now: datetime) -> None:
        """The next head of the database must be a young one."""
        if self._head is None or len(heads.times) != len(heads.sizes):
            return
        for size, time in zip(heads.sizes, heads.times, strict=True):
            if size > self._head.size:
                if time < _young(now):
                    self._tally.problem(f"the files end with {self._head.size}, before head {size}")
                return


def _young(now: datetime) -> float:
    """From when on a head may still be on its way into the files."""
    return (now - LONGEST_BEHIND).timestamp()
