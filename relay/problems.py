"""Errors as answers (RFC 9457): with words from `problem_table`. Nothing else writes them.

A problem says nothing of the thing that was asked for: the answers for missing and foreign ids
are the same bytes, so a request's id travels in a header, never in the body. What has no row is
`internal`, and its details stay in the log.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.field_words import in_thai
from relay.problem_table import ROWS
from tdh.domain.errors import InvalidValue, TDHError
from tdh.domain.verdicts import Reason

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One wrong value in a request; what was sent is never repeated."""

    pointer: str
    """RFC 6901, or the name of a header."""
    code: str
    detail: str
    detail_th: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceNote:
    """The evidence that explains a refusal."""

    id: str
    event: str

    def plain(self) -> dict[str, str]:
        return {"id": self.id, "event": self.event, "href": f"/v1/evidence/{self.id}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An answer that is not what was asked for."""

    code: str
    status: int
    title: str
    title_th: str
    detail: str
    retryable: bool
    advice: str
    advice_th: str
    errors: tuple[FieldError, ...] = ()
    evidence: EvidenceNote | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The problem document."""
        plain: dict[str, Any] = {
            "type": f"urn:tdh:problem:{self.code}",
            "status": self.status,
            "code": self.code,
            "title": self.title,
            "title_th": self.title_th,
            "detail": self.detail,
            "errors": [
                {
                    "pointer": one.pointer,
                    "code": one.code,
                    "detail": one.detail,
                    "detail_th": one.detail_th,
                }
                for one in self.errors
            ],
            "retryable": self.retryable,
            "advice": self.advice,
            "advice_th": self.advice_th,
        }
        if self.evidence is not None:
            plain["evidence"] = self.evidence.plain()
        return json.dumps(plain, ensure_ascii=False).encode()


def problem_of(error: TDHError, evidence: EvidenceNote | None = None) -> Problem:
    """The answer for an error; `evidence` is that of the event which excludes what was asked."""
    code = error.code if error.code in ROWS else "internal"
    row = ROWS[code]
    return Problem(
        code=code,
        status=row.status,
        title=row.title,
        title_th=row.title_th,
        detail=str(error) if row.exposed else row.title,
        retryable=row.retryable,
        advice=row.advice,
        advice_th=row.advice_th,
        errors=_field_errors(error),
        evidence=evidence,
        headers={} if row.retry_after is None else {"Retry-After": str(row.retry_after)},
    )


def problem_of_refusal(reason: Reason, evidence: EvidenceNote) -> Problem:
    """The answer for a submission that was judged and refused: sealed, final, the judge's words."""
    return Problem(
        code=reason.code,
        status=422,
        title=reason.en,
        title_th=reason.th,
        detail=reason.en,
        retryable=False,
        advice="The submission was refused and this is recorded. Mend the document, use a new key.",
        advice_th="ไม่รับฝากและบันทึกไว้แล้ว แก้ไขเอกสารแล้วส่งใหม่ด้วยคีย์ใหม่",
        evidence=evidence,
    )


def _field_errors(error: TDHError) -> tuple[FieldError, ...]:
    listed = getattr(error, "errors", None)
    if isinstance(listed, tuple):
        return tuple(one for one in listed if isinstance(one, FieldError))
    if isinstance(error, InvalidValue):
        one = FieldError(
            pointer=error.field,
            code="invalid",
            detail=error.problem,
            detail_th=in_thai(error.problem),
        )
        return (one,)
    return ()
