"""The real `tdh-sealer` as a process of its own, for tests."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from evidence_samples import ORIGIN, URI_BASE

from signing.sealer.ceremony import SealerKeys, make_keys
from signing.sealer.client import SealerClient


def now() -> datetime:
    return datetime.now(UTC)


class SealerProgram:
    """Keys, state folder and process; `start`, `kill` and `start` again as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys: SealerKeys = make_keys(
            folder / "keys", origin=ORIGIN, organization="TDH Test", now=now()
        )
        self.state = folder / "state"
        self.socket = folder / "s"
        self.process: subprocess.Popen[str] | None = None
        self.first_line = ""

    @property
    def seal_root(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.keys.seal_root.encode())

    @property
    def tsa_root(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.keys.tsa_root.encode())

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def arguments(self, **changes: object) -> list[str]:
        files = self.keys.files
        values: dict[str, object] = {
            "socket": self.socket,
            "seal-key": files.seal_key,
            "seal-certificate": files.seal_certificate,
            "log-key": files.log_key,
            "tsa-key": files.tsa_key,
            "tsa-certificate": files.tsa_certificate,
            "state": self.state,
            "origin": ORIGIN,
            "issuer-th": "ทีดีเอช",
            "issuer-en": "TDH",
            "policy": "urn:oid:1.3.6.1.4.1.99999.1",
            "uri-base": URI_BASE,
        } | {name.replace("_", "-"): value for name, value in changes.items()}
        return [f"--{name}={value}" for name, value in values.items()]

    def command(self, **changes: object) -> list[str]:
        return [sys.executable, "-m", "signing.sealer.process", *self.arguments(**changes)]

    def start(self, crash_point: str = "", **changes: object) -> None:
        """Start it and return when it listens."""
        assert self.process is None
        self.process = subprocess.Popen(
            self.command(**changes),
            env=os.environ | {"TDH_CRASH_POINT": crash_point},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.first_line = line = self.process.stderr.readline()
        assert "ready" in line, line + self.process.stderr.read()

    def run(self, **changes: object) -> subprocess.CompletedProcess[str]:
        """Start one that is expected to end by itself."""
        return subprocess.run(
            self.command(**changes), capture_output=True, text=True, check=False, timeout=20
        )

    def wait(self) -> int:
        """The exit status, once it has ended by itself."""
        assert self.process is not None
        status = self.process.wait(timeout=10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.process = None
        return status

    def end(self, number: int = signal.SIGTERM) -> int:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        return self.wait()

    def kill(self) -> int:
        return self.end(signal.SIGKILL)

    def client(self, timeout_seconds: float = 5.0) -> SealerClient:
        return SealerClient(self.socket, timeout_seconds=timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process is not None:
            self.kill()


def eventually(condition, seconds: float = 5.0) -> None:
    """Return as soon as the condition holds; fail where it does not come to hold."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.01)
