"""The programs that the service needs (database, broker, sealer, receipts), and the clock."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta

from relay.amqp.connection import Link
from relay.amqp.errors import AccessRefused, BrokerUnavailable
from signing.sealer.client import SealerClient
from signing.sealer.kernel_clock import ask_kernel
from signing.sealer.messages import Identity
from signing.timestamps import MAX_ACCURACY
from signing.verify.report import Text
from storage.database import Database
from storage.doctor import PostgresDoctor
from tdh import anchoring, broker
from tdh.config import Config, ConfigError, IssuerConfig
from tdh.doctor.finding import Finding, Part, trouble, unsure, well
from tdh.domain.errors import TDHError
from tdh.system import CheckedClock
from tdh.timestamping import clock_watch

ANSWER_SECONDS = 3.0


def settings(config: Config) -> Finding:
    """Those that must be chosen before the first letter."""
    if config.issuer.origin == IssuerConfig().origin:
        return trouble(
            Part.SETTINGS,
            Text(th="issuer.origin ยังเป็นค่าตัวอย่าง", en="issuer.origin is still the example's"),
            Text(
                th="ตั้งชื่อสมุดบันทึกก่อนสร้างกุญแจ ชื่อนี้เปลี่ยนภายหลังไม่ได้",
                en="name the log before keys are made: it keeps its name for ever",
            ),
        )
    origin = config.issuer.origin
    return well(Part.SETTINGS, f"อ่านการตั้งค่าได้ สมุดบันทึก {origin}", f"settings read, log {origin}")


async def outsiders(config: Config) -> tuple[Finding, ...]:
    """A line where [anchor] names whom the anchor program could not ask; nobody is asked here."""
    try:
        async with AsyncExitStack() as closing:
            anchoring.outsiders(config, CheckedClock(), closing)
    except ConfigError as error:
        text = Text(th=f"การตั้งค่าไม่ถูกต้อง: {error}", en=f"bad setting: {error}")
        advice = Text(
            th="แก้ [anchor] ก่อน tdh-anchor จึงจะเริ่มได้ ดู deploy/tdh.example.toml",
            en="mend [anchor], or tdh-anchor does not start; see deploy/tdh.example.toml",
        )
        return (trouble(Part.SETTINGS, text, advice),)
    return ()


async def database(opened: Database | TDHError) -> Finding:
    """Whether it answers and has this version's schema."""
    advice = Text(
        th="ตรวจ database.dsn และเซิร์ฟเวอร์ PostgreSQL", en="see to database.dsn and the server"
    )
    if isinstance(opened, TDHError):
        text = Text(th=f"ใช้ฐานข้อมูลไม่ได้: {opened}", en=f"the database cannot be used: {opened}")
        return trouble(Part.DATABASE, text, advice)
    try:
        missing = await PostgresDoctor(opened).missing_migrations()
    except TDHError as error:
        text = Text(th=f"ฐานข้อมูลขัดข้อง: {error}", en=f"the database fails: {error}")
        return trouble(Part.DATABASE, text, Text(th="สั่ง tdh migrate", en="run tdh migrate"))
    if missing:
        names = ", ".join(missing)
        text = Text(th=f"โครงสร้างยังไม่ครบ: {names}", en=f"the schema lacks {names}")
        return trouble(Part.DATABASE, text, Text(th="สั่ง tdh migrate", en="run tdh migrate"))
    return well(
        Part.DATABASE, "ฐานข้อมูลตอบ โครงสร้างครบ", "the database answers; its schema is whole"
    )


async def message_broker(config: Config) -> Finding:
    """Whether both virtual hosts let us in."""
    for url in (broker.work_url(config), broker.partner_url(config)):
        link = Link(url, name="tdh-doctor", timeout_seconds=ANSWER_SECONDS)
        try:
            await link.channel()
        except (BrokerUnavailable, AccessRefused) as error:
            text = Text(th=f"ใช้ตัวกลางข้อความไม่ได้: {error}", en=f"the broker cannot be used: {error}")
            advice = Text(
                th="ตรวจ amqp.url และ RabbitMQ แล้วสั่ง tdh migrate; งานรออยู่ในฐานข้อมูล",
                en="see to amqp.url and RabbitMQ, then tdh migrate; work waits in the database",
            )
            return trouble(Part.BROKER, text, advice)
        finally:
            await link.close()
    return well(Part.BROKER, "ตัวกลางข้อความตอบ", "the broker answers")


async def sealer(config: Config, now: datetime) -> tuple[Finding, Identity | None]:
    """Whether it answers and its clock agrees; and who it is."""
    client = SealerClient(config.sealer.socket, timeout_seconds=ANSWER_SECONDS)
    try:
        identity = await client.hello()
        await client.ping(now)
    except TDHError as error:
        text = Text(th=f"ผู้ประทับตรา: {error}", en=str(error))
        advice = Text(
            th="ไม่มีการรับฝากจนกว่าจะแก้ ดู journalctl -u tdh-sealer",
            en="nothing is accepted until it works; see journalctl -u tdh-sealer",
        )
        return trouble(Part.SEALER, text, advice), None
    finally:
        await client.close()
    th = f"ผู้ประทับตราตอบ ยุคที่ {identity.epoch}"
    return well(Part.SEALER, th, f"the sealer answers, epoch {identity.epoch}"), identity


async def receipts(config: Config) -> Finding:
    """Whether somebody listens; it is asked for nothing."""
    path = config.receipts.socket
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, writer = await asyncio.open_unix_connection(path)
    except (OSError, TimeoutError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no answer"
        text = Text(
            th=f"โปรแกรมออกใบรับใช้ไม่ได้: {path}: {why}",
            en=f"the maker of receipts cannot be reached: {path}: {why}",
        )
        advice = Text(
            th="เริ่ม tdh-receipts; ใบรับออกภายหลังได้",
            en="start tdh-receipts; receipts can be made later",
        )
        return trouble(Part.RECEIPTS, text, advice)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return well(Part.RECEIPTS, "โปรแกรมออกใบรับตอบ", "the maker of receipts listens")


async def clock(config: Config) -> Finding:
    """By time servers where some are named, else by what the kernel says."""
    advice = Text(
        th="ติดตั้งและตรวจ chrony (chronyc tracking) และ tsa.ntp",
        en="run chrony, see chronyc tracking, and tsa.ntp",
    )
    if config.tsa.ntp and (watch := clock_watch(config)) is not None:
        await watch.look()
        if problem := watch.problem():
            text = Text(th=f"นาฬิกาเชื่อไม่ได้: {problem}", en=f"the clock is not trusted: {problem}")
            return trouble(Part.CLOCK, text, advice)
        return well(Part.CLOCK, "นาฬิกาตรงกับเครื่องแม่เวลา", "the clock agrees with the time servers")
    try:
        word = ask_kernel()
    except OSError as error:
        text = Text(th="ถามเคอร์เนลไม่ได้", en=f"the kernel does not tell of its clock: {error}")
        return unsure(Part.CLOCK, text, advice, counts=config.tsa.kernel_clock)
    if problem := word.problem(MAX_ACCURACY):
        text = Text(
            th="ไม่มีใครคุมนาฬิกา หรือนาฬิกาอาจคลาดเคลื่อนเกินไป",
            en=f"nobody keeps the clock right: {problem}",
        )
        if config.tsa.kernel_clock:
            return trouble(Part.CLOCK, text, advice)
        return unsure(Part.CLOCK, text, advice, counts=False)
    most = word.most_off / timedelta(milliseconds=1)
    return well(
        Part.CLOCK,
        f"นาฬิกามีผู้คุม คลาดเคลื่อนไม่เกิน {most:.0f} มิลลิวินาที",
        f"the clock is kept right, at most {most:.0f} ms off",
    )
