"""Bytes of a request body to a checked model, or one error that names every wrong value."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from relay.field_words import in_thai
from relay.problems import FieldError
from tdh.domain.errors import TDHError

MOST_ERRORS = 20
"""More are not listed: an answer should not be larger than what it answers."""


class InvalidPayload(TDHError):
    """A body that is no JSON or not what the route takes."""

    code = "invalid-request"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{one.pointer or '/'}: {one.detail}" for one in errors))
        self.errors = errors


class Strict(BaseModel):
    """What comes in: no unknown field, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], body: bytes) -> Model:
    """The model's value from JSON. Raises InvalidPayload.

    A name that comes twice in an object is refused (RFC 8259, 4): another reader of the same bytes
    might take the other value, and the evidence would not say what that one read.
    """
    try:
        value = model.model_validate_json(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise InvalidPayload(tuple(_field_error(one) for one in found[:MOST_ERRORS])) from None
    try:
        json.loads(body, object_pairs_hook=_names_once)
    except ValueError:
        raise wrong("", "has a name that comes twice", "มีชื่อข้อมูลซ้ำกัน") from None
    return value


def _names_once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name comes twice")


def pointer(*steps: str | int) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join(f"/{str(one).replace('~', '~0').replace('/', '~1')}" for one in steps)


def wrong(where: str, detail: str, detail_th: str) -> InvalidPayload:
    """One wrong value that the model alone could not see."""
    one = FieldError(pointer=where, code="invalid", detail=detail, detail_th=detail_th)
    return InvalidPayload((one,))


_KNOWN = {
    "extra_forbidden": ("unknown-field", "is not known here", "ไม่รู้จักข้อมูลนี้"),
    "missing": ("missing", "is required", "ต้องระบุ"),
    "json_invalid": ("not-json", "is not valid JSON in UTF-8", "ไม่ใช่ JSON ที่ถูกต้อง"),
}
_LONGEST_DETAIL = 200


def _field_error(found: ErrorDetails) -> FieldError:
    code, en, th = _KNOWN.get(found["type"], ("invalid", "", ""))
    if not en:
        en = found["msg"].removeprefix("Value error, ")[:_LONGEST_DETAIL]
        th = in_thai(en)
    where = tuple(one[:64] if isinstance(one, str) else one for one in found["loc"])
    return FieldError(pointer=pointer(*where), code=code, detail=en, detail_th=th)
