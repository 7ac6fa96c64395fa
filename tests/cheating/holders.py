"""What the holders of proof do: the real commands, and the named checks in what they say."""

import asyncio
import contextlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tdh.cli.main import main

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
    paths = [one for each in files for one in (sorted(each.glob("*.xml")) if each.is_dir() else [each])]
    more = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    said = await run("verify", "--json", "--trust", str(trust), *filter(None, more), *map(str, paths))
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
