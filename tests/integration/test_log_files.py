"""The log's files: real rounds, real sealer, real PostgreSQL; a folder spoiled in many ways."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest
from sealer_program import SealerProgram

from signing import merkle
from signing.checkpoint import NoteVerifier, open_note
from signing.log_entry import operation_entry
from signing.log_tree import LogTree
from storage import tiles as tile_store
from storage.database import Database
from storage.log import LEADER_LOCK, PostgresLogStore
from storage.tiles import LogFolder
from tdh.delivery.publication import Publication
from tdh.delivery.sequencer import Sequencer
from tdh.delivery.tiling import Tiling
from tdh.domain.errors import LogDiverged, StorageUnavailable
from tdh.domain.tiles import Tile, bundle_of, tiles_of, unpack_entries, unpack_hashes
from tdh.system import CheckedClock

MANY = 256 * 18 + 77


class Killed(BaseException):
    """The process ends here."""


class Log:
    """A log that grows by operators' acts."""

    def __init__(self, database: Database, sealer: SealerProgram, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.verifier = NoteVerifier.parse(sealer.keys.vkey)
        self.store = PostgresLogStore(database, ask_again_seconds=0.05)
        self.signer = sealer.client()
        self.crash: Callable[[str], None] = lambda _name: None
        self.publication = self.made()

    def made(self) -> Publication:
        folder = LogFolder(self.folder, crash=self._reach)
        return Publication(
            store=self.store,
            tiling=Tiling(store=self.store, folder=folder, maths=LogTree()),
            signer=self.signer,
            maths=LogTree(),
            clock=CheckedClock(),
            crash=self._reach,
        )

    def _reach(self, name: str) -> None:
        self.crash(name)

    async def queue(self, count: int) -> None:
        now = CheckedClock().now()
        entries = [operation_entry("test", now, [("n", str(n))]) for n in range(count)]
        await self.database.fetch(
            "INSERT INTO log_queue (stream, sequence, entry) SELECT '', 0, unnest($1::bytea[])",
            entries,
        )

    async def grow(self, count: int) -> int:
        """Grow by one round, and read everything back; the size."""
        await self.queue(count)
        await self.publication.round()
        return await self.whole()

    async def whole(self) -> int:
        """Everything that the folder's head stands for is there and gives its root."""
        note = (self.folder / "checkpoint").read_bytes()
        head, _ = open_note(note, [self.verifier])
        published = await self.store.head()
        assert published is not None
        assert published.note == note
        leaves: list[bytes] = []
        for tile in tiles_of(head.size):
            hashes = unpack_hashes((self.folder / tile.path).read_bytes())
            assert len(hashes) == tile.width
            if tile.level == 0:
                bundle = (self.folder / bundle_of(tile).path).read_bytes()
                assert [merkle.leaf_hash(each) for each in unpack_entries(bundle)] == list(hashes)
                leaves += hashes
            else:
                span = 256**tile.level
                assert hashes == tuple(
                    merkle.root(leaves[n * span : (n + 1) * span])
                    for n in range(tile.first, tile.first + tile.width)
                )
        assert (len(leaves), merkle.root(leaves)) == (head.size, head.root)
        return head.size


@pytest.fixture
async def log(database: Database, tmp_path: Path) -> AsyncIterator[Log]:
    with SealerProgram(tmp_path) as sealer:
        sealer.start()
        made = Log(database, sealer, tmp_path / "log")
        yield made
        await made.signer.close()


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".new" not in path.parts
    }


async def test_every_head_has_its_tiles_and_full_ones_never_change(log: Log) -> None:
    assert await log.grow(0) == 0
    assert set(files(log.folder)) == {"checkpoint", ".lock"}
    full: dict[Path, tuple[bytes, int]] = {}
    for count in (1, 1, 253, 1, 1, 300, MANY, 0, 7):
        await log.grow(count)
        for path, (content, inode) in full.items():
            assert (path.read_bytes(), path.stat().st_ino) == (content, inode)
        full = {
            path: (path.read_bytes(), path.stat().st_ino)
            for path in log.folder.rglob("[0-9][0-9][0-9]")
            if path.is_file() and not path.parent.name.endswith(".p")
        }
    size = await log.whole()
    assert len(full) == 2 * (size // 256)
    # Old partial tiles are gone, those that a reader may still ask for are not.
    left = sorted(path.name for path in (log.folder / "tile/entries").glob("*.p"))
    assert left == ["019.p", "020.p"][-len(left) :]
    assert not list((log.folder / ".new").iterdir())
    for path in log.folder.rglob("*"):
        assert path.stat().st_mode & 0o777 == (
            0o755 if path.is_dir() else 0o600 if path.name == ".lock" else 0o644
        )


async def test_a_round_with_nothing_to_do_touches_no_file(log: Log) -> None:
    await log.grow(300)
    before = {path: path.stat().st_mtime_ns for path in log.folder.rglob("*")}
    await log.publication.round()
    assert {path: path.stat().st_mtime_ns for path in log.folder.rglob("*")} == before


POINTS = (*tile_store.CRASH_POINTS, "log.signed", "log.filed", "log.published")


async def test_killed_at_any_step_the_next_round_goes_on(log: Log) -> None:
    size = await log.grow(250)
    sizes = [size]
    for point in POINTS:
        shown = (log.folder / "checkpoint").read_bytes()
        await log.queue(300)
        log.crash = partial(_die_at, point)
        with pytest.raises(Killed):
            await log.publication.round()
        note = (log.folder / "checkpoint").read_bytes()
        head, _ = open_note(note, [log.verifier])
        assert head.size == (size if note == shown else size + 300)
        assert all((log.folder / tile.path).is_file() for tile in tiles_of(head.size))

        log.crash = _go_on
        log.publication = log.made()  # another process
        # What somebody may have seen is published, whatever has come since.
        assert await log.grow(1) == size + 301
        sizes += [size + 300, size + 301]
        size = await log.whole()
    rows = await log.database.fetch("SELECT size FROM log_heads ORDER BY size")
    assert [row["size"] for row in rows] == sizes


def _die_at(wanted: str, name: str) -> None:
    if name == wanted:
        raise Killed


def _go_on(_name: str) -> None:
    """No crash."""


async def test_an_empty_folder_and_one_of_yesterday_catch_up(log: Log, tmp_path: Path) -> None:
    await log.grow(400)
    yesterday = tmp_path / "yesterday"
    shutil.copytree(log.folder, yesterday)
    await log.grow(900)
    whole = files(log.folder)
    shutil.rmtree(log.folder)
    await log.publication.round()  # nothing is new, and yet
    assert await log.whole() == 1300
    shutil.rmtree(log.folder)
    yesterday.rename(log.folder)
    await log.publication.round()
    assert await log.whole() == 1300
    assert {name: whole[name] for name in files(log.folder) if ".p" not in name} == {
        name: content for name, content in whole.items() if ".p" not in name
    }


def _another_full_tile(log: Log) -> None:
    path = log.folder / "tile/0/000"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 8192)


def _ahead(log: Log) -> None:
    path = log.folder / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n200\n", b"\n999\n"))


def _another_history(log: Log) -> None:
    path = log.folder / "checkpoint"
    origin, size, _, rest = path.read_bytes().split(b"\n", 3)
    path.write_bytes(b"\n".join((origin, size, b"x" * 42 + b"w=", rest)))


def _another_log(log: Log) -> None:
    path = log.folder / "checkpoint"
    path.write_bytes(b"other.example/log" + path.read_bytes()[path.read_bytes().index(b"\n") :])


def _no_checkpoint(log: Log) -> None:
    (log.folder / "checkpoint").write_bytes(b"torn")


SPOILED = (_another_full_tile, _ahead, _another_history, _another_log, _no_checkpoint)


async def test_a_folder_that_contradicts_stops_the_log_and_is_left_as_it_is(
    log: Log, tmp_path: Path
) -> None:
    await log.grow(200)
    sound = tmp_path / "sound"
    shutil.copytree(log.folder, sound)
    published = await log.store.head()
    await log.queue(200)
    for spoil in SPOILED:
        spoil(log)
        before = files(log.folder)
        for _ in range(2):
            with pytest.raises(LogDiverged):
                await log.publication.round()
            now = files(log.folder)
            assert {name: now[name] for name in before} == before
            assert await log.store.head() == published
        shutil.rmtree(log.folder)
        shutil.copytree(sound, log.folder)
    await log.publication.round()
    assert await log.whole() == 400


WRONG_ROWS = (
    (
        "UPDATE log_entries SET entry = 'x' WHERE index = 220",
        "UPDATE log_entries SET entry = $1 WHERE index = 220",
        "do not give its hashes",
    ),
    (
        "UPDATE log_nodes SET hash = sha256('x') WHERE (level, index) = (0, 220)",
        "UPDATE log_nodes SET hash = $1 WHERE (level, index) = (0, 220)",
        "hashes of",
    ),
    (
        "DELETE FROM log_nodes WHERE (level, index) = (0, 220)",
        "INSERT INTO log_nodes VALUES (0, 220, $1)",
        "lacks hashes",
    ),
)


async def test_nothing_wrong_becomes_immutable(log: Log) -> None:
    await log.grow(230)
    (entry,) = await log.store.entries(220, 221)
    (leaf,) = await log.store.node_range(0, 220, 221)
    await log.queue(40)
    for spoil, mend, problem in WRONG_ROWS:
        await log.database.fetch(spoil)
        with pytest.raises(LogDiverged, match=problem):
            await log.publication.round()
        assert not (log.folder / "tile/0/000").exists()
        assert not (log.folder / "tile/entries/000").exists()
        await log.database.fetch(mend, entry.entry if "entries" in mend else leaf)
    await log.publication.round()
    assert await log.whole() == 270


async def test_a_folder_that_cannot_be_written_is_said_and_healed(log: Log) -> None:
    log.folder.parent.mkdir(exist_ok=True)
    log.folder.write_bytes(b"a file where the folder should be")
    await log.queue(3)
    with pytest.raises(StorageUnavailable, match="the log's folder"):
        await log.publication.round()
    assert await log.store.head() is None
    log.folder.unlink()
    assert await log.grow(0) == 3


async def test_one_writer_at_a_time(log: Log) -> None:
    folder = LogFolder(log.folder)
    async with folder.writing():
        with pytest.raises(StorageUnavailable, match="another process"):
            async with LogFolder(log.folder).writing():
                raise AssertionError("two writers")
    async with folder.writing() as again:
        tile = Tile(level=0, number=0, width=1)
        await again.put([(tile, b"h" * 32)])
    assert await folder.read(tile) == b"h" * 32
    assert await folder.read(Tile(level=0, number=0, width=2)) is None


async def test_one_sequencer_leads_and_another_waits_for_it(log: Log) -> None:
    """Two loops with connections of their own; the first one's leadership ends with its session."""

    async def no_house(_now: object) -> None:
        """Nothing to keep."""

    def sequencer() -> Sequencer:
        return Sequencer(
            publication=log.made(),
            leadership=log.store.leadership,
            round_seconds=0.02,
            keep_house=no_house,
            clock=CheckedClock(),
        )

    running = [asyncio.ensure_future(sequencer().run()) for _ in range(2)]
    try:
        for number in range(1, 6):
            await log.queue(40)
            await _until_size(log, 40 * number)
            # Whoever leads loses its connection; the other one goes on.
            ended = await log.database.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND granted AND objid = $1"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                LEADER_LOCK,
            )
            assert len(ended) == 1
        await log.queue(1)
        await _until_size(log, 201)
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    assert await log.whole() == 201


async def _until_size(log: Log, size: int) -> None:
    async with asyncio.timeout(10):
        while (head := await log.store.head()) is None or head.size < size:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
