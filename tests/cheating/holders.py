"""What the holders of proof do: the real commands, and the named checks in what they say.

And what a cheating operator does with them: it serves one of them a log of his own, and asks a
witness to vouch for it.
"""

import asyncio
import contextlib
import hashlib
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import aiohttp
from aiohttp import web

from relay.witnesses import request_body
from signing.tlog_proof import TlogProof
from tdh.cli.main import main
from tests.installation import ORIGIN

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Exit code of a command, and each check that it made with its result."""

    code: int
    text: str
    checks: tuple[tuple[str, str], ...] = ()

    def named(self, result: str) -> set[str]:
        """The checks that came out so."""
        return {name for name, found in self.checks if found == result}

    @property
    def failed(self) -> set[str]:
        return self.named(FAIL)

    @property
    def unknown(self) -> set[str]:
        return self.named(UNKNOWN)


async def run(*words: str, **environment: str) -> Said:
    """One run of `tdh` in this process, beside the loop: a start of Python would cost a second."""
    return await asyncio.to_thread(_run, words, environment)


def _run(words: tuple[str, ...], environment: dict[str, str]) -> Said:
    out = io.StringIO()
    clean = {name: text for name, text in os.environ.items() if not name.startswith("TDH_")}
    with (
        mock.patch.dict(os.environ, clean | environment, clear=True),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
    ):
        try:
            code = main(list(words))
        except SystemExit as ended:
            code = ended.code
    return Said(code=code, text=out.getvalue())


async def verify(trust: Path, *files: Path, **options: str) -> Said:
    """`tdh verify` of files; of a folder, of every evidence in it."""
    paths = [
        one for each in files for one in (sorted(each.glob("*.xml")) if each.is_dir() else [each])
    ]
    more = [
        word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)
    ]
    said = await run(
        "verify", "--json", "--trust", str(trust), *filter(None, more), *map(str, paths)
    )
    told = json.loads(said.text)
    checks = [(one["id"], one["result"]) for file in told["files"] for one in file["checks"]]
    return Said(code=said.code, text=said.text, checks=tuple(checks))


async def audit_log(where: str, trust: Path, *, state: Path | None = None) -> Said:
    """`tdh audit --log`, of a URL or of a copy in a folder."""
    kept = [] if state is None else ["--state", str(state)]
    return _audited(await run("audit", "--json", "--log", where, "--trust", str(trust), *kept))


async def audit(settings: dict[str, str], trust: Path, *words: str) -> Said:
    """`tdh audit` of an installation."""
    return _audited(await run("audit", "--json", "--trust", str(trust), *words, **settings))


def _audited(said: Said) -> Said:
    try:
        told = json.loads(said.text)
    except ValueError:
        return said
    checks = tuple((one["id"], one["result"]) for one in told["checks"])
    return Said(code=said.code, text=said.text, checks=checks)


@asynccontextmanager
async def watching(where: Path, trust: Path, state: Path, *words: str) -> AsyncIterator["Watch"]:
    """`tdh audit watch` in a process of its own, until its first alarm."""
    options = ["--log", str(where), "--trust", str(trust), "--state", str(state)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tdh", "audit", "watch", *options, "--every", "0.2"),
        *("--exit-on-alarm", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Watch(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Watch:
    """One that runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def looked(self) -> None:
        """It has seen the log, and found it right."""
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while b"audit.looked" not in (line := await self._process.stdout.readline()):
                assert line, "it ended"

    async def ended(self) -> Said:
        """The first alarm's exit code and words."""
        async with asyncio.timeout(30):
            out, _ = await self._process.communicate()
        assert self._process.returncode is not None
        return Said(code=self._process.returncode, text=out.decode())


@asynccontextmanager
async def served(folder: Path, anchored: bytes | None = None) -> AsyncIterator[str]:
    """The URL of a log for one reader alone; `anchored`: the head with outsiders' lines."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if anchored is not None and "anchored" in request.query:
            return web.Response(body=anchored)
        path = folder / request.match_info["path"]
        return web.Response(body=path.read_bytes()) if path.is_file() else web.Response(status=404)

    application = web.Application()
    application.router.add_get("/{path:.+}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def ask_witness(url: str, note: bytes, *, old_size: int, proof: Sequence[bytes] = ()) -> int:
    """Ask the witness to vouch for a head; the HTTP status of its answer."""
    body = request_body(old_size, proof, note)
    async with (
        aiohttp.ClientSession() as http,
        http.post(url + "/add-checkpoint", data=body) as said,
    ):
        return said.status


async def witnessed(url: str, to: Path) -> Path:
    """The newest head that the witness knows, from the witness itself, as a state file."""
    path = f"{url}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    async with aiohttp.ClientSession() as http, http.get(path) as answer:
        return _written(await answer.read(), to)


def _written(note: bytes, to: Path) -> Path:
    to.write_bytes(note)
    return to


def head_in(proof: Path, to: Path) -> Path:
    """The head that came with a proof, as a state file: what a sender can do with his."""
    return _written(TlogProof.parse(proof.read_bytes()).checkpoint_note, to)


def kept(state: Path, folder: Path) -> Path:
    """A copy of a state file, for one audit."""
    return _written(state.read_bytes(), folder / f"{state.name}-copy")
