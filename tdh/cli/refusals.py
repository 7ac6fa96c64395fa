"""What a refusal of the service means to whoever wrote a command.

The service's advice speaks to programs, of requests and headers. Where a command or an option is
what helps, it stands here instead; `--json` gives the service's own words.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Advice = tuple[str, str]
"""Thai, English; two empty ones say nothing more."""

_AGAIN: Advice = ("ยังไม่มีการบันทึกสิ่งใด ลองใหม่ภายหลัง", "Nothing was recorded. Try again later.")
_SAME: Advice = (
    "สั่งซ้ำได้ การส่งหนังสือให้ใช้ --idempotency-key เดิม",
    "Run the command again; to send a letter, with the same --idempotency-key.",
)
_OURS: Advice = (
    "เป็นความผิดพลาดของระบบ โปรดแจ้งผู้ให้บริการ",
    "The fault is the service's: tell its operator.",
)
_VERSIONS: Advice = (
    "คำสั่งนี้กับบริการอาจเป็นคนละรุ่น",
    "This command and the service may be of different versions.",
)

ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        "invalid-request": ("", ""),  # the error itself says it
        "malformed-body": _VERSIONS,
        "method-not-allowed": _VERSIONS,
        "not-acceptable": _VERSIONS,
        "unsupported-media-type": _VERSIONS,
        "uploads-not-available": _VERSIONS,
        "timestamp-query-required": _VERSIONS,
        "content-encoding-refused": _VERSIONS,
        "expectation-failed": _VERSIONS,
        "digest-algorithm-not-supported": _VERSIONS,
        "too-large": ("ลดขนาดเอกสารลง", "Send smaller documents."),
        "idempotency-key-required": ("ระบุ --idempotency-key", "Give --idempotency-key."),
        "idempotency-mismatch": (
            "ใช้ --idempotency-key ใหม่กับหนังสือใหม่ หรือไม่ระบุ",
            "Give a new letter a new --idempotency-key, or none.",
        ),
        "unauthenticated": (
            "ตรวจสอบไฟล์โทเคน: --token-file หรือ TDH_TOKEN_FILE",
            "Check the token's file: --token-file, or TDH_TOKEN_FILE.",
        ),
        "not-accepted-yet": ("ลงรับก่อน: tdh accept dlv_…", "Accept it first: tdh accept dlv_…"),
        "illegal-transition": ("ดูสถานะ: tdh show dlv_…", "See where it stands: tdh show dlv_…"),
        "no-receipt-for-this-event": (
            "หลักฐานของเหตุการณ์มีอยู่: tdh evidence evd_… -o โฟลเดอร์",
            "Its evidence is there: tdh evidence evd_… -o FOLDER",
        ),
        "not-logged-yet": (
            "โดยมากภายในหนึ่งวินาที รอได้นานขึ้นด้วย --wait",
            "Mostly within a second; --wait waits for longer.",
        ),
        "outcome-unknown": _SAME,
        "request-timeout": _SAME,
        "too-slow": _SAME,
        "mailbox-closed": _SAME,
        "not-due-yet": _SAME,
        "idempotency-in-progress": _SAME,
        "receipt-maker-unavailable": _SAME,
        "internal": _OURS,
        "commit-unknown": _OURS,
        "log-diverged": _OURS,
        "integrity-failure": _OURS,
        "segment-missing": _OURS,
        **dict.fromkeys(
            (
                "clock-disagrees", "service-unavailable", "storage-unavailable", "storage-full",
                "key-unavailable", "unwrap-refused", "sealing-unavailable", "judge-unavailable",
                "scanner-unavailable", "judge-busy", "conflict",
            ),
            _AGAIN,
        ),
    }
)  # fmt: skip
_TITLES: Mapping[str, Advice] = MappingProxyType(
    {
        "idempotency-key-required": ("ต้องมีคีย์ของการส่ง", "A key for the submission is required"),
        "idempotency-mismatch": (
            "คีย์นี้ใช้กับหนังสืออื่นไปแล้ว",
            "This key was used for another letter",
        ),
    }
)


def advice(problem: Mapping[str, Any]) -> Advice:
    """What to do about it; the service's own advice where that is for people too."""
    code = str(problem.get("code"))
    if code == "invalid-request" and not problem.get("errors"):
        return "ดูวิธีใช้ด้วย --help", "See --help."
    return ADVICE.get(code) or (str(problem.get("advice_th", "")), str(problem.get("advice", "")))


def title(problem: Mapping[str, Any]) -> Advice:
    """What was refused."""
    own = (str(problem.get("title_th", "")), str(problem.get("title", "")))
    return _TITLES.get(str(problem.get("code")), own)
