"""The vault as its callers see it: keep, read, verify, drop."""

import asyncio
import itertools
import os
import stat
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from storage.vault.errors import SegmentMissing
from storage.vault.keys import FileKeyService
from storage.vault.segments import SegmentCopy
from storage.vault.vault import Vault
from tdh.domain.commands import StoredDocument
from tdh.domain.errors import IntegrityFailure
from tdh.domain.identifiers import LetterId

ONE, TWO = LetterId("ltr_one"), LetterId("ltr_two")
MONTH = date(2026, 11, 1)
MIB = 1 << 20
CANARY = "ความลับที่ไม่มีใครควรเห็น canary-5c1d".encode()


@pytest.fixture
def keys(tmp_path: Path) -> FileKeyService:
    return FileKeyService(tmp_path / "keys")


@pytest.fixture
async def vault(tmp_path: Path, keys: FileKeyService) -> AsyncIterator[Vault]:
    opened = Vault(tmp_path / "vault", keys)
    yield opened
    await opened.close()


def segments(folder: Path) -> list[Path]:
    return sorted((folder / "segments").iterdir())


def peak_memory() -> int:
    """Bytes of memory that this process had at most, since the peak was last forgotten."""
    status = Path("/proc/self/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def forget_peak_memory() -> int:
    """Start anew from the present use (proc(5), clear_refs), and return it."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak_memory()


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def keep(
    vault: Vault, letter: LetterId, *documents: bytes
) -> tuple[bytes, tuple[StoredDocument, ...]]:
    async with vault.begin(letter, MONTH) as writer:
        for number, plain in enumerate(documents):
            document = writer.document(number)
            await document.write(plain)
            await document.finish()
        return writer.wrapped_key, await writer.keep()


async def read(vault: Vault, letter: LetterId, key: bytes, stored: StoredDocument) -> bytes:
    return b"".join([frame async for frame in vault.read(letter, key, stored)])


async def test_a_kept_letter_is_read_and_verified_by_another_vault(
    vault: Vault, tmp_path: Path
) -> None:
    documents = (b"", b"x", os.urandom(100_000), os.urandom(MIB), os.urandom(9 * MIB + 1))
    key, stored = await keep(vault, ONE, *documents)
    assert [one.number for one in stored] == [0, 1, 2, 3, 4]
    other = Vault(tmp_path / "vault", FileKeyService(tmp_path / "keys"))
    for one, plain in zip(stored, documents, strict=True):
        assert await read(other, ONE, key, one) == plain
        assert await other.verify(ONE, key, one) == sha256(plain).digest()
    await other.close()


async def test_documents_may_be_written_in_turns(vault: Vault) -> None:
    async with vault.begin(ONE, MONTH) as writer:
        first, second = writer.document(7), writer.document(2)
        for _ in range(10):
            await first.write(b"a" * MIB)
            await second.write(b"b")
        await second.finish()
        await first.finish()
        stored = await writer.keep()
    assert [one.number for one in stored] == [7, 2]
    assert await read(vault, ONE, writer.wrapped_key, stored[0]) == b"a" * 10 * MIB
    assert await read(vault, ONE, writer.wrapped_key, stored[1]) == b"b" * 10


async def test_segments_are_for_their_owner_only(vault: Vault, tmp_path: Path) -> None:
    await keep(vault, ONE, b"small", bytes(9 * MIB))
    folder = tmp_path / "vault" / "segments"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()] == [0o600, 0o600]


async def test_plaintext_and_data_keys_are_nowhere_in_the_folders(
    vault: Vault, keys: FileKeyService, tmp_path: Path
) -> None:
    key, _ = await keep(vault, ONE, CANARY * 100, CANARY + bytes(9 * MIB) + CANARY)
    data_key = keys.unwrap(ONE, key)
    files = files_below(tmp_path)
    assert len(files) == 3, "two segments and one key"
    for path in files:
        content = path.read_bytes()
        assert b"canary-5c1d" not in content
        assert data_key not in content


async def test_a_dropped_small_letter_never_touches_the_disk(vault: Vault, tmp_path: Path) -> None:
    async with vault.begin(ONE, MONTH) as writer:
        document = writer.document(0)
        await document.write(os.urandom(5 * MIB))
        await document.finish()
        assert segments(tmp_path / "vault") == []
    assert segments(tmp_path / "vault") == []


async def test_a_dropped_large_letter_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    writer = vault.begin(ONE, MONTH)
    document = writer.document(0)
    await document.write(bytes(20 * MIB))
    (own,) = segments(tmp_path / "vault")
    assert own.stat().st_size > 19 * MIB, "a large document is written while it arrives"
    await writer.drop()
    await writer.drop()
    assert segments(tmp_path / "vault") == []


async def test_a_kept_letter_that_did_not_commit_gives_its_large_documents_back(
    vault: Vault, tmp_path: Path
) -> None:
    writer = vault.begin(ONE, MONTH)
    for number, size in ((0, 10), (1, 9 * MIB)):
        document = writer.document(number)
        await document.write(bytes(size))
        await document.finish()
    _, large = await writer.keep()
    await writer.drop()
    assert f"{large.segment}.seg" not in [p.name for p in segments(tmp_path / "vault")]


async def test_a_file_is_closed_once_and_never_another_one_in_its_place(vault: Vault) -> None:
    writer = vault.begin(ONE, MONTH)
    document = writer.document(0)
    await document.write(bytes(9 * MIB))
    await document.finish()
    await writer.keep()
    others = [os.open("/dev/null", os.O_RDONLY) for _ in range(50)]
    await writer.drop()
    for descriptor in others:
        os.close(descriptor)


async def test_a_cancelled_upload_leaves_nothing(vault: Vault, tmp_path: Path) -> None:
    started = asyncio.Event()

    async def upload() -> None:
        async with vault.begin(ONE, MONTH) as writer:
            document = writer.document(0)
            while True:
                await document.write(bytes(4 * MIB))
                if document.own_segment is not None:
                    started.set()

    for _ in range(3):
        started.clear()
        task = asyncio.create_task(upload())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert segments(tmp_path / "vault") == []


async def test_what_is_not_finished_is_not_kept(vault: Vault) -> None:
    async with vault.begin(ONE, MONTH) as writer:
        await writer.document(0).write(b"half")
        with pytest.raises(RuntimeError):
            writer.document(0)
        with pytest.raises(RuntimeError):
            await writer.keep()


async def test_every_document_of_a_letter_has_a_nonce_prefix_of_its_own(
    tmp_path: Path, keys: FileKeyService
) -> None:
    draws = iter([b"same-77", b"same-77", b"same-77", b"other-7"])
    vault = Vault(tmp_path / "vault", keys, random_bytes=lambda _: next(draws))
    key, stored = await keep(vault, ONE, b"a", b"b")
    content = segments(tmp_path / "vault")[0].read_bytes()
    prefixes = [content[s.offset + 1 : s.offset + 8] for s in stored]
    assert prefixes == [b"same-77", b"other-7"]
    assert await read(vault, ONE, key, stored[1]) == b"b"
    await vault.close()


async def test_documents_swapped_between_letters_fail_closed(vault: Vault) -> None:
    key_one, (one,) = await keep(vault, ONE, b"for the first letter")
    key_two, (two,) = await keep(vault, TWO, b"for the other letter")
    swaps = [
        (ONE, key_one, replace(two, number=one.number)),
        (TWO, key_two, replace(one, number=two.number)),
        (TWO, key_one, one),
        (ONE, key_two, two),
        (ONE, key_two, one),
        (ONE, key_one, replace(one, number=1)),
    ]
    for letter, key, stored in swaps:
        with pytest.raises(IntegrityFailure):
            await read(vault, letter, key, stored)
        with pytest.raises(IntegrityFailure):
            await vault.verify(letter, key, stored)


async def test_bytes_swapped_in_the_segment_fail_closed(vault: Vault, tmp_path: Path) -> None:
    key_one, (one,) = await keep(vault, ONE, b"for the first letter")
    key_two, (two,) = await keep(vault, TWO, b"for the other letter")
    (path,) = segments(tmp_path / "vault")
    content = bytearray(path.read_bytes())

    def span(stored: StoredDocument) -> slice:
        return slice(stored.offset, stored.offset + stored.length)

    content[span(one)], content[span(two)] = content[span(two)], content[span(one)]
    path.write_bytes(content)
    for letter, key, stored in ((ONE, key_one, one), (TWO, key_two, two)):
        with pytest.raises(IntegrityFailure):
            await read(vault, letter, key, stored)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"segment": "0" * 32}, SegmentMissing),
        ({"segment": "../../etc/passwd"}, IntegrityFailure),
        ({"offset": 25}, IntegrityFailure),
        ({"length": 1025}, IntegrityFailure),
        ({"length": 1023}, IntegrityFailure),
        ({"length": 5}, IntegrityFailure),
        ({"length": 1 << 40}, IntegrityFailure),
    ],
)
async def test_a_wrong_location_fails_closed(
    vault: Vault, change: dict[str, str | int], error: type[IntegrityFailure]
) -> None:
    key, (stored, _) = await keep(vault, ONE, bytes(1000), bytes(1000))
    assert (stored.offset, stored.length) == (24, 1024)
    with pytest.raises(error):
        await read(vault, ONE, key, replace(stored, **change))


async def test_a_full_segment_is_followed_by_another(tmp_path: Path, keys: FileKeyService) -> None:
    vault = Vault(tmp_path / "vault", keys, segment_bytes=250_000)
    kept = [await keep(vault, ONE, os.urandom(100_000)) for _ in range(5)]
    assert [path.stat().st_size <= 250_000 for path in segments(tmp_path / "vault")] == [True] * 3
    for key, (stored,) in kept:
        assert len(await read(vault, ONE, key, stored)) == 100_000
    await keep(vault, ONE, bytes(400_000))
    assert len(segments(tmp_path / "vault")) == 4, "what is larger than a segment has one"
    await vault.close()


class SyncCounter:
    """Counts real calls of fdatasync."""

    def __init__(self, real: Callable[[int], None]) -> None:
        self.real, self.calls = real, 0

    def __call__(self, fd: int) -> None:
        self.calls += 1
        self.real(fd)


async def test_many_callers_share_one_fdatasync(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = SyncCounter(os.fdatasync)
    monkeypatch.setattr(os, "fdatasync", counter)
    await keep(vault, ONE, b"alone")
    assert counter.calls == 1
    counter.calls = 0
    kept = await asyncio.gather(*(keep(vault, ONE, b"%d" % n * 1000) for n in range(200)))
    assert 1 <= counter.calls <= 3
    places = sorted((s.offset, s.length) for _, (s,) in kept)
    assert all(a + b == c for (a, b), (c, _) in itertools.pairwise(places))
    for number, (key, (stored,)) in enumerate(kept):
        assert await read(vault, ONE, key, stored) == b"%d" % number * 1000


async def test_a_letter_of_several_documents_is_one_fdatasync(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(vault, ONE, b"first")
    counter = SyncCounter(os.fdatasync)
    monkeypatch.setattr(os, "fdatasync", counter)
    await keep(vault, ONE, b"a", b"b", b"c")
    assert counter.calls == 1


class SlowDisk:
    """The real call, late: so that a test can act while a thread is in it."""

    def __init__(self, real: Callable[..., int | None]) -> None:
        self.real, self.entered, self.running = real, threading.Event(), 0

    def __call__(self, *arguments: object) -> int | None:
        self.running += 1
        self.entered.set()
        time.sleep(0.1)
        try:
            return self.real(*arguments)
        finally:
            self.running -= 1

    async def wait_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, 10)


async def test_callers_who_leave_during_the_fdatasync_disturb_nobody(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep(vault, ONE, b"first")
    slow = SlowDisk(os.fdatasync)
    monkeypatch.setattr(os, "fdatasync", slow)
    tasks = [asyncio.create_task(keep(vault, ONE, b"%d" % n)) for n in range(20)]
    await slow.wait_entered()
    for task in tasks[::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for number, result in enumerate(results):
        if number % 2:
            assert isinstance(result, tuple)
            key, (stored,) = result
            assert await read(vault, ONE, key, stored) == b"%d" % number
        else:
            assert isinstance(result, asyncio.CancelledError)


@pytest.mark.parametrize("call", ["pwritev", "fdatasync"])
async def test_a_cancelled_letter_waits_for_its_threads_before_it_closes_its_file(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Else a thread would write to a number that by then is another letter's file."""
    await keep(vault, ONE, bytes(9 * MIB))
    slow = SlowDisk(getattr(os, call))
    monkeypatch.setattr(os, call, slow)
    running_at_close: list[int] = []
    real = SegmentCopy.close

    def close(copy: SegmentCopy) -> None:
        running_at_close.append(slow.running)
        real(copy)

    monkeypatch.setattr(SegmentCopy, "close", close)
    before = segments(tmp_path / "vault")
    task = asyncio.create_task(keep(vault, ONE, bytes(9 * MIB)))
    await slow.wait_entered()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert running_at_close == [0]
    assert segments(tmp_path / "vault") == before


async def test_the_kernel_may_take_and_give_less_than_was_asked(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, pread = os.pwritev, os.pread

    def write_less(fd: int, buffers: Sequence[memoryview], offset: int) -> int:
        data = b"".join(buffers)[: 1 + sum(map(len, buffers)) * 2 // 3]
        return write(fd, [data], offset)

    monkeypatch.setattr(os, "pwritev", write_less)
    monkeypatch.setattr(os, "pread", lambda fd, size, offset: pread(fd, 1 + size // 2, offset))
    plain = [os.urandom(3 * MIB), b"", os.urandom(10)]
    key, stored = await keep(vault, ONE, *plain)
    assert [await read(vault, ONE, key, one) for one in stored] == plain


async def test_more_documents_than_one_system_call_takes(vault: Vault) -> None:
    plain = [b"%d" % number for number in range(1500)]
    key, stored = await keep(vault, ONE, *plain)
    assert [await read(vault, ONE, key, one) for one in stored] == plain


async def test_several_stores_hold_the_same_and_mend_each_others_damage(
    tmp_path: Path, keys: FileKeyService
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    vault = Vault(folders[0], keys, extra_folders=folders[1:])
    plain = os.urandom(3 * MIB)
    key, (stored, large) = await keep(vault, ONE, plain, bytes(9 * MIB))
    for mine, theirs in zip(segments(folders[0]), segments(folders[1]), strict=True):
        assert mine.name == theirs.name
        assert mine.read_bytes() == theirs.read_bytes()
    await vault.verify(ONE, key, large)
    for folder, offset in ((folders[0], 100), (folders[1], 2 * MIB)):
        path = folder / "segments" / f"{stored.segment}.seg"
        content = bytearray(path.read_bytes())
        content[stored.offset + offset] ^= 1
        path.write_bytes(content)
    assert await read(vault, ONE, key, stored) == plain
    with pytest.raises(IntegrityFailure):
        await vault.verify(ONE, key, stored)
    (folders[0] / "segments" / f"{large.segment}.seg").unlink()
    assert await read(vault, ONE, key, large) == bytes(9 * MIB)
    with pytest.raises(SegmentMissing):
        await vault.verify(ONE, key, large)
    await vault.close()


async def test_one_folder_named_twice_is_refused(tmp_path: Path, keys: FileKeyService) -> None:
    with pytest.raises(ValueError, match="one store"):
        Vault(tmp_path / "one", keys, extra_folders=[tmp_path / "x" / ".." / "one"])


async def test_reading_may_stop_in_the_middle(vault: Vault) -> None:
    key, (stored,) = await keep(vault, ONE, bytes(5 * MIB))
    frames = vault.read(ONE, key, stored)
    async for _ in frames:
        break
    await frames.aclose()  # type: ignore[attr-defined]  # an async generator, as for every caller
    assert len(await read(vault, ONE, key, stored)) == 5 * MIB


async def test_memory_stays_constant_for_a_document_of_200_mib(vault: Vault) -> None:
    async def through(mebibytes: int) -> None:
        piece = os.urandom(MIB // 4)
        async with vault.begin(ONE, MONTH) as writer:
            document = writer.document(0)
            for _ in range(mebibytes * 4):
                await document.write(piece)
            await document.finish()
            (stored,) = await writer.keep()
            size = 0
            async for frame in vault.read(ONE, writer.wrapped_key, stored):
                size += len(frame)
            assert size == mebibytes * MIB
            await writer.drop()

    await through(32)
    before = forget_peak_memory()
    await through(200)
    assert peak_memory() - before < 24 * MIB
