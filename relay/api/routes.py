"""What a route is: where it is, who answers, and how /openapi.json describes it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """An answer that is no JSON."""

    media_type: str


Answer = type[BaseModel] | Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An answer `{"data": [], "next_cursor": null}` of such items."""

    item: type[BaseModel]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route in words and shapes."""

    id: str
    en: str
    th: str
    answers: Mapping[int, tuple[Answer | Listed, ...]]
    problems: tuple[str, ...] = ()
    """Codes, apart from those that every route may have."""
    takes: type[BaseModel] | Bytes | None = None
    """The body, if there is one: JSON, or bytes; for a submission, its part `letter`."""
    multipart: bool = False
    paged: bool = False
    of_an_edition: bool = False
    """Whether `edition` names an older receipt."""
    of_a_head: bool = False
    """Whether `size` may name an older head of the log."""
    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Query parameters that may be left out, each with the words that it may be."""
    public: bool = False
    """Whether it answers without a token."""
    headers: tuple[str, ...] = field(default=())
    """Request headers that it needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method on one path."""

    method: str
    path: str
    handler: Handler
    operation: Operation
