"""CloudEvents 1.0 in its JSON format: the bodies of all messages in the partners' host.

Bytes in, values out. Only what TDH uses of the format: no extensions, no binary data. What came in
can always go out again, in an answer or a dead letter: no lone surrogates, no names without end.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tdh.domain.errors import InvalidValue
from tdh.domain.thai_time import BANGKOK

CONTENT_TYPE = "application/cloudevents+json"
SPECVERSION = "1.0"
LONGEST_BODY = 256 * 1024
LONGEST_ID = 255
"""As much as a property of a message can hold."""
LONGEST_NAME = 64
"""Of a field that is not known, where an error tells it."""
_REQUIRED = ("specversion", "id", "source", "type")
_KNOWN = frozenset({*_REQUIRED, "subject", "time", "datacontenttype", "dataschema", "data"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """One event. `source` and `id` together name it for ever."""

    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    data: Mapping[str, Any]


def print_event(event: CloudEvent) -> bytes:
    """The body of a message; times in Thai time, with offset."""
    plain: dict[str, object] = {
        "specversion": SPECVERSION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
    }
    if event.subject:
        plain["subject"] = event.subject
    if event.time is not None:
        plain["time"] = print_time(event.time)
    plain["datacontenttype"] = "application/json"
    plain["data"] = event.data
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def parse_event(body: bytes) -> CloudEvent:
    """An event from a message. Raises InvalidValue for anything else."""
    if len(body) > LONGEST_BODY:
        raise InvalidValue("body", f"longer than {LONGEST_BODY} bytes")
    plain = _parse_json(body)
    if not isinstance(plain, dict) or not isinstance(plain.get("data"), dict):
        raise InvalidValue("body", "not a CloudEvent with an object as data")
    for name in _REQUIRED:
        if not isinstance(plain.get(name), str) or not plain[name]:
            raise InvalidValue(f"/{name}", "must be text")
    if len(plain["id"].encode()) > LONGEST_ID:
        raise InvalidValue("/id", f"longer than {LONGEST_ID} bytes")
    if plain["specversion"] != SPECVERSION:
        raise InvalidValue("/specversion", f"must be {SPECVERSION}")
    if unknown := sorted(plain.keys() - _KNOWN):
        raise InvalidValue(f"/{unknown[0][:LONGEST_NAME]}", "is not known here")
    return CloudEvent(
        id=plain["id"],
        source=plain["source"],
        type=plain["type"],
        subject=str(plain.get("subject", "")),
        time=_parse_time(plain.get("time")),
        data=plain["data"],
    )


def _parse_json(body: bytes) -> Any:
    try:
        text = body.decode()
        plain = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
        if "\\ud" in text.lower():  # an escape may be half a character, which no text can hold
            json.dumps(plain, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidValue("body", "not JSON in UTF-8") from error
    return plain


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a name that comes twice: two readers would read two messages."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(_: str) -> None:
    raise ValueError("not a number of JSON")


def print_time(time: datetime) -> str:
    """RFC 3339 with milliseconds, in Thai time."""
    return time.astimezone(BANGKOK).isoformat(timespec="milliseconds")


def _parse_time(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise InvalidValue("/time", "not RFC 3339") from error
    if time.tzinfo is None:
        raise InvalidValue("/time", "without offset")
    return time
