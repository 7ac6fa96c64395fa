"""What each role runs, and the supervisor that runs them all on one machine.

Roles are processes of their own, so that one can be killed without the others and each holds only
what it needs. The supervisor starts them, starts them again when they end, and ends them in order:
first what takes work in, the sealer last.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import structlog

from signing.sealer.key_files import FORMER_LOG_KEY, POST_QUANTUM_KEY
from tdh import app, interface, telemetry
from tdh.config import Config
from tdh.core import Closing, Loops
from tdh.system import die_with_parent, protect_memory

log = structlog.get_logger()

CRASH_POINT = "TDH_CRASH_POINT"
STOP_SECONDS = 15.0
"""How long a role may take to finish what it has begun."""


class Role(StrEnum):
    """A part of the service that runs as a process of its own."""

    SEALER = "sealer"
    RECEIPTS = "receipts"
    API = "api"
    DISPATCHER = "dispatcher"
    WORKER = "worker"
    SEQUENCER = "sequencer"
    ANCHOR = "anchor"


RUNS: dict[Role, Callable[[Config, Closing], Awaitable[Loops]]] = {
    Role.API: interface.api,
    Role.DISPATCHER: app.dispatcher,
    Role.WORKER: app.worker,
    Role.SEQUENCER: app.sequencer,
    Role.ANCHOR: app.anchor,
}


async def run_role(role: Role, config: Config) -> None:
    """Run one role until SIGTERM or SIGINT. A loop that ends by an error ends the role."""
    protect_memory()
    telemetry.configure(level=config.telemetry.level, role=role, human=config.telemetry.human)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as rest:
        closing = Closing(intake=AsyncExitStack(), rest=rest)
        loops = [asyncio.ensure_future(loop) for loop in await RUNS[role](config, closing)]
        waits = asyncio.ensure_future(stop.wait())
        log.info("role.started")
        try:
            done, _ = await asyncio.wait([*loops, waits], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Exception:
            log.exception("role.failed")
            raise
        finally:
            await closing.intake.aclose()
            for task in (*loops, waits):
                task.cancel()
            await asyncio.gather(*loops, waits, return_exceptions=True)
    log.info("role.stopped")


def sealer_command(config: Config) -> list[str]:
    """The program that seals, with files and names as arguments; it reads no settings."""
    keys, sealer = config.sealer.keys, config.sealer
    group = sealer.clients_group
    further = [keys / name for name in (POST_QUANTUM_KEY, FORMER_LOG_KEY)]
    token = {"module": sealer.token_module, "pin-file": sealer.token_pin_file}
    return [
        str(Path(sys.executable).with_name("tdh-sealer")),
        "--socket", str(config.sealer.socket),
        "--state", str(config.sealer.state),
        "--seal-key", sealer.seal_token or str(keys / "seal-key.pem"),
        "--seal-certificate", str(keys / "seal-certificate.pem"),
        "--log-key", str(keys / "log-key.pem"),
        *(word for one in further if one.is_file() for word in ("--log-key", str(one))),
        "--tsa-key", sealer.tsa_token or str(keys / "tsa-key.pem"),
        "--tsa-certificate", str(keys / "tsa-certificate.pem"),
        "--origin", config.issuer.origin,
        "--issuer-th", config.issuer.name_th,
        "--issuer-en", config.issuer.name_en,
        "--policy", config.policy.id,
        "--uri-base", config.issuer.uri_base,
        *(["--clients-group", group] if group else []),
        *(word for name, value in token.items() if value for word in (f"--pkcs11-{name}", value)),
        *(word for policy in config.tsa.policies for word in ("--tsa-policy", policy)),
        *(["--kernel-clock"] if config.tsa.kernel_clock else []),
    ]  # fmt: skip


def receipts_command(config: Config) -> list[str]:
    """The program that makes receipts, with files and names as arguments; it reads no settings."""
    receipts, group = config.receipts, config.sealer.clients_group
    return [
        sys.executable, "-m", "signing.receipt_maker.process",
        "--socket", str(receipts.socket),
        "--sealer-socket", str(config.sealer.socket),
        "--keys", str(receipts.keys),
        "--public-url", receipts.public_url,
        *(["--clients-group", group] if group else []),
    ]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process that the supervisor keeps running."""

    name: str
    command: tuple[str, ...]
    reads_settings: bool = True
    """Else it is not told any: they hold the passwords of the database and the broker."""


def parts_of(config: Config) -> tuple[Part, ...]:
    """All processes of the service on one machine, in the order of starting.

    They end with the process that asks: it is to be their supervisor.
    """
    roles = (Role.SEQUENCER, Role.ANCHOR, Role.WORKER, Role.DISPATCHER)
    serve = (sys.executable, "-m", "tdh", "serve", "--role")
    return (
        Part(
            name="sealer",
            command=(*sealer_command(config), "--parent-pid", str(os.getpid())),
            reads_settings=False,
        ),
        Part(
            name=Role.RECEIPTS,
            command=(*receipts_command(config), "--parent-pid", str(os.getpid())),
            reads_settings=False,
        ),
        *(Part(name=role, command=(*serve, role)) for role in roles),
        *(Part(name=f"api-{n}", command=(*serve, Role.API)) for n in range(config.api.processes)),
    )


class Supervisor:
    """Keeps the parts running; `stop` ends them in the opposite order of starting."""

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        environment: Mapping[str, str] | None = None,
        output: BinaryIO | None = None,
        longest_rest_seconds: float = 5.0,
    ) -> None:
        """`environment`: all of it, ours if None. `output`: where the parts' words go.

        `longest_rest_seconds`: a part that ends again and again is started again after so long.
        """
        self._longest_rest = longest_rest_seconds
        self._parts = parts
        self._environment = dict(os.environ if environment is None else environment)
        self._output = output
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = False

    def pid(self, name: str) -> int | None:
        """The process id of a part, None while it is not running."""
        process = self._processes.get(name)
        return None if process is None or process.returncode is not None else process.pid

    def arm(self, name: str, value: str) -> None:
        """Set a variable for parts that are started from now on: fault tests name crash points."""
        self._environment[name] = value

    async def restart(self, name: str) -> None:
        """End one part in order; returns when it was started again."""
        process = self._processes[name]
        await self._end(process)
        while self._processes[name] is process:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # the keeper starts it

    async def start(self) -> None:
        """Start every part."""
        for part in self._parts:
            await self._spawn(part)
            self._keepers.append(asyncio.ensure_future(self._keep(part)))

    async def stop(self) -> None:
        """End every part: SIGTERM, then SIGKILL for what does not finish in time."""
        self._stopping = True
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for part in reversed(self._parts):
            if part.name in self._processes:  # else `start` did not come so far
                await self._end(self._processes[part.name])

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def _spawn(self, part: Part) -> None:
        # A session of its own: Ctrl-C in a terminal reaches the supervisor only.
        self._processes[part.name] = await asyncio.create_subprocess_exec(
            *part.command,
            env=self._environment_of(part),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,
        )

    def _environment_of(self, part: Part) -> dict[str, str]:
        if part.reads_settings:
            return self._environment | {"TDH_PARENT_PID": str(os.getpid())}
        own = (CRASH_POINT,)
        return {k: v for k, v in self._environment.items() if not k.startswith("TDH_") or k in own}

    async def _keep(self, part: Part) -> None:
        """Start the part again whenever it ends; quickly at first, then with patience."""
        loop = asyncio.get_running_loop()
        rest = 0.1
        while not self._stopping:
            began = loop.time()
            code = await self._processes[part.name].wait()
            log.warning("part.ended", part=part.name, code=code)
            rest = 0.1 if loop.time() - began > 10 else min(rest * 2, self._longest_rest)  # noqa: PLR2004
            await asyncio.sleep(rest)
            await self._spawn(part)


async def run_all(config: Config) -> None:
    """Run the whole service on this machine until SIGTERM or SIGINT."""
    protect_memory()
    telemetry.configure(
        level=config.telemetry.level, role="supervisor", human=config.telemetry.human
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = Supervisor(parts_of(config))
    await supervisor.start()
    log.info("service.started", api=f"http://{config.api.host}:{config.api.port}")
    try:
        await stop.wait()
    finally:
        await supervisor.stop()
    log.info("service.stopped")


def follow_parent() -> None:
    """End with the supervisor, even when it is killed."""
    parent = os.environ.pop("TDH_PARENT_PID", None)
    if parent is not None:
        die_with_parent(int(parent))
