"""A real clamd with a database of one signature of our own, and daemons that behave badly."""

import asyncio
import os
import shutil
import subprocess
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from tdh.local.ports import LOOPBACK, free_ports

MARKER = b"a string that only the tests of this scanner know: 7f3a"
NAME = "Tdh.Test.Marker"
STREAM_MOST = 2 * 1024 * 1024
SETTINGS = """\
Foreground yes
DatabaseDirectory {folder}/database
TemporaryDirectory {folder}/scratch
LocalSocket {folder}/clamd.sock
TCPSocket {port}
TCPAddr {host}
StreamMaxLength {most}
MaxFileSize 1M
AlertExceedsMax yes
"""


class ClamdServer:
    """Where a running one listens."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen) -> None:
        self.unix = f"unix:{folder}/clamd.sock"
        self.tcp = f"tcp://{LOOPBACK}:{port}"
        self.process = process
        self.scratch = folder / "scratch"


@contextmanager
def clamd(folder: Path):
    """Start one below `folder`; it ends with the block."""
    program = shutil.which("clamd") or "/usr/sbin/clamd"
    for name in ("database", "scratch"):
        (folder / name).mkdir()
    # Name, any kind of file, any place in it, and what to look for.
    (folder / "database" / "own.ndb").write_text(f"{NAME}:0:*:{MARKER.hex()}\n")
    (port,) = free_ports(1)
    settings = folder / "clamd.conf"
    settings.write_text(SETTINGS.format(folder=folder, host=LOOPBACK, port=port, most=STREAM_MOST))
    with (folder / "clamd.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "--config-file", str(settings)], stdout=log, stderr=log, env=dict(os.environ)
        )
    try:
        deadline = time.monotonic() + 60
        while not (folder / "clamd.sock").exists():
            said = (folder / "clamd.log").read_text()
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)
        yield ClamdServer(folder, port, process)
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def daemon(*behaviours):
    """A socket whose connections behave as the functions say, in turn; the last one for all after.

    Each gets reader and writer. What comes first is the question for the version.
    """
    waiting, tasks = list(behaviours), set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        behave = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        try:
            await behave(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client has gone
        finally:
            writer.close()

    server = await asyncio.start_server(serve, LOOPBACK, 0)
    try:
        yield f"tcp://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def version(reader, writer):
    """As clamd answers who it is."""
    assert await reader.readuntil(b"\0") == b"zVERSION\0"
    writer.write(b"ClamAV 1.4.3/27000/a day\0")
    await writer.drain()


async def silent(reader, _writer):
    """Takes everything and never answers."""
    while await reader.read(65536):
        pass
    await asyncio.sleep(3600)


async def deaf(_reader, _writer):
    """Takes nothing."""
    await asyncio.sleep(3600)


def says(*pieces, after=b"\0\0\0\0"):
    """Reads up to `after`, then says the pieces one by one."""

    async def behave(reader, writer):
        heard = b""
        while not heard.endswith(after):
            piece = await reader.read(65536)
            if not piece:
                return
            heard = (heard + piece)[-len(after) :]
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    return behave
