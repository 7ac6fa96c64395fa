"""Words about the service's own keys, for `tdh admin key` and `tdh doctor`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from signing.new_key import NewKey
from signing.sealer.key_files import FORMER_LOG_KEY, POST_QUANTUM_KEY
from tdh.config import Config
from tdh.domain.service_keys import (
    Compromise,
    KeyUse,
    RecordedKey,
    Retirement,
    ServiceKey,
    problem_with,
    shown,
)

USES: Mapping[KeyUse, str] = MappingProxyType(
    {
        KeyUse.SEAL: "ตราประทับ / seal",
        KeyUse.LOG: "สมุดบันทึก / log",
        KeyUse.LOG_MLDSA: "สมุดบันทึก (หลังควอนตัม) / log, post-quantum",
        KeyUse.TIMESTAMP: "ประทับเวลา / timestamp",
        KeyUse.RECEIPT: "ใบรับ / receipts",
    }
)


def row(one: RecordedKey, all_of_them: Sequence[RecordedKey], now: datetime) -> str:
    """One line of a list."""
    key = one.key
    problem = problem_with(key, all_of_them, now)
    sign = "✗" if problem else "✓"
    end = "-" if key.ends_at is None else f"{(key.ends_at - now).days} วัน/days"
    said = f"  {problem}" if problem else ""
    if not problem and one.retires_at is not None:
        said = f"  เลิกใช้ / retires {instant(one.retires_at)}"
    since = instant(one.in_service_at)
    return f"{sign} {key.use:10} {shown(key.key)}  {since}  {end:>14}  {USES[key.use]}{said}"


def plain(one: RecordedKey, all_of_them: Sequence[RecordedKey], now: datetime) -> dict[str, Any]:
    """The same for JSON."""
    key = one.key
    return {
        "use": key.use.value,
        "key": key.key.hex(),
        "certificate": None if key.certificate is None else key.certificate.hex(),
        "ends_at": instant_or_none(key.ends_at),
        "in_service_at": instant(one.in_service_at),
        "retires_at": instant_or_none(one.retires_at),
        "compromised_since": instant_or_none(one.compromised_since),
        "problem": problem_with(key, all_of_them, now),
    }


def after_new_key(made: NewKey) -> list[str]:
    """What was made, and what the operator does next."""
    lines = [
        f"{USES[made.use]}: {made.key_file}",
        f"SHA-256 (SPKI): {made.key.hex()}",
    ]
    rotate = f"tdh admin key rotate --use {made.use}"
    if made.request_file is None:
        return [
            *lines,
            f"vkey: {made.vkey}",
            "ขั้นต่อไป / next:",
            "  บันทึกกุญแจใหม่ แล้วจึงวางไฟล์ / enter the new key in the log, then put the file in place:",
            f"     {rotate} --vkey '{made.vkey}'",
        ]
    return [
        *lines,
        f"คำขอใบรับรอง / request for a certificate: {made.request_file}",
        "ขั้นต่อไป / next:",
        "  1. ส่งคำขอให้ผู้ออกใบรับรอง และเทียบ SHA-256 ทางช่องทางอื่น",
        "     send the request to your authority; compare the SHA-256 on another channel",
        "  2. เมื่อได้ใบรับรอง / once it has given a certificate (then its issuers, PEM):",
        f"     {rotate} --certificate CERTIFICATE --trust trust.json",
    ]


def after_rotation(
    config: Config, new: ServiceKey, retirements: Sequence[Retirement], *, changed: bool
) -> list[str]:
    """What was entered, and what the operator does next."""
    done = "บันทึกแล้ว / entered" if changed else "เป็นเช่นนี้อยู่แล้ว / it was so already"
    lines = [f"{done}: {new.use} {shown(new.key)}"]
    lines += [f"เลิกใช้ / retires: {shown(one.key)} {instant(one.at)}" for one in retirements]
    return [*lines, "ขั้นต่อไป / next:", *_steps(config, new.use)]


def _steps(config: Config, use: KeyUse) -> list[str]:
    keys, receipts = config.sealer.keys, config.receipts.keys
    also = [
        "  3. หากรากเปลี่ยน / where the root is new: tdh admin trust-file publish trust.json",
        f"     cp trust.json {receipts / 'trust.json'} (*.crl)",
    ]
    match use:
        case KeyUse.SEAL | KeyUse.TIMESTAMP:
            name = "seal" if use is KeyUse.SEAL else "tsa"
            return [
                "  1. วางกุญแจและใบรับรองใหม่ / put the new key and its certificate at",
                f"     {keys / f'{name}-key.pem'} (sealer.{name}_token)",
                f"     {keys / f'{name}-certificate.pem'}",
                "  2. เริ่ม tdh-sealer ใหม่ก่อนกุญแจเดิมสิ้นสุด",
                "     restart the sealer before the old key ends",
                *also,
            ]
        case KeyUse.LOG:
            return [
                f"  1. mv {keys / 'log-key.pem'} {keys / FORMER_LOG_KEY}",
                f"     กุญแจใหม่ไว้ที่ / the new key at {keys / 'log-key.pem'}",
                "  2. เริ่ม tdh-sealer ใหม่ ทั้งสองกุญแจจะลงนาม / restart the sealer: both keys sign",
                "  3. เผยแพร่ไฟล์ความเชื่อถือที่มีทั้งสองกุญแจ",
                "     publish a trust file with both: tdh admin trust-file publish trust.json",
                f"     cp trust.json {receipts / 'trust.json'}",
                f"  4. เมื่อกุญแจเดิมสิ้นสุด / when the old key ends: rm {keys / FORMER_LOG_KEY}",
            ]
        case KeyUse.LOG_MLDSA:
            return [
                f"  1. วางกุญแจใหม่ / put it at {keys / POST_QUANTUM_KEY}",
                "  2. เริ่ม tdh-sealer ใหม่ / restart the sealer",
                "  3. tdh admin trust-file publish trust.json",
                f"     cp trust.json {receipts / 'trust.json'}",
            ]
        case KeyUse.RECEIPT:
            return [
                f"  1. วางกุญแจและใบรับรองใหม่ / put key and certificate into {receipts}",
                "  2. เริ่ม tdh-receipts ใหม่ / restart the maker of receipts",
                *also,
            ]


def after_compromise(key: ServiceKey, word: Compromise, *, changed: bool) -> list[str]:
    """What was entered, what follows from it, and what the operator does next."""
    done = "บันทึกแล้ว / entered" if changed else "บันทึกไว้ก่อนแล้ว / was known already"
    named = json.dumps({"key": word.key.hex(), "since": instant(word.since)})
    return [
        f"{done}: {key.use} {shown(word.key)} ตั้งแต่ / since {instant(word.since)}",
        "ผลที่ตามมา / what follows:",
        "  - ระบบเลิกใช้กุญแจนี้ภายในไม่กี่วินาที และ /readyz ไม่พร้อมหากเป็นตราประทับ",
        "    the service stops using it within seconds; a seal's end shows at /readyz",
        "  - สิ่งที่ผู้อื่นยืนยันไว้ก่อนเวลานี้ยังใช้ได้ นอกนั้นใช้ไม่ได้",
        "    what outsiders anchored before this moment stays valid, the rest does not count",
        "ขั้นต่อไป / next:",
        f"  1. tdh keys new --use {key.use} --out FOLDER; tdh admin key rotate --use {key.use} …",
        f'  2. เพิ่มใน / add to "compromised" of trust.json: {named}',
        "  3. tdh admin trust-file publish",
        "  4. แจ้งผู้ตรวจสอบทางช่องทางอื่นด้วย / tell verifiers on another channel too: docs/keys.md",
    ]


def instant(time: datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return time.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def instant_or_none(time: datetime | None) -> str | None:
    """The same, None for none."""
    return None if time is None else instant(time)
