"""Reads PDF values in their plainest spelling (ISO 32000-2, 7.3); anything else is not understood.

Stricter than the standard and than every reader it stands beside: no comments, no `#` escapes in
names, no white space but tab, line ends and blanks, every reference to generation 0. What it reads
has one meaning to all readers. Never repairs, never guesses.
"""

import re
from typing import Any, Final, NamedTuple

MAX_DEPTH: Final = 32
MAX_TOKENS: Final = 20_000
"""In one document: a token costs a microsecond."""

WHITE: Final = rb"[\t\n\x0c\r ]"
_NAME = rb"/[!\"$&'*+,\-.0-9:;=?@A-Z\\^_`a-z|~]+"
_BREAK = rb"(?=[\t\n\x0c\r ()<>\[\]/])"
_TEXT = rb"\(((?:[^()\\]++|\\(?:[()\\nrtbf]|[0-3][0-7][0-7]))*+)\)"
# Possessive repeats (`++`, `*+`): no spelling costs more than one pass.
_TOKEN = re.compile(
    rb"%s*(?:(%s)%s|([1-9][0-9]{0,6}) 0 R%s|([+-]?[0-9]{1,10})%s|(>>)|(<<)|(\])|(\[)"
    rb"|%s|<([0-9A-Fa-f]*+)>|(true|false|null)%s|([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+))%s)"
    % (WHITE, _NAME, _BREAK, _BREAK, _BREAK, _TEXT, _BREAK, _BREAK)
)
_OCTAL = re.compile(rb"\\([0-3][0-7][0-7])")
(_A_NAME, _REFERENCE, _INTEGER, _DICT_END, _DICT, _ARRAY_END, _ARRAY, _LITERAL, _HEX, _WORD) = (
    range(1, 11)
)
_BEGINS: Final = frozenset({_DICT, _ARRAY})
_ENDS: Final = frozenset({_DICT_END, _ARRAY_END})
_NAMES_ONLY: Final = frozenset({bytes})
_WORDS: Final = {b"true": True, b"false": False, b"null": None}


class NotUnderstood(Exception):
    """The document is not of the plain kind that the fast lane knows; says nothing bad of it."""


class Reference(int):
    """Number of an indirect object; its generation is 0."""

    __slots__ = ()


class Text(NamedTuple):
    """A string as it is spelled, without brackets, and where it stands with them."""

    spelled: bytes
    is_hex: bool
    start: int
    end: int

    @property
    def plain(self) -> bytes:
        """What a literal string means, where every byte of it is spelled by itself or in octal."""
        if self.is_hex:
            raise NotUnderstood("a string in hexadecimal")
        return _OCTAL.sub(lambda digits: bytes([int(digits[1], 8)]), self.spelled)


class Real(NamedTuple):
    """A number with a fraction; nothing here needs its value."""

    spelled: bytes


Value = Any
"""None, bool, int, Real, Reference, Text, bytes (a name with its slash), list, dict of names."""


class Tokens:
    """Counts what was read of one document."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        """Begin a document."""
        self.left = MAX_TOKENS


def read_value(data: bytes, place: int, tokens: Tokens) -> tuple[Value, int]:
    """Read one value; give it and the place behind it. Raises NotUnderstood."""
    match = _TOKEN.match
    outer: list[tuple[list[Value], bool]] = []
    items: list[Value] = []
    in_dict = False
    left = tokens.left
    value: Value
    while True:
        found = match(data, place)
        left -= 1
        if found is None or left < 0:
            raise NotUnderstood("no plain value")
        kind, place = found.lastindex, found.end()
        if kind == _A_NAME:
            value = found[_A_NAME]
        elif kind == _REFERENCE:
            value = Reference(found[_REFERENCE])
        elif kind == _INTEGER:
            value = int(found[_INTEGER])
        elif kind in _BEGINS:
            if len(outer) >= MAX_DEPTH:
                raise NotUnderstood("nested too deeply")
            outer.append((items, in_dict))
            items, in_dict = [], kind == _DICT
            continue
        elif kind in _ENDS:
            if not outer or in_dict != (kind == _DICT_END):
                raise NotUnderstood("brackets that do not match")
            value = _dictionary(items) if in_dict else items
            items, in_dict = outer.pop()
        else:
            value = _other(found, kind)
        if not outer:
            tokens.left = left
            return value, place
        items.append(value)


def _other(found: re.Match[bytes], kind: int | None) -> Value:
    if kind == _LITERAL:
        start, end = found.span(_LITERAL)
        return Text(found[_LITERAL], False, start - 1, end + 1)
    if kind == _HEX:
        start, end = found.span(_HEX)
        if (end - start) % 2:
            raise NotUnderstood("half a byte")
        return Text(found[_HEX], True, start - 1, end + 1)
    if kind == _WORD:
        return _WORDS[found[_WORD]]
    return Real(found[_WORD + 1])


def _dictionary(items: list[Value]) -> dict[bytes, Value]:
    keys = items[::2]
    made = dict(zip(keys, items[1::2], strict=False))
    if len(items) != 2 * len(made) or not set(map(type, keys)) <= _NAMES_ONLY:
        raise NotUnderstood("a dictionary without names or with one twice")
    return made
