"""/openapi.json (OpenAPI 3.1), built from the routes themselves, in English and Thai."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from relay.api.body import ApiLimits
from relay.api.routes import Answer, Bytes, Listed, Operation, Route
from relay.problem_table import ROWS
from relay.problems import MEDIA_TYPE

Plain = dict[str, Any]

_ALWAYS = ("internal", "service-unavailable")
_REF = "#/components/schemas/"
_PARAMETER = re.compile(r"\{(\w+)(?::[^}]+)?\}")
_PATTERN = re.compile(r":[^}/]+(?=\})")
"""What a parameter must look like: for the router only."""


def describe(routes: Sequence[Route], limits: ApiLimits) -> bytes:
    """The document, as UTF-8 JSON."""
    schemas = _schemas(_models(routes))
    schemas["Problem"] = _PROBLEM
    paths: dict[str, Plain] = {}
    for route in routes:
        paths.setdefault(_PATTERN.sub("", route.path), {})[route.method.lower()] = _operation(
            route, limits
        )
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "TDH",
            "version": "1",
            "summary": "Registered electronic delivery / การรับส่งเอกสารอิเล็กทรอนิกส์ลงทะเบียน",
            "description": "Times are RFC 3339 with offset, years of the common era. "
            "Unknown fields are refused. / เวลาเป็น RFC 3339 ปีเป็น ค.ศ. ไม่รับข้อมูลที่ไม่รู้จัก",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }
    return json.dumps(document, ensure_ascii=False).encode()


def _models(routes: Iterable[Route]) -> set[type[BaseModel]]:
    found: set[type[BaseModel]] = set()
    for route in routes:
        operation = route.operation
        if operation.takes is not None and not isinstance(operation.takes, Bytes):
            found.add(operation.takes)
        for answers in operation.answers.values():
            for answer in answers:
                if isinstance(answer, Listed):
                    found.add(answer.item)
                elif not isinstance(answer, Bytes):
                    found.add(answer)
    return found


def _schemas(models: Iterable[type[BaseModel]]) -> Plain:
    ordered = sorted(models, key=lambda one: one.__name__)
    wanted = [(model, "validation") for model in ordered]
    _, definitions = models_json_schema(wanted, ref_template=_REF + "{model}")  # type: ignore[arg-type]  # the literal widens in a list
    schemas: Plain = definitions.get("$defs", {})
    return schemas


def _operation(route: Route, limits: ApiLimits) -> Plain:
    operation = route.operation
    described: Plain = {
        "operationId": operation.id,
        "summary": operation.en,
        "description": operation.th,
        "parameters": _parameters(route),
        "responses": _responses(operation),
    }
    if operation.public:
        described["security"] = []
    if operation.takes is not None:
        described["requestBody"] = _body(operation, limits)
    return described


def _parameters(route: Route) -> list[Plain]:
    found: list[Plain] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]
    found += [
        {
            "name": name,
            "in": "header",
            "required": True,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
        for name in route.operation.headers
    ]
    if route.operation.paged:
        limit = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
        found.append({"name": "limit", "in": "query", "schema": limit})
        found.append({"name": "cursor", "in": "query", "schema": {"type": "string"}})
    if route.operation.of_an_edition:
        edition = {"type": "integer", "minimum": 1}
        found.append({"name": "edition", "in": "query", "schema": edition})
    if route.operation.of_a_head:
        size = {"type": "integer", "minimum": 0}
        found.append({"name": "size", "in": "query", "schema": size})
    found += [
        {"name": name, "in": "query", "schema": {"type": "string", "enum": list(words)}}
        for name, words in route.operation.choices
    ]
    return found


def _body(operation: Operation, limits: ApiLimits) -> Plain:
    if operation.takes is None:
        return {}
    if isinstance(operation.takes, Bytes):
        return {"required": True, "content": _content(operation.takes)}
    reference: Plain = {"$ref": _REF + operation.takes.__name__}
    if not operation.multipart:
        required = bool(operation.takes.model_json_schema().get("required"))
        return {"required": required, "content": {"application/json": {"schema": reference}}}
    return {
        "required": True,
        "description": "Part `letter` (JSON) first, then one part a document, named and ordered as "
        f"`documents` says; at most {limits.body_bytes} bytes. / ส่วน letter (JSON) มาก่อน "
        "ตามด้วยเอกสารทีละส่วน ชื่อและลำดับตาม documents",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["letter"],
                    "properties": {"letter": reference},
                    "additionalProperties": {"type": "string", "format": "binary"},
                },
                "encoding": {"letter": {"contentType": "application/json"}},
            }
        },
    }


def _responses(operation: Operation) -> Plain:
    responses: Plain = {}
    for status, answers in operation.answers.items():
        content: Plain = {}
        for answer in answers:
            content.update(_content(answer))
        responses[str(status)] = {"description": operation.en, "content": content}
    codes = (*operation.problems, *_ALWAYS, *(() if operation.public else ("unauthenticated",)))
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(ROWS[code].status, []).append(code)
    for status, listed in sorted(by_status.items()):
        said = "; ".join(f"`{one}`: {ROWS[one].title} / {ROWS[one].title_th}" for one in listed)
        problem = {MEDIA_TYPE: {"schema": {"$ref": _REF + "Problem"}}}
        answered = responses.setdefault(str(status), {"description": said, "content": {}})
        answered["content"].update(problem)
    return responses


def _content(answer: Answer | Listed) -> Plain:
    if isinstance(answer, Bytes):
        return {answer.media_type: {"schema": {"type": "string", "format": "binary"}}}
    if isinstance(answer, Listed):
        item = {"$ref": _REF + answer.item.__name__}
        schema: Plain = {
            "type": "object",
            "required": ["data", "next_cursor"],
            "properties": {
                "data": {"type": "array", "items": item},
                "next_cursor": {"type": ["string", "null"]},
            },
            "additionalProperties": False,
        }
        return {"application/json": {"schema": schema}}
    return {"application/json": {"schema": {"$ref": _REF + answer.__name__}}}


_TEXT: Plain = {"type": "string"}
_PROBLEM: Plain = {
    "type": "object",
    "description": "RFC 9457, with words in both languages / ปัญหา พร้อมคำอธิบายสองภาษา",
    "required": [
        "type",
        "status",
        "code",
        "title",
        "title_th",
        "detail",
        "errors",
        "retryable",
        "advice",
        "advice_th",
    ],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "status": {"type": "integer"},
        "code": _TEXT,
        "title": _TEXT,
        "title_th": _TEXT,
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail", "detail_th"],
                "properties": {
                    "pointer": _TEXT,
                    "code": _TEXT,
                    "detail": _TEXT,
                    "detail_th": _TEXT,
                },
            },
        },
        "retryable": {"type": "boolean"},
        "advice": _TEXT,
        "advice_th": _TEXT,
        "evidence": {
            "type": "object",
            "required": ["id", "event", "href"],
            "properties": {"id": _TEXT, "event": _TEXT, "href": _TEXT},
        },
    },
}
