"""What makes evidence provable: keys, the log, its anchors, the archive."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from signing.errors import ProofError
from signing.verify.report import Text
from signing.verify.voices import open_token
from storage.anchors import PostgresAnchors
from storage.archive import PostgresArchive
from storage.database import Database
from storage.doctor import PostgresDoctor
from storage.log import PostgresLogStore
from tdh.config import Config
from tdh.doctor.finding import Finding, Part, trouble, unsure, well
from tdh.domain.log import Anchor
from tdh.domain.service_keys import (
    WARN_BEFORE,
    KeyUse,
    RecordedKey,
    ServiceKey,
    problem_with,
    shown,
)

QUEUE_SECONDS = 3.0
"""An entry that waits longer than this has no sequencer; the promise is one second."""
ANCHOR_ROUNDS = 5
"""So many times the pause between anchors may pass without one."""
ARCHIVE_ENDS = timedelta(days=60)


def keys(
    in_use: Sequence[ServiceKey], recorded: Sequence[RecordedKey], now: datetime
) -> list[Finding]:
    """Each key in use: days to its end, and whether the log knows it."""
    known = {one.key for one in recorded}
    return [_key(key, recorded, now, is_known=key in known) for key in in_use]


def receipt_key(
    in_use: Sequence[ServiceKey], recorded: Sequence[RecordedKey], now: datetime
) -> Finding | None:
    """Why no receipts are made, by the newest key that the log knows and the one in its folder."""
    known = [one.key for one in recorded if one.key.use is KeyUse.RECEIPT]
    found = [*known[-1:], *(key for key in in_use if key.use is KeyUse.RECEIPT)]
    problems = (_given_up(Part.RECEIPTS, key, recorded, now) for key in found)
    return next((one for one in problems if one is not None), None)


def _key(
    key: ServiceKey, recorded: Sequence[RecordedKey], now: datetime, *, is_known: bool
) -> Finding:
    name = f"{key.use} {shown(key.key)}"
    if given_up := _given_up(Part.KEYS, key, recorded, now):
        return given_up
    if not is_known:
        text = Text(
            th=f"{name}: สมุดบันทึกยังไม่รู้จักกุญแจนี้", en=f"{name}: the log does not know this key yet"
        )
        advice = Text(
            th="กุญแจจะถูกบันทึกเมื่อบริการเริ่ม ดู journalctl -u tdh-sequencer",
            en="the service enters it when it starts; see journalctl -u tdh-sequencer",
        )
        return trouble(Part.KEYS, text, advice)
    if key.ends_at is None:
        return well(Part.KEYS, f"{name}: ไม่มีวันหมดอายุ", f"{name}: has no end")
    days = (key.ends_at - now).days
    text = Text(
        th=f"{name}: ใบรับรองเหลือ {days} วัน", en=f"{name}: its certificate ends in {days} days"
    )
    if key.ends_at - now < WARN_BEFORE:
        return unsure(Part.KEYS, text, _rotate(key))
    return well(Part.KEYS, text.th, text.en)


def _given_up(
    part: Part, key: ServiceKey, recorded: Sequence[RecordedKey], now: datetime
) -> Finding | None:
    problem = problem_with(key, recorded, now)
    if problem is None:
        return None
    said = f"{key.use} {shown(key.key)}: {problem}"
    return trouble(part, Text(th=said, en=said), _rotate(key))


def _rotate(key: ServiceKey) -> Text:
    steps = f"tdh keys new --use {key.use}, tdh admin key rotate --use {key.use} (docs/keys.md)"
    return Text(th=f"เปลี่ยนกุญแจ: {steps}", en=f"change it: {steps}")


async def log(database: Database, now: datetime) -> Finding:
    """The age of the newest head, and whether what waits is taken up."""
    doctor, head = PostgresDoctor(database), await PostgresLogStore(database).head()
    waiting, oldest = await doctor.queue()
    if waiting:
        stuck = oldest
        loop = asyncio.get_running_loop()
        end = loop.time() + QUEUE_SECONDS
        while waiting and oldest == stuck and loop.time() < end:
            await asyncio.sleep(0.2)
            waiting, oldest = await doctor.queue()
        if waiting and oldest == stuck:
            text = Text(
                th=f"สมุดบันทึกหยุดเดิน มี {waiting} รายการรออยู่",
                en=f"the log stands still: {waiting} entries wait",
            )
            advice = Text(
                th="ดู journalctl -u tdh-sequencer (log.diverged ต้องให้คนตัดสินใจ)",
                en="see journalctl -u tdh-sequencer; after log.diverged an operator must decide",
            )
            return trouble(Part.LOG, text, advice)
    if head is None:
        text = Text(th="สมุดบันทึกยังว่าง", en="the log has no head yet")
        return unsure(Part.LOG, text, counts=False)
    try:
        age = _ago(now - open_token(head.token).time)
    except ProofError:
        age = Text(th="?", en="?")
    return well(
        Part.LOG,
        f"สมุดบันทึก {head.size} รายการ หัวล่าสุดเมื่อ {age.th}ก่อน รออยู่ {waiting} รายการ",
        f"the log has {head.size} entries, its newest head is {age.en} old, {waiting} wait",
    )


async def anchors(config: Config, database: Database, now: datetime) -> Finding:
    """Who outside vouches for the log, and since when nobody did."""
    store = PostgresAnchors(database)
    size = await store.settled()
    found: Sequence[Anchor] = () if size is None else await store.of(size)
    named = (*config.anchor.witnesses, *config.anchor.authorities)
    if not found:
        text = Text(
            th="มีแต่คำของผู้ให้บริการ ไม่มีใครภายนอกยืนยันสมุดบันทึก",
            en="operator's word only: nobody outside vouches for the log",
        )
        advice = Text(
            th="ตั้ง anchor.witnesses หรือ anchor.authorities",
            en="name anchor.witnesses or anchor.authorities",
        )
        if named:
            see = Text(th="ดู journalctl -u tdh-anchor", en="see journalctl -u tdh-anchor")
            return trouble(Part.ANCHORS, text, see)
        return unsure(Part.ANCHORS, text, advice, counts=False)
    newest = max(one.time for one in found)
    names = ", ".join(dict.fromkeys(one.name for one in found))
    age = _ago(now - newest)
    text = Text(
        th=f"ยืนยันโดย {names} เมื่อ {age.th}ก่อน (หัวขนาด {size})",
        en=f"anchored by {names}, {age.en} ago (head of size {size})",
    )
    head = await PostgresLogStore(database).head()
    grown = head is not None and size is not None and head.size > size
    late = now - newest > timedelta(seconds=ANCHOR_ROUNDS * config.anchor.seconds)
    if grown and late:
        advice = Text(
            th="พยานหรือผู้ประทับเวลาไม่ตอบ ดู journalctl -u tdh-anchor",
            en="witnesses or authorities do not answer; see journalctl -u tdh-anchor",
        )
        return trouble(Part.ANCHORS, text, advice)
    return well(Part.ANCHORS, text.th, text.en)


async def archive(database: Database, now: datetime) -> Finding:
    """Whether evidence stays provable after certificates have ended."""
    found = await PostgresArchive(database).archived()
    if not found.rounds or found.until is None:
        text = Text(th="ยังไม่มีรอบของคลังหลักฐาน", en="the archive has no stamped round yet")
        return unsure(Part.ARCHIVE, text, counts=False)
    until = f"{found.until:%Y-%m-%d}"
    text = Text(
        th=f"คลังหลักฐาน {found.rounds} รอบ ไม่มีคนนอกประทับ {found.own_word} พิสูจน์ได้ถึง {until}",
        en=f"{found.rounds} archive rounds, {found.own_word} by our own word only, "
        f"provable until {until}",
    )
    renew = Text(th="สั่ง tdh audit renew", en="run tdh audit renew")
    if found.until <= now:
        return trouble(Part.ARCHIVE, text, renew)
    if found.until - now < ARCHIVE_ENDS:
        return unsure(Part.ARCHIVE, text, renew)
    return well(Part.ARCHIVE, text.th, text.en)


def _ago(age: timedelta) -> Text:
    """A length of time as people say it."""
    seconds = max(0, round(age.total_seconds()))
    for th, en, length in (("วัน", "d", 86400), ("ชั่วโมง", "h", 3600), ("นาที", "min", 60)):
        if seconds >= 2 * length:
            return Text(th=f"{seconds // length} {th}", en=f"{seconds // length} {en}")
    return Text(th=f"{seconds} วินาที", en=f"{seconds} s")
