"""The whole demo: sets the stage, tells the story, serves, cleans up on every way out."""

import asyncio
import contextlib
import logging
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import aiohttp
import structlog

from tdh.config import load
from tdh.demo import stage
from tdh.demo.archive import Archive
from tdh.demo.authority import found_authority
from tdh.demo.cast import AGENCY, CITIZEN, COMPANY, EVERYBODY, letters
from tdh.demo.checking import everything_checked
from tdh.demo.desk import Desk
from tdh.demo.ending import kept_where, show_where_things_are
from tdh.demo.failures import DemoFailed
from tdh.demo.home import PRIVATE, Home
from tdh.demo.interrupts import Interrupts
from tdh.demo.killing import killed_and_nothing_lost
from tdh.demo.neighbour import NAME_EN, NAME_TH, Office
from tdh.demo.papers import papers_for_people
from tdh.demo.scene import Scene, Sent
from tdh.demo.steps import citizen_receives, company_receives, refusals, submit
from tdh.demo.telling import JsonTeller, Language, Teller
from tdh.domain.errors import TDHError
from tdh.domain.thai_time import BANGKOK
from tdh.local.errors import LocalServerError
from tdh.local.servers import LocalServers, local_servers

LAST_LINES = 15
EXPECTED = (DemoFailed, LocalServerError, TDHError, aiohttp.ClientError, OSError, TimeoutError)
"""Failures whose own words say enough; all others leave their traceback in the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How the demo was called."""

    home: Path
    script: bool
    """The story only, no serving after it."""
    keep: bool
    """Leave keys, ledger and vault where they are."""
    language: Language = Language.BOTH
    json: bool = False
    """For programs: one JSON object a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Set:
    """What is there before the service runs."""

    teller: Teller
    home: Home
    data: Path
    servers: LocalServers
    log: BinaryIO


def play(wishes: Wishes) -> int:
    """Run the demo; its exit code: 0 for a story told to its end, or left by Ctrl-C; 1 else."""
    teller = JsonTeller() if wishes.json else Teller(language=wishes.language)
    problem = ""
    with Interrupts() as interrupts:
        try:
            _with_everything(wishes, teller, interrupts)
        except (KeyboardInterrupt, asyncio.CancelledError):
            problem = "interrupted" if wishes.script else ""
        except EXPECTED as error:
            problem = str(error) or type(error).__name__
        except Exception as error:  # noqa: BLE001 - the last line says that it failed, and where
            problem = f"{type(error).__name__}: {error}"
    if not problem:
        return 0
    first, *rest = problem.splitlines()
    print(*rest, f"FAILED step {teller.step}: {first}", sep="\n", file=sys.stderr)
    return 1


def _with_everything(wishes: Wishes, teller: Teller, interrupts: Interrupts) -> None:
    """The story inside all that has to be put away after it."""
    teller.title("TDH: รับฝาก ส่งต่อ นำจ่าย พร้อมหลักฐาน", "posted, forwarded, delivered, proven")
    with contextlib.ExitStack() as closing:
        home = closing.enter_context(Home.locked(wishes.home))
        log = closing.enter_context(_service_log(home))
        data = closing.enter_context(stage.data_folder(keep=wishes.keep))
        closing.callback(lambda: teller.say(*kept_where(data, keep=wishes.keep)))
        teller.begin_step(0, "เตรียมระบบ", "setting the stage")
        teller.waiting("กำลังเปิด PostgreSQL และ RabbitMQ", "starting PostgreSQL and RabbitMQ")
        servers = closing.enter_context(local_servers())
        closing.callback(interrupts.ignore_from_now_on)
        teller.tell(
            "เซิร์ฟเวอร์ส่วนตัวพร้อม: PostgreSQL และ RabbitMQ",
            "private servers are up: PostgreSQL and RabbitMQ",
        )
        there = Set(teller=teller, home=home, data=data, servers=servers, log=log)
        try:
            asyncio.run(_run(wishes, there, interrupts))
        except Exception as error:
            _note(there, error)
            raise


async def _run(wishes: Wishes, there: Set, interrupts: Interrupts) -> None:
    """The service runs, the story is told, and then it serves."""
    async with contextlib.AsyncExitStack() as closing:
        with interrupts.guarding():
            scene = await _set_stage(there, closing)
            closing.callback(there.teller.waiting, "กำลังปิดทุกส่วน", "stopping everything")
            first = await _tell(scene)
            scene.teller.gap()
            scene.teller.say(
                f"จบเรื่อง ทุกข้อความข้างต้นตรวจแล้ว ({scene.teller.seconds:.0f} วินาที)",
                f"The end; every line above was checked ({scene.teller.seconds:.0f} s)",
            )
            if not wishes.script:
                show_where_things_are(scene, first)
                there.teller.gap()
                there.teller.say("กด Ctrl-C เพื่อหยุดทุกอย่าง", "Ctrl-C stops everything")
                await asyncio.Event().wait()


async def _set_stage(there: Set, closing: contextlib.AsyncExitStack) -> Scene:
    teller, home, data = there.teller, there.home, there.data
    now = datetime.now(UTC)
    office = Office(data / "neighbour")
    environment = stage.service_environment(there.servers, data=data, home=home)
    environment |= office.neighbour.settings
    config = load(environment)
    signer = found_authority(home, agency=AGENCY.name_en, now=now)
    vkeys = office.neighbour.vkeys
    logs = stage.make_sealer_keys(config, home, now=now, witnesses=vkeys)
    teller.tell(
        "สร้างกุญแจผู้ให้บริการ และผู้ออกใบรับรองสาธิต (root, intermediate, CRL)",
        "operator's keys, and a certification authority for the demo with its CRLs",
        facts=[f"{home.shown(home.path('trust'))}/   {home.shown(home.path(stage.TRUST_FILE))}"],
    )
    await closing.enter_async_context(office.open(logs, there.log))
    teller.tell(
        f"{NAME_TH} เปิดแล้ว: กุญแจและความจำเป็นของตนเอง",
        f"{NAME_EN}, is open: a program with its own key and memory",
    )
    await stage.prepare_database(config)
    access = await stage.register_everybody(config, home, now=now)
    teller.tell(
        "ฐานข้อมูล คิว และผู้ใช้บริการสามรายพร้อม",
        "database, queues and three parties are ready",
        facts=[
            f"{party.name_th} · {party.name_en} · {party.id} ({party.channel})"
            for party in EVERYBODY
        ],
    )
    supervisor = await closing.enter_async_context(
        stage.running_service(config, environment, there.log)
    )
    server = f"http://{config.api.host}:{config.api.port}"
    await stage.until_ready(server)
    await stage.publish_trust(environment, home)
    stage.write_ports(config, there.servers, home)
    stage.write_settings(environment, home)
    teller.tell(
        "บริการเปิดแล้ว: API ผู้ประทับตรา ตัวส่งต่อ ตัวนำจ่าย สมุดบันทึก แยกโปรเซสกัน",
        "the service is up: API, sealer, dispatcher, worker, sequencer, a process each",
        facts=[server, f"log: {home.shown(home.path(stage.LOG_NAME))}"],
    )
    desks = [
        await closing.enter_async_context(Desk(party, server=server, token=access[party.id].token))
        for party in (AGENCY, COMPANY, CITIZEN)
    ]
    return Scene(
        teller=teller,
        home=home,
        data=data,
        server=server,
        signer=signer,
        letters=letters(now.astimezone(BANGKOK).date()),
        agency=desks[0],
        citizen=desks[2],
        company_amqp=access[COMPANY.id].amqp_url or "",
        company_token=access[COMPANY.id].token,
        archive=Archive(home, desks[0], origin=config.issuer.origin),
        supervisor=supervisor,
    )


async def _tell(scene: Scene) -> Sent:
    """Steps 1 to 7; the first letter."""
    first = await submit(scene)
    await company_receives(scene, first)
    await citizen_receives(scene, first)
    ended = await refusals(scene)
    fifth = await killed_and_nothing_lost(scene)
    sent = (first, *ended, fifth)
    await everything_checked(scene, sent)
    await papers_for_people(scene, sent)
    return first


@contextlib.contextmanager
def _service_log(home: Home) -> Iterator[BinaryIO]:
    """A file for what service and libraries say, so that the story stays readable."""
    path = home.write(stage.LOG_NAME, b"", mode=PRIVATE)
    with path.open("ab") as log, path.open("a", encoding="utf-8") as text:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            logger_factory=structlog.PrintLoggerFactory(text),
        )
        logging.basicConfig(level=logging.WARNING, stream=text, force=True)
        try:
            yield log
        finally:
            logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr, force=True)


def _note(there: Set, error: Exception) -> None:
    """Put a surprise into the log with its traceback; show how the log ends."""
    if not isinstance(error, EXPECTED):
        there.log.write("".join(traceback.format_exception(error)).encode())
        there.log.flush()
    path = there.home.path(stage.LOG_NAME)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    print(
        f"{there.home.shown(path)}:",
        *(f"  {line[:400]}" for line in lines),
        sep="\n",
        file=sys.stderr,
    )
