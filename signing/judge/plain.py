"""Frozen dataclasses as plain JSON values and back, by their type hints; strictly.

For what only the judge's own processes say to each other: what people and other programs read has
its spelling written out (`tdh/domain/verdict_json.py`).
"""

import base64
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> Any:
    """Plain values for JSON; bytes as base64, times as RFC 3339 text."""
    match value:
        case Enum():
            return value.value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case datetime():
            return value.isoformat()
        case tuple() | frozenset():
            return [to_plain(item) for item in value]
        case _ if is_dataclass(value):
            return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
        case _:
            return value


def from_plain(kind: type[T], plain: Any) -> T:
    """Undo `to_plain`. Raises ValueError, KeyError or TypeError for anything else."""
    value: T = _read(kind, plain)
    return value


def _read(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin is UnionType:
        (inner,) = (item for item in get_args(kind) if item is not type(None))
        return None if plain is None else _read(inner, plain)
    if origin is tuple:
        return _read_tuple(get_args(kind), plain)
    if kind is bytes:
        return base64.b64decode(plain, validate=True)
    if kind is datetime:
        return _instant(datetime.fromisoformat(plain))
    if issubclass(kind, Enum):
        return kind(plain)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _hints(kind)
        if not isinstance(plain, Mapping) or set(plain) != set(hints):
            raise ValueError(f"no {kind.__name__}")
        return kind(**{name: _read(hint, plain[name]) for name, hint in hints.items()})
    if type(plain) is not kind:
        raise TypeError(f"{type(plain).__name__} is no {kind.__name__}")
    return plain


def _instant(time: datetime) -> datetime:
    """One without a zone cannot be compared with any other here."""
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time


def _read_tuple(kinds: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise TypeError("no list")
    if kinds[-1] is Ellipsis:
        return tuple(_read(kinds[0], item) for item in plain)
    return tuple(_read(kind, item) for kind, item in zip(kinds, plain, strict=True))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
