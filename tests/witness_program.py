"""The real `tdh witness serve` as a process of its own, for tests."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from signing.cosignature import CosignatureSigner
from signing.witness_keys import read_witness_keys
from tdh.witness.program import keygen

START_SECONDS = 30


class WitnessProgram:
    """Keys, state folder and process; `start`, `kill` and `start` again as a test likes."""

    def __init__(self, folder: Path, logs: Sequence[str], name: str = "witness.example/w1") -> None:
        self.key, self.state, self.logs = folder / "key", folder / "state", logs
        keygen(self.key, self.state, name)
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def signers(self) -> tuple[CosignatureSigner, ...]:
        return read_witness_keys(self.key)

    def command(self, listen: str = "127.0.0.1:0") -> list[str]:
        options = ["--listen", listen, "--key", str(self.key), "--state", str(self.state)]
        logs = [word for vkey in self.logs for word in ("--log", vkey)]
        return [sys.executable, "-m", "tdh", "witness", "serve", *options, *logs]

    def start(self, crash_point: str = "") -> None:
        with (self.key.parent / "stderr").open("a") as errors:
            self.process = subprocess.Popen(
                self.command(),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=os.environ | {"TDH_CRASH_POINT": crash_point},
            )
        line = self.process.stdout.readline()
        if not line.startswith("witness at "):
            raise AssertionError((self.key.parent / "stderr").read_text())
        self.url = line.removeprefix("witness at ").strip()

    def kill(self) -> None:
        """As `kill -9` does it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def died(self) -> int:
        """How it ended by itself."""
        code = self.process.wait(START_SECONDS)
        self.kill()
        return code

    def end(self) -> int:
        """SIGTERM; the exit code."""
        self.process.terminate()
        code = self.process.wait(START_SECONDS)
        self.process.stdout.close()
        self.process = None
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.kill()
