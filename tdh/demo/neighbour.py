"""The neighbour: another office that watches the log by a witness of its own (`tdh witness`).

It stands for an outsider. In the demo both stand on one machine; its key and its memory are its
own all the same, and the service is told its public key and its address only.
"""

import asyncio
import contextlib
import secrets
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import aiohttp

from signing.cosignature import CosignatureKind
from tdh.demo.failures import NotAsTold
from tdh.local.ports import LOOPBACK, free_ports
from tdh.roles import Part, Supervisor
from tdh.witness.program import keygen

NAME_TH, NAME_EN = "สำนักงานเพื่อนบ้าน (พยานของสมุดบันทึก)", "the neighbour's office, a witness"
READY_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A witness that is there to be asked."""

    vkeys: tuple[str, ...]
    url: str

    @property
    def settings(self) -> dict[str, str]:
        """What the service is told of it, and how often to ask."""
        return {
            "TDH_ANCHOR__WITNESSES": ",".join(f"{vkey} {self.url}" for vkey in self.vkeys),
            "TDH_ANCHOR__SECONDS": "1",
        }


class Office:
    """The witness's folder, made before the service has keys."""

    def __init__(self, folder: Path) -> None:
        self._key, self._state = folder / "key.pem", folder / "state"
        folder.mkdir(mode=0o700)
        name = f"witness.example/{secrets.token_hex(4)}"
        self._port = free_ports(1)[0]
        self.neighbour = Neighbour(
            vkeys=keygen(self._key, self._state, name, (CosignatureKind.ED25519,)),
            url=f"http://{LOOPBACK}:{self._port}",
        )

    @contextlib.asynccontextmanager
    async def open(self, log_vkeys: tuple[str, ...], output: BinaryIO) -> AsyncIterator[None]:
        """The witness runs, and watches this log. Raises NotAsTold."""
        words = ["witness", "serve", "--listen", f"{LOOPBACK}:{self._port}"]
        words += ["--key", str(self._key), "--state", str(self._state)]
        words += [word for vkey in log_vkeys for word in ("--log", vkey)]
        part = Part(
            name="witness", command=(sys.executable, "-m", "tdh", *words), reads_settings=False
        )
        supervisor = Supervisor([part], output=output)
        try:
            await supervisor.start()
            await self._until_ready()
            yield
        finally:
            await supervisor.stop()

    async def _until_ready(self) -> None:
        limit = time.monotonic() + READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < limit:
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.neighbour.url}/health"):
                        return
                await asyncio.sleep(0.1)
        raise NotAsTold(f"the witness did not answer within {READY_SECONDS:.0f} s")
