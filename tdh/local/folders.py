"""Fresh folders for private servers under /var/tmp, and the removal of what dead programs left.

A folder holds a marker that names the program it belongs to by process id *and* start time, so
that a process id used again is not mistaken for the owner. Never touches a folder of another user,
nor one whose owner still runs (but `make clean` ends those of this checkout).
"""

import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tdh.local.processes import is_running, started_at, wait_until_gone

PARENT = Path("/var/tmp")  # noqa: S108  -- named by the contract; mkdtemp makes the names
PREFIX = "tdh-local-"
MARKER = "owner.json"
FOLDER_VARIABLE = "TDH_LOCAL_FOLDER"
"""In the environment of every private server: by it a server is known after its parent died."""
UNMARKED_SECONDS = 60
"""A folder without a marker is being made at this moment, unless it is older than this."""
INTERRUPT_SECONDS = 20
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The program that made a folder."""

    process: int
    started: int
    """Clock ticks since boot."""
    boot: str
    checkout: str
    """Where the code lay that made the folder, to tell this checkout's servers from others'."""

    @classmethod
    def ourselves(cls) -> "Owner":
        process = os.getpid()
        return cls(
            process=process, started=started_at(process), boot=_boot(), checkout=str(CHECKOUT)
        )

    @property
    def is_alive(self) -> bool:
        """Whether that very program still runs."""
        try:
            return (
                self.boot == _boot()
                and started_at(self.process) == self.started
                and is_running(self.process)
            )
        except OSError:
            return False


def fresh_folder(server: str) -> Path:
    """Make a folder that others may pass through but not list (0711), and mark it as ours."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{server}-", dir=PARENT))
    folder.chmod(0o711)
    owner = Owner.ourselves()
    marker = {name: getattr(owner, name) for name in Owner.__slots__}
    (folder / MARKER).write_text(json.dumps(marker), encoding="utf-8")
    return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder with everything in it; what another program removed meanwhile is fine."""
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def sweep(*, checkout: Path | None = None) -> tuple[Path, ...]:
    """End the servers and remove the folders of programs that are gone; give the folders.

    With `checkout`, programs of that checkout that still run are interrupted first, as by Ctrl-C,
    and then treated alike.
    """
    swept: list[Path] = []
    for folder in _our_folders():
        owner = _owner_of(folder)
        if owner is not None and owner.is_alive:
            if checkout is None or owner.checkout != str(checkout):
                continue
            os.kill(owner.process, signal.SIGINT)
            wait_until_gone((owner.process,), seconds=INTERRUPT_SECONDS)
        elif owner is None and time.time() - folder.stat().st_mtime < UNMARKED_SECONDS:
            continue
        _end_servers_of(folder)
        remove_folder(folder)
        swept.append(folder)
    return tuple(swept)


def servers_of(folder: Path) -> tuple[int, ...]:
    """Give the processes that serve from a folder, whoever their parent is now."""
    return tuple(process for process in _processes() if _serves_from(process, folder))


def _our_folders() -> Iterator[Path]:
    for folder in sorted(PARENT.glob(f"{PREFIX}*")):
        with contextlib.suppress(FileNotFoundError):
            facts = folder.lstat()
            if facts.st_uid == os.geteuid() and folder.is_dir() and not folder.is_symlink():
                yield folder


def _owner_of(folder: Path) -> Owner | None:
    try:
        facts = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return Owner(**facts)
    except (OSError, ValueError, TypeError):
        return None


def _end_servers_of(folder: Path) -> None:
    # Looked for again until none is left: a server may have been forking while we looked.
    limit = time.monotonic() + INTERRUPT_SECONDS
    while (servers := servers_of(folder)) and time.monotonic() < limit:
        for server in servers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server, signal.SIGKILL)
        wait_until_gone(servers, seconds=1)


def _serves_from(process: int, folder: Path) -> bool:
    at = Path(f"/proc/{process}")
    try:
        if not is_running(process):
            return False
        if f"{FOLDER_VARIABLE}={folder}".encode() in (at / "environ").read_bytes().split(b"\0"):
            return True
        # PostgreSQL writes its titles over its environment; it works inside its data folder.
        return (at / "comm").read_text(encoding="utf-8").strip() == "postgres" and folder in (
            at / "cwd"
        ).readlink().parents
    except OSError:
        return False


def _processes() -> Iterator[int]:
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            yield int(entry.name)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
