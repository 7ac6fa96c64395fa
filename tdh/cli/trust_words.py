"""How anchors are shown: as a line, as JSON, and as a fingerprint to compare with paper."""

from datetime import datetime

from asn1crypto import x509

from signing.trust import Anchor
from signing.trust_list import spell, spell_terms

DIGITS = 16
"""Digits of a digest that tell one anchor from another."""


def plain(anchor: Anchor, now: datetime) -> dict[str, object]:
    """For `--json`; times as RFC 3339, None for no limit."""
    return {
        "sha256": anchor.sha256,
        "roles": sorted(anchor.roles),
        "from": None if anchor.valid_from is None else spell(anchor.valid_from),
        "until": None if anchor.valid_until is None else spell(anchor.valid_until),
        "in_force": in_force(anchor, now),
        "subject": subject(anchor.der),
    }


def row(anchor: Anchor, now: datetime) -> str:
    """One line for the terminal; the mark tells whether it is in force."""
    mark = "●" if in_force(anchor, now) else "○"
    terms = spell_terms(anchor.roles, anchor.valid_from, anchor.valid_until)
    return f"{mark} {anchor.sha256[:DIGITS]}  {terms}  {subject(anchor.der)}"


def in_force(anchor: Anchor, now: datetime) -> bool:
    """Whether it vouches for anything now."""
    begun = anchor.valid_from is None or anchor.valid_from <= now
    return begun and (anchor.valid_until is None or now < anchor.valid_until)


def subject(der: bytes) -> str:
    """Whom the certificate names, without what would steer a terminal."""
    text: str = x509.Certificate.load(der).subject.human_friendly
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def warning(der: bytes) -> str | None:
    """What an operator who adds this certificate should think about again."""
    if x509.Certificate.load(der).ca:
        return None
    return (
        "ใบรับรองนี้ไม่ใช่ของผู้ให้บริการออกใบรับรอง จึงใช้ยืนยันได้เพียงผู้ถือเอง / "
        "this is no authority's certificate: it vouches for its own holder only"
    )


def fingerprint(sha256: str) -> str:
    """The digest as other programs and paper show it."""
    return "SHA-256 " + ":".join(sha256[n : n + 2] for n in range(0, 64, 2)).upper()
