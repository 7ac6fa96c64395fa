"""Lexical rules shared by the texts of a transparency log: canonical decimals and Base64.

One value has one spelling (c2sp.org/signed-note, tlog-checkpoint, tlog-proof), so that two
different texts never mean the same thing. Readers answer None for any other spelling; the caller
knows the right error. Never does I/O.
"""

import base64
import binascii
import re
import unicodedata

MAX_COUNT = 2**63 - 1
"""Largest size or index that the other implementations of these formats can hold."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def read_decimal(text: str) -> int | None:
    """Return the number, or None if it has leading zeros, a sign, or exceeds MAX_COUNT."""
    if not _DECIMAL.fullmatch(text):
        return None
    number = int(text)
    return number if number <= MAX_COUNT else None


def write_base64(data: bytes) -> str:
    """Return standard Base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode("ascii")


def read_base64(text: str) -> bytes | None:
    """Return the bytes, or None for anything that `write_base64` would not have written."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The decoder ignores stray bits before the padding; only re-encoding shows them.
    return data if write_base64(data) == text else None


def has_control_characters(text: str) -> bool:
    """Whether a text could break out of its line, or cannot be written as UTF-8.

    Counts control characters (C0, DEL, C1), the line and paragraph separators of Unicode, and
    lone surrogates.
    """
    return any(unicodedata.category(character) in {"Cc", "Zl", "Zp", "Cs"} for character in text)
