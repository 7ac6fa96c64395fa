"""Text as Canonical XML 1.1 spells it, for XML that is written canonical in the first place.

Implements the escapes of Canonical XML 1.1, section 2.3, and refuses what XML 1.0 cannot carry.
Never parses anything.
"""

import re

from signing.errors import ProofError

_ABOVE = "\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
_PLAIN_TEXT = re.compile(f"[\t\n\x20-\x25\x27-\x3b\x3d\x3f-{_ABOVE}]*")
_PLAIN_VALUE = re.compile(f"[\x20\x21\x23-\x25\x27-\x3b\x3d-{_ABOVE}]*")
_CHARACTERS = re.compile(f"[\t\n\r\x20-{_ABOVE}]*")
"""XML 1.0, production 2: no control characters but these three, no surrogates."""
_TEXT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_VALUE_ESCAPES = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        '"': "&quot;",
        "\t": "&#x9;",
        "\n": "&#xA;",
        "\r": "&#xD;",
    }
)


class NotXmlText(ProofError):
    """A text with a character that XML 1.0 cannot carry."""

    code = "not-xml-text"


def text(value: str) -> str:
    """The value as content of an element. Raises NotXmlText."""
    if _PLAIN_TEXT.fullmatch(value):
        return value
    _check(value)
    return value.translate(_TEXT_ESCAPES)


def attribute(value: str) -> str:
    """The value as it stands between the quotes of an attribute. Raises NotXmlText."""
    if _PLAIN_VALUE.fullmatch(value):
        return value
    _check(value)
    return value.translate(_VALUE_ESCAPES)


def _check(value: str) -> None:
    if not _CHARACTERS.fullmatch(value):
        raise NotXmlText("a text has a control character or half a surrogate pair")
