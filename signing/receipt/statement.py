"""What a receipt says beside its evidence: `receipt.json`, one spelling.

Edition, where to verify, and what its maker found of log and timestamps when it was made. The page
is made from this, the evidence, its proof and the envelope, and from nothing else.
"""

import json
import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Self

from signing.errors import ProofError

FORM = "tdh-receipt/1"
MAX_STATEMENT_BYTES = 1 << 16
_DIGEST_BYTES = 32
_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]/_~%-]{1,200}")


class StatementError(ProofError):
    """A text that is no `receipt.json` in its one spelling."""

    code = "receipt-statement-malformed"


def check_public_url(url: str) -> None:
    """Raise StatementError for what cannot stand in a QR code as the service's address."""
    if _URL.fullmatch(url) is None or url.endswith("/"):
        raise StatementError("the public URL is no URL without a slash at its end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The operator's word in a receipt; all else in it is evidence. Raises StatementError."""

    edition: int
    made_with: str
    """Which page this is: `signing.receipt.page.maker`. Another version sets it another way."""
    public_url: str
    seal_root: bytes
    """SHA-256 of the root above the seal: for comparing with a trust file, never to be believed."""
    is_anchored: bool
    anchor_th: str
    """Who vouches for the head of the log, in words; where nobody does, that."""
    anchor_en: str
    stamped_at: datetime | None
    """When the head of the log was there, by our own timestamp."""
    recorded_at: datetime | None
    """When the evidence was there, by its archive record (RFC 4998)."""
    provable_until: datetime | None
    """Until when the newest of these timestamps can be checked."""

    def __post_init__(self) -> None:
        if self.edition < 1:
            raise StatementError("editions count from 1")
        check_public_url(self.public_url)
        if len(self.seal_root) != _DIGEST_BYTES:
            raise StatementError("a SHA-256 has 32 bytes")
        for time in (self.stamped_at, self.recorded_at, self.provable_until):
            if time is not None and time.tzinfo is None:
                raise StatementError("a time without a zone")

    def text(self) -> bytes:
        """The bytes of `receipt.json`: keys sorted, no blanks, UTF-8."""
        plain: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        plain = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in plain.items()}
        plain |= {"form": FORM, "seal_root": self.seal_root.hex()}
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read what `text` writes. Raises StatementError."""
        try:
            plain = json.loads(text[: MAX_STATEMENT_BYTES + 1])
            statement = cls(
                edition=_as(int, plain["edition"]),
                made_with=_as(str, plain["made_with"]),
                public_url=_as(str, plain["public_url"]),
                seal_root=bytes.fromhex(_as(str, plain["seal_root"])),
                is_anchored=_as(bool, plain["is_anchored"]),
                anchor_th=_as(str, plain["anchor_th"]),
                anchor_en=_as(str, plain["anchor_en"]),
                stamped_at=_time(plain["stamped_at"]),
                recorded_at=_time(plain["recorded_at"]),
                provable_until=_time(plain["provable_until"]),
            )
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise StatementError("receipt.json is not in its form") from exc
        if statement.text() != text:
            raise StatementError("receipt.json is not in its one spelling")
        return statement


def _as(kind: type[Any], value: object) -> Any:
    if type(value) is not kind:
        raise TypeError("a value of another kind")
    return value


def _time(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(_as(str, value))
