"""Text of others as it may stand on a page: nothing invisible, nothing that turns the line round.

The page's typeface has Thai, Latin and common signs. Whatever else a name or subject has is shown
by its number, so that two texts never look alike, and every page can be made. Pure.
"""

import unicodedata

_SIGNS = frozenset("–—‘’“”•…€°±×÷§«»¶©®·")
_FIRST_PRINTABLE, _LAST_ASCII, _LATIN_1 = 0x20, 0x7E, range(0xC0, 0x100)
_THAI = frozenset(map(chr, (*range(0x0E01, 0x0E3B), *range(0x0E3F, 0x0E5C))))
_BLANKS = frozenset("\t\n\r\x0b\x0c\x85\u00a0\u2028\u2029")
ELLIPSIS = "…"


def shown(text: str, most: int) -> str:
    """The text in at most so many characters of the typeface."""
    composed = unicodedata.normalize("NFC", text)
    out = "".join(map(_character, composed[: most * 2]))
    out = " ".join(out.split())
    return out if len(out) <= most else out[: most - 1].rstrip() + ELLIPSIS


def _character(one: str) -> str:
    if _FIRST_PRINTABLE <= ord(one) <= _LAST_ASCII or ord(one) in _LATIN_1:
        return one
    if one in _THAI or one in _SIGNS:
        return one
    return " " if one in _BLANKS else f"[U+{ord(one):04X}]"


def in_fours(digest: bytes) -> str:
    """Hexadecimal in groups of four."""
    text = digest.hex()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def masked_party(party: str) -> str:
    """A party's number: a citizen's in part only, as on Thai papers; others in full."""
    scheme, _, value = party.partition(":")
    if scheme == "th-citizen-id" and len(value) == 13:  # noqa: PLR2004 - its length
        return f"{value[0]}-{value[1:5]}-xxxxx-{value[10:12]}-{value[12]}"
    return shown(value, 40)
