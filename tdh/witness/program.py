"""The program: opens keys and memory, listens, and ends at SIGTERM or SIGINT.

It reads the clock, which everything else in this package gets as an argument.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from signing.cosignature import CosignatureKind
from signing.witness_keys import make_witness_keys, read_witness_keys
from tdh.system import CheckedClock, crash_point_of, protect_memory
from tdh.witness.errors import WitnessSetupError
from tdh.witness.rules import KnownLogs
from tdh.witness.server import make_app, make_runner
from tdh.witness.state import StateFolder, allow_keys
from tdh.witness.witness import Witness

ALL_KINDS = (CosignatureKind.ED25519, CosignatureKind.ML_DSA_44)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one witness runs."""

    host: str
    port: int
    """0 takes any that is free."""
    key: Path
    state: Path
    logs: tuple[str, ...]
    """Verifier keys; several of one log are all its own."""


def keygen(
    key: Path, state: Path, name: str, kinds: Sequence[CosignatureKind] = ALL_KINDS
) -> tuple[str, ...]:
    """Make the keys of a witness and let them work with its memory; their verifier keys.

    Raises:
        FileExistsError: a key is never replaced.
        NoteError: no key may have this name.

    """
    vkeys = tuple(signer.vkey for signer in make_witness_keys(key, name, kinds))
    # If we die here, the keys exist and no memory takes them: they are useless, not dangerous.
    allow_keys(state, vkeys)
    return vkeys


def serve(settings: Settings, started: Callable[[str], None]) -> None:
    """Run until a signal; `started` gets the address once requests are taken.

    Raises:
        WitnessSetupError: keys, logs and memory do not fit each other, or the address is taken.
        WitnessKeyError: the key file cannot be used.
        StateError: the memory is damaged, or another process uses it.
        OSError: a file cannot be read.

    """
    protect_memory()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    logs = KnownLogs.of(settings.logs)
    signers = read_witness_keys(settings.key)
    with StateFolder(settings.state, [signer.vkey for signer in signers]) as state:
        crash = crash_point_of(os.environ.get("TDH_CRASH_POINT"), "witness")
        clock = CheckedClock()
        witness = Witness(signers=signers, logs=logs, state=state, clock=clock.now, crash=crash)
        asyncio.run(_serve(witness, settings, started))


async def _serve(witness: Witness, settings: Settings, started: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    runner = make_runner(make_app(witness))
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
        except OSError as exc:
            raise WitnessSetupError(f"{settings.host}:{settings.port}: {exc.strerror}") from exc
        host, port = runner.addresses[0][:2]
        started(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        await ended.wait()
    finally:
        await runner.cleanup()
