"""`tdh audit watch`: follows a public log for ever, alarms, exports metrics.

Needs a URL, a trust file that names the log's key, a file to remember by. SIGTERM and SIGINT end it
with 0; with `--exit-on-alarm` the first alarm does with 1, other than that the log is not reached.
Other exit codes: 64 usage, 66 a file cannot be opened.
"""

import argparse
import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from aiohttp import web

from signing.trust_file import TrustFileError
from tdh import telemetry
from tdh.audit.book import Book
from tdh.audit.log_source import LogSource, open_source
from tdh.audit.metrics import MEDIA_TYPE, WatchMetrics
from tdh.audit.watch import Alarm, Watcher, WatchWish
from tdh.cli.verify import (
    EX_USAGE,
    add_trust_option,
    cannot_open,
    chosen_trust,
    speak_any_alphabet,
)
from tdh.domain.errors import InvalidValue

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

log = structlog.get_logger()

EVERY_SECONDS = 30.0
ALARMED = 1


def add_parser(acts: "Subparsers") -> None:
    """Describe the act."""
    parser = acts.add_parser(
        "watch",
        help="เฝ้าดูสมุดบันทึกตลอดเวลา / follow a public log for ever",
        description="Read what is new in a public log, again and again; alarm on what is wrong; "
        "export Prometheus metrics. เฝ้าดูสมุดบันทึกสาธารณะ แจ้งเตือนเมื่อพบสิ่งผิดปกติ",
    )
    parser.add_argument("--log", metavar="URL", required=True, help="the log; or a folder")
    parser.add_argument(
        "--state", type=Path, metavar="FILE", required=True, help="what is known of it, kept"
    )
    add_trust_option(parser)
    parser.add_argument(
        "--every", type=_seconds, metavar="SECONDS", default=EVERY_SECONDS, help="between looks"
    )
    parser.add_argument(
        "--stale",
        type=_seconds,
        metavar="SECONDS",
        default=0.0,
        help="alarm on a head that stays the same for longer; by default never: it may be quiet",
    )
    parser.add_argument("--listen", type=_address, metavar="HOST:PORT", help="serve /metrics there")
    parser.add_argument(
        "--exit-on-alarm", action="store_true", help="end with 1 at the first alarm"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Watch; give the exit code. Raises TDHError."""
    speak_any_alphabet()
    telemetry.configure(level="info", role="audit-watch", human=sys.stderr.isatty())
    try:
        trust = chosen_trust(args.trust, os.environ)
        if not trust.logs:
            return _unusable("ไม่มีกุญแจของสมุดบันทึก / no trust file names the log's key")
        wish = WatchWish(trust=trust, state=args.state, stale_seconds=args.stale)
        with Book(args.state, lasting=True) as book:
            return asyncio.run(_watch(args, Watcher(wish, book)))
    except TrustFileError as error:
        return _unusable(f"ไฟล์ความเชื่อถือใช้ไม่ได้ / unusable trust file: {error}")
    except InvalidValue as error:
        return _unusable(f"ใช้ไม่ได้ / unusable: {error}")
    except sqlite3.Error as error:
        return _unusable(f"ไฟล์สถานะใช้ไม่ได้ / unusable state {args.state}: {error}")
    except OSError as error:
        return cannot_open(error)


async def _watch(args: argparse.Namespace, watcher: Watcher) -> int:
    """Look until an alarm or a signal ends it; what was not read to the end is read again."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):  # a script's `&` has SIGINT ignored
        loop.add_signal_handler(number, asked.set)
    looking = asyncio.ensure_future(_look_for_ever(args, watcher))
    ended = asyncio.ensure_future(asked.wait())
    try:
        await asyncio.wait((looking, ended), return_when=asyncio.FIRST_COMPLETED)
        if looking.done():
            return looking.result()
        log.info("audit.watch-ended")
        return 0
    finally:
        for task in (looking, ended):
            task.cancel()
        await asyncio.gather(looking, ended, return_exceptions=True)


async def _look_for_ever(args: argparse.Namespace, watcher: Watcher) -> int:
    metrics = WatchMetrics()
    async with open_source(args.log) as source, _serving(args.listen, metrics):
        while True:
            alarms = await _look(watcher, source, metrics)
            if args.exit_on_alarm and alarms - {Alarm.UNREACHABLE}:
                return ALARMED
            await asyncio.sleep(args.every)


async def _look(watcher: Watcher, source: LogSource, metrics: WatchMetrics) -> set[Alarm]:
    now = datetime.now(UTC)
    seen = await watcher.look(source, now)
    metrics.show(seen, now)
    log.info("audit.looked", entries=seen.size, alarms=sorted(seen.alarms))
    return set(seen.alarms)


@asynccontextmanager
async def _serving(address: tuple[str, int] | None, metrics: WatchMetrics) -> AsyncIterator[None]:
    """Give the metrics out while the block runs. Raises OSError where nobody can listen."""
    if address is None:
        yield
        return

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(), headers={"Content-Type": MEDIA_TYPE})

    application = web.Application()
    application.router.add_get("/metrics", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, *address).start()
        yield
    finally:
        await runner.cleanup()


def _unusable(why: str) -> int:
    print(f"tdh audit watch: {why}", file=sys.stderr)
    return EX_USAGE


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]") or "127.0.0.1", int(port)
