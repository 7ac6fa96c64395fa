"""Disks that are full, that fail, that lose power: nothing is half kept, nothing kept is lost.

Run as a program, this file uses up the small file system that it is given.
"""

import asyncio
import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from storage.vault.errors import StorageFull
from storage.vault.keys import FileKeyService
from storage.vault.vault import Vault
from tdh.domain.commands import StoredDocument
from tdh.domain.errors import StorageUnavailable
from tdh.domain.identifiers import LetterId

ROOT = Path(__file__).parents[2]
LETTER = LetterId("ltr_one")
MONTH = date(2026, 11, 1)
MIB = 1 << 20

Kept = tuple[bytes, StoredDocument]


async def keep(vault: Vault, plain: bytes) -> Kept:
    async with vault.begin(LETTER, MONTH) as writer:
        document = writer.document(0)
        await document.write(plain)
        await document.finish()
        (stored,) = await writer.keep()
        return writer.wrapped_key, stored


async def read(vault: Vault, kept: Kept) -> bytes:
    return b"".join([frame async for frame in vault.read(LETTER, *kept)])


def segments(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in (folder / "segments").iterdir()}


class Failing:
    """The real call, until told to fail in the kernel's way."""

    def __init__(self, real: Callable[..., int | None]) -> None:
        self.real = real
        self.error: int | None = None
        self.failed_on: list[str] = []
        self.called_on: list[str] = []

    def __call__(self, fd: int, *arguments: object) -> int | None:
        path = Path(f"/proc/self/fd/{fd}").readlink().name
        self.called_on.append(path)
        if self.error is not None:
            self.failed_on.append(path)
            raise OSError(self.error, os.strerror(self.error))
        return self.real(fd, *arguments)


@pytest.mark.parametrize("call", ["fdatasync", "pwritev"])
@pytest.mark.parametrize("size", [1000, 9 * MIB])
async def test_after_an_error_of_the_disk_its_segment_is_never_used_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, size: int
) -> None:
    vault = Vault(tmp_path / "vault", FileKeyService(tmp_path / "keys"))
    before = await keep(vault, b"before")
    failing = Failing(getattr(os, call))
    monkeypatch.setattr(os, call, failing)
    failing.error = errno.EIO
    with pytest.raises(StorageUnavailable) as raised:
        await keep(vault, bytes(size))
    assert not isinstance(raised.value, StorageFull)
    failing.error = None
    failing.called_on.clear()
    after = await keep(vault, bytes(size))
    assert not set(failing.failed_on) & set(failing.called_on), "an fsync is never tried again"
    assert await read(vault, before) == b"before"
    assert await read(vault, after) == bytes(size)
    await vault.close()


async def test_a_large_document_takes_nothing_more_after_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(tmp_path / "vault", FileKeyService(tmp_path / "keys"))
    failing = Failing(os.pwritev)
    async with vault.begin(LETTER, MONTH) as writer:
        document = writer.document(0)
        await document.write(bytes(9 * MIB))
        monkeypatch.setattr(os, "pwritev", failing)
        failing.error = errno.EIO
        with pytest.raises(StorageUnavailable):
            await document.write(bytes(2 * MIB))
        failing.error = None
        with pytest.raises(StorageUnavailable):
            await document.write(bytes(2 * MIB))
        with pytest.raises(StorageUnavailable):
            await document.finish()
        with pytest.raises(RuntimeError):
            await writer.keep()
    assert segments(tmp_path / "vault") == {}
    await vault.close()


async def test_one_failing_store_of_two_fails_the_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = FileKeyService(tmp_path / "keys")
    vault = Vault(tmp_path / "one", keys, extra_folders=[tmp_path / "two"])
    await keep(vault, b"before")
    real = os.fdatasync

    def second_fails(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink().is_relative_to(tmp_path / "two"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(fd)

    monkeypatch.setattr(os, "fdatasync", second_fails)
    for size in (1000, 9 * MIB):
        with pytest.raises(StorageUnavailable):
            await keep(vault, bytes(size))
    monkeypatch.undo()
    assert await read(vault, await keep(vault, b"after")) == b"after"
    await vault.close()


async def test_everyone_in_a_failed_group_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = Vault(tmp_path / "vault", FileKeyService(tmp_path / "keys"))
    failing = Failing(os.fdatasync)
    failing.error = errno.EIO
    monkeypatch.setattr(os, "fdatasync", failing)
    results = await asyncio.gather(*(keep(vault, b"x") for _ in range(30)), return_exceptions=True)
    assert {type(result) for result in results} == {StorageUnavailable}
    assert len(set(map(id, results))) == 30
    assert segments(tmp_path / "vault") == {}, "a segment without anything durable goes"
    await vault.close()


@pytest.mark.parametrize("stores", [1, 2])
def test_a_full_disk_refuses_keeps_what_it_has_and_serves_again_with_space(
    tmp_path: Path, stores: int
) -> None:
    """In a mount namespace of its own, which an ordinary user may also have."""
    namespace = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    program = f'mount -t tmpfs -o size=24m,mode=0700 tdh "{tmp_path}" && exec "$@"'
    ended = subprocess.run(
        [*namespace, "sh", "-c", program, "sh", sys.executable, __file__, tmp_path, str(stores)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith("served again\n")


async def use_up(folder: Path, stores: int) -> None:
    extra = [folder / "two"] * (stores - 1)
    vault = Vault(folder / "one", FileKeyService(folder / "keys"), extra_folders=extra)
    before = await keep(vault, b"before")
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        file.write(bytes(24 * MIB - 3 * MIB * stores))
    held = segments(folder / "one")
    for size in (5 * MIB, 12 * MIB, 5 * MIB):
        try:
            await keep(vault, bytes(size))
        except StorageFull:
            pass
        else:
            raise AssertionError(f"{size} bytes fitted")
        assert segments(folder / "one") == held, "what a refused letter took is given back"
    assert await read(vault, before) == b"before"
    small = await keep(vault, b"fits")
    ballast.unlink()
    after = await keep(vault, bytes(5 * MIB))
    assert [await read(vault, kept) for kept in (before, small, after)] == [
        b"before",
        b"fits",
        bytes(5 * MIB),
    ]
    await vault.close()
    sys.stdout.write("served again\n")


class PowerLoss:
    """What a disk holds if the power goes now: only bytes and names that were synced.

    The strictest reading of fsync(2): a file's bytes last from its own sync on, a name from the
    sync of its folder on.
    """

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._root, self._lock = root, threading.Lock()
        self._content: dict[int, bytes] = {}
        self._names: dict[Path, dict[str, int]] = {}
        for name in ("fsync", "fdatasync"):
            monkeypatch.setattr(os, name, self._recording(getattr(os, name)))

    def _recording(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def sync(fd: int) -> None:
            real(fd)
            path = Path(f"/proc/self/fd/{fd}").readlink()
            with self._lock:
                if path.is_dir():
                    self._names[path] = {p.name: p.lstat().st_ino for p in path.iterdir()}
                else:
                    self._content[path.stat().st_ino] = path.read_bytes()

        return sync

    def surviving(self, target: Path) -> None:
        """Write what survives into a fresh folder."""
        for folder, names in self._names.items():
            above = folder
            while above != self._root and above.name in self._names.get(above.parent, {}):
                above = above.parent
            if above != self._root:
                continue  # a folder on the way was never made durable
            place = target / folder.relative_to(self._root)
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, inode in names.items():
                if inode in self._content:
                    (place / name).write_bytes(self._content[inode])
                    (place / name).chmod(0o600)


@pytest.mark.parametrize("size", [1000, 9 * MIB])
async def test_what_was_kept_survives_a_loss_of_power(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    disk, survivor = tmp_path / "disk", tmp_path / "survivor"
    disk.mkdir()
    power = PowerLoss(disk, monkeypatch)
    vault = Vault(disk / "vault", FileKeyService(disk / "keys"), extra_folders=[disk / "b" / "c"])
    for number in range(3):
        kept = await keep(vault, b"%d" % number * size)
        for store in (Path("vault"), Path("b/c")):
            shutil.rmtree(survivor, ignore_errors=True)
            power.surviving(survivor)
            after = Vault(survivor / store, FileKeyService(survivor / "keys"))
            assert await read(after, kept) == b"%d" % number * size
            await after.close()
    await vault.close()


if __name__ == "__main__":
    asyncio.run(use_up(Path(sys.argv[1]), int(sys.argv[2])))
