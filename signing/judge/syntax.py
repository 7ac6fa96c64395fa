"""Reads the outline of one PDF object, allowing nothing that two readers could take differently.

ISO 32000-2, 7.3. Readers forgive much: a missing bracket, a comment in the middle, a wrong end of a
stream. In bytes that nobody signed there is no reason to forgive, and each forgiveness is a place
where one reader sees something else. This scanner builds no values; it says where the object ends.
Comments are refused inside objects.
"""

import re

_WHITE = rb"[\x00\t\n\x0c\r ]"
_DELIMITED = rb"(?=[\x00\t\n\x0c\r ()<>\[\]{}/%])"
_SPACE = re.compile(_WHITE + rb"*")
_HEAD = re.compile(rb"\d{1,10}%s+\d{1,5}%s+obj%s" % (_WHITE, _WHITE, _DELIMITED))
_ATOM = re.compile(
    rb"\d{1,10}%s+\d{1,5}%s+R%s" % (_WHITE, _WHITE, _DELIMITED)
    + rb"|[+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})" + _DELIMITED
    + rb"|(?:true|false|null)" + _DELIMITED
    + rb"|<(?:[0-9A-Fa-f]|%s)*>" % _WHITE
)  # fmt: skip
_NAME = re.compile(rb"/(?:[!\"$&'*-.0-;=?-Z\\^-z|~\x80-\xff]|#[0-9A-Fa-f]{2}){0,127}" + _DELIMITED)
_IN_STRING = re.compile(rb"[()\\]")
_STREAM = re.compile(rb"stream(?:\r\n|\n)")
_END_OF_STREAM = re.compile(rb"(?:\r\n|\n|\r)?endstream" + _DELIMITED)
_END_OF_OBJECT = re.compile(rb"endobj(?=%s|$)" % _WHITE)
_MAX_DEPTH = 64


class Ambiguous(ValueError):
    """The bytes are no plainly written object."""


def object_end(data: bytes, place: int, stream_length: int | None) -> int:
    """Where the object at a place ends, behind `endobj`. Give its length if it is a stream.

    Raises:
        Ambiguous: readers could differ on it.

    """
    position = value_end(data, _space_end(data, _expect(_HEAD, data, place)))
    position = _space_end(data, position)
    if stream_length is not None:
        position = _expect(_STREAM, data, position) + stream_length
        position = _space_end(data, _expect(_END_OF_STREAM, data, position))
    return _expect(_END_OF_OBJECT, data, position)


def value_end(data: bytes, position: int) -> int:
    """Where the value at a position ends."""
    open_brackets: list[bytes] = []
    key_is_next = False
    while True:
        closing = open_brackets[-1] if open_brackets else b""
        if closing and data.startswith(closing, position):
            if closing == b">>" and not key_is_next:
                raise Ambiguous(f"a key without a value at {position}")
            position += len(closing)
            open_brackets.pop()
        elif key_is_next:
            position = _space_end(data, _expect(_NAME, data, position))
            key_is_next = False
            continue
        elif data.startswith((b"<<", b"["), position):
            opening = b">>" if data.startswith(b"<<", position) else b"]"
            open_brackets.append(opening)
            if len(open_brackets) > _MAX_DEPTH:
                raise Ambiguous("too deep")
            position = _space_end(data, position + len(opening))
            key_is_next = opening == b">>"
            continue
        else:
            position = _simple_end(data, position)
        if not open_brackets:
            return position
        key_is_next = open_brackets[-1] == b">>"
        position = _space_end(data, position)


def _simple_end(data: bytes, position: int) -> int:
    if data.startswith(b"(", position):
        return _string_end(data, position)
    return _expect(_NAME if data.startswith(b"/", position) else _ATOM, data, position)


def _string_end(data: bytes, position: int) -> int:
    depth = 0
    while match := _IN_STRING.search(data, position):
        position = match.end()
        if match.group() == b"\\":
            position += 1
        else:
            depth += 1 if match.group() == b"(" else -1
            if not depth:
                return position
    raise Ambiguous("a string without an end")


def _space_end(data: bytes, position: int) -> int:
    match = _SPACE.match(data, position)
    return match.end() if match else position


def _expect(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    match = pattern.match(data, position)
    if match is None:
        raise Ambiguous(f"not plainly written at {position}")
    return match.end()
