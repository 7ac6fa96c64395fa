"""Text out of hostile documents, made fit to be shown, kept and sealed.

What a certificate or a file names itself may hold characters that a database refuses (NUL), that
XML cannot carry (control characters, halves of surrogate pairs), or that let a screen show another
name than there is (marks that turn the direction of writing, Unicode Technical Report 36, 2.5).
Each becomes U+FFFD, so that two names never become equal by leaving something out. Not looked at:
letters that look alike, and spaces of no width, which Thai text has.
"""

import re
from typing import Any

_REFUSED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def shown(text: str) -> str:
    """The text with U+FFFD for each character that must not be shown."""
    return _REFUSED.sub("\ufffd", text)


def is_shown(plain: Any) -> bool:
    """Whether every text in plain values of JSON may be shown as it is."""
    match plain:
        case str():
            return _REFUSED.search(plain) is None
        case list():
            return all(map(is_shown, plain))
        case dict():
            return all(map(is_shown, plain)) and all(map(is_shown, plain.values()))
        case _:
            return True


def all_shown(plain: Any) -> Any:
    """The same plain values, every text in them made fit."""
    match plain:
        case str():
            return shown(plain)
        case list():
            return [all_shown(item) for item in plain]
        case dict():
            return {name: all_shown(item) for name, item in plain.items()}
        case _:
            return plain
