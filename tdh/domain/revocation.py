"""Revocation data that were fetched: where they were asked for, and what is kept of them.

Plain values between the judge's side, which asks, and storage, which keeps. Nobody here reads the
data themselves.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationQuestion:
    """One question to one address."""

    kind: str
    """`crl` or `ocsp`."""
    url: str
    request: bytes = b""
    """What is posted; empty for a list."""

    @property
    def key(self) -> bytes:
        """Digest that names the question."""
        parts = (self.kind.encode("ascii"), self.url.encode("utf-8"), self.request)
        return hashlib.sha256(b"".join(len(p).to_bytes(4) + p for p in parts)).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """The newest bytes that a source gave."""

    sha256: bytes
    content: bytes
    fetched_at: datetime
    this_update: datetime | None = None
    """When they were issued, as a child of the judge read it; None: nobody has read them yet."""
    next_update: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What is known of one source."""

    answer: KeptAnswer | None = None
    failures: int = 0
    """Since it last answered."""
    next_try: datetime | None = None
    """Not to be asked before, after a failure."""
