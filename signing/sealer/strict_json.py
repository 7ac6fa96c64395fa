"""Taking values out of JSON whose every field is known; anything else is a FrameError."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar

from signing.sealer.errors import FrameError

Value = TypeVar("Value")
Fields = dict[str, object]
_MOST = 2**63 - 1
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def load(data: bytes) -> object:
    """Whatever JSON it is. Lone surrogates pass, for the evidence of that item to refuse them."""
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError) as exc:
        raise FrameError("not JSON") from exc
    return value


def dump(value: object) -> bytes:
    """Compact JSON; lone surrogates pass here too."""
    return _ENCODER.encode(value).encode("utf-8", "surrogatepass")


def fields(value: object, *names: str) -> Fields:
    """An object with exactly these fields."""
    if not isinstance(value, dict) or value.keys() != set(names):
        raise FrameError(f"not an object with {', '.join(names)}")
    return value


def items(value: object, read: Callable[[object], Value]) -> tuple[Value, ...]:
    """A list, each element read."""
    if not isinstance(value, list):
        raise FrameError("not a list")
    return tuple(map(read, value))


def text(value: object) -> str:
    """A string."""
    if not isinstance(value, str):
        raise FrameError("not a string")
    return value


def number(value: object) -> int:
    """A count that 63 bits hold."""
    if type(value) is not int or not 0 <= value <= _MOST:
        raise FrameError("not a number")
    return value


def hexadecimal(value: object) -> bytes:
    """Bytes in lower-case hexadecimal."""
    try:
        data = bytes.fromhex(text(value))
    except ValueError as exc:
        raise FrameError("not hexadecimal") from exc
    if data.hex() != value:
        raise FrameError("not hexadecimal in its one form")
    return data


def octets(value: object) -> bytes:
    """Bytes in Base64."""
    try:
        return base64.b64decode(text(value), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise FrameError("not Base64") from exc


def instant(value: object) -> datetime:
    """A time as `datetime.isoformat` writes it."""
    try:
        time = datetime.fromisoformat(text(value))
    except ValueError as exc:
        raise FrameError("not a time") from exc
    if time.isoformat() != value:
        raise FrameError("not a time in its one form")
    return time


def clock(value: object) -> datetime:
    """A time with a zone."""
    time = instant(value)
    if time.tzinfo is None:
        raise FrameError("the clock has no zone")
    return time


def truth(value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise FrameError("not true or false")
    return value


def day(value: object) -> date:
    """A date as `date.isoformat` writes it."""
    try:
        found = date.fromisoformat(text(value))
    except ValueError as exc:
        raise FrameError("not a date") from exc
    if found.isoformat() != value:
        raise FrameError("not a date in its one form")
    return found


def maybe(value: object, read: Callable[[object], Value]) -> Value | None:
    """Null, or what `read` takes."""
    return None if value is None else read(value)
