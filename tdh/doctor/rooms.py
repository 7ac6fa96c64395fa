"""Where things lie: disks, parked work, and the judge's trust store."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from signing import trust_store
from signing.errors import ProofError
from signing.trust import NOTE
from signing.verify.report import Text
from storage.database import Database
from storage.outbox import PostgresOutbox
from storage.trust_stores import PostgresTrustStores
from tdh.config import Config
from tdh.doctor.finding import Finding, Part, trouble, unsure, well
from tdh.trust import verifier_of

LEAST_FREE, FEW_FREE = 0.05, 0.15
"""Shares of a disk: less than the first is trouble, less than the second will be."""
_GIB = 1 << 30


def disks(config: Config) -> Iterator[Finding]:
    """Room for documents, the log's files and the sealer's ledger."""
    folders = {
        "vault": config.vault.folder,
        **{f"vault {n}": path for n, path in enumerate(config.vault.extra_folders, start=2)},
        "log": config.log.folder,
        "sealer": config.sealer.state,
    }
    for name, path in folders.items():
        yield _disk(name, path)


def _disk(name: str, path: Path) -> Finding:
    try:
        found = shutil.disk_usage(path)
    except OSError as error:
        text = Text(
            th=f"{name}: ดูพื้นที่ {path} ไม่ได้", en=f"{name}: {path} cannot be seen: {error.strerror}"
        )
        advice = Text(
            th="สั่งด้วยบัญชีที่เห็นโฟลเดอร์นี้ หรือสร้างโฟลเดอร์",
            en="run this as an account that may see it, or make the folder",
        )
        return unsure(Part.DISK, text, advice, counts=False)
    share, gib = found.free / found.total, found.free / _GIB
    text = Text(
        th=f"{name}: ว่าง {gib:.1f} GiB ({share:.0%}) ที่ {path}",
        en=f"{name}: {gib:.1f} GiB free ({share:.0%}) at {path}",
    )
    advice = Text(th="เพิ่มพื้นที่: เมื่อเต็มจะไม่มีการรับฝาก", en="make room: a full disk accepts no letter")
    if share < LEAST_FREE and gib < 20:  # noqa: PLR2004 - GiB; a share of a large disk is much
        return trouble(Part.DISK, text, advice)
    if share < FEW_FREE and gib < 100:  # noqa: PLR2004 - as above
        return unsure(Part.DISK, text, advice)
    return well(Part.DISK, text.th, text.en)


async def outbox(database: Database, now: datetime) -> Finding:
    """Work that waits for an operator, or for its turn."""
    pressure = await PostgresOutbox(database).pressure(now)
    parked, due = sum(one.parked for one in pressure), sum(one.due for one in pressure)
    if parked:
        text = Text(
            th=f"มีงานที่พักไว้ {parked} รายการ", en=f"{parked} rows are parked: nobody does them"
        )
        advice = Text(
            th="tdh admin parked list แล้ว tdh admin parked replay",
            en="tdh admin parked list, then tdh admin parked replay",
        )
        return trouble(Part.OUTBOX, text, advice)
    return well(Part.OUTBOX, f"งานถึงกำหนดรอ {due} รายการ ไม่มีงานพัก", f"{due} rows due, none parked")


async def trust(config: Config, database: Database | None, now: datetime) -> Finding:
    """Whose signatures count: signed, known to the log, and how old."""
    folder, verifier = config.judge.trust, verifier_of(config.judge)
    if verifier is None:
        text = Text(
            th=f"คลังความเชื่อถือ {folder} ไม่มีลายเซ็น", en=f"the trust store {folder} is unsigned"
        )
        advice = Text(
            th="tdh admin trust init และตั้ง judge.trust_key (docs/trust.md)",
            en="tdh admin trust init, and set judge.trust_key (docs/trust.md)",
        )
        return unsure(Part.TRUST, text, advice, counts=False)
    try:
        signed = trust_store.open_store(folder, verifier).signed
    except ProofError as error:
        text = Text(th=f"คลังความเชื่อถือใช้ไม่ได้: {error}", en=f"the trust store: {error}")
        advice = Text(
            th=f"กู้โฟลเดอร์ที่มี {NOTE} รุ่นล่าสุด", en=f"restore the folder with its newest {NOTE}"
        )
        return trouble(Part.TRUST, text, advice)
    newest = None if database is None else await PostgresTrustStores(database).newest()
    version, age = signed.listed.version, (now - signed.listed.time).days
    if newest is not None and newest.version > version:
        text = Text(
            th=f"คลังความเชื่อถือรุ่น {version} เก่ากว่ารุ่น {newest.version} ในสมุดบันทึก",
            en=f"the trust store is version {version}, the log knows {newest.version}",
        )
        advice = Text(th="กู้โฟลเดอร์รุ่นใหม่กว่า", en="restore the newer folder")
        return trouble(Part.TRUST, text, advice)
    return well(
        Part.TRUST,
        f"คลังความเชื่อถือรุ่น {version} อายุ {age} วัน",
        f"the trust store is version {version}, {age} days old",
    )
