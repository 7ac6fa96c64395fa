"""What a document is, in lines for people: its signature, who signed, who scanned it."""

from collections.abc import Mapping
from types import MappingProxyType

from tdh.cli.client import Plain

_VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "TOTAL_PASSED": "ลายมือชื่อถูกต้อง / signature valid",
        "TOTAL_FAILED": "ลายมือชื่อตรวจไม่ผ่าน / signature NOT valid",
        "INDETERMINATE": "ยังสรุปผลลายมือชื่อไม่ได้ / signature cannot be told",
        "NO_SIGNATURE": "ไม่มีลายมือชื่อ / unsigned",
        "not-judged": "ไม่ได้ตรวจลายมือชื่อ / not judged",
    }
)
_MATCHES: Mapping[str, str] = MappingProxyType(
    {
        "same-person": "ผู้ลงนามคือผู้ส่ง / signed by the sender",
        "same-organisation": "ผู้ลงนามอยู่ในหน่วยงานผู้ส่ง / signed by the sender's organisation",
        "other": "!  ผู้ลงนามเป็นผู้อื่น ไม่ใช่ผู้ส่ง / signed by somebody else than the sender",
        "unknown": "!  ใบรับรองไม่ระบุว่าเป็นผู้ส่ง / the certificate does not say it is the sender's",
    }
)


def judged(document: Plain) -> list[str]:
    """Lines about one document of any answer; one of a submission says it in `signature` only."""
    signature = document.get("signature") or {}
    verdict = document.get("verdict") or signature.get("indication") or "not-judged"
    match = document.get("sender_match") or signature.get("sender_match")
    scanner = document.get("scanned_by")
    lines = [_VERDICTS.get(verdict.partition("/")[0], verdict)]
    if match is not None:
        lines.append(_MATCHES.get(match, match))
    if scanner is not None:
        lines.append(f"ไม่พบมัลแวร์ / no malware found ({scanner})")
    return lines
