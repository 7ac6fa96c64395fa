"""What may be asked of the sealer and what it answers: values, one class each.

Evidence from facts, heads that extend the last one, timestamps over digests, and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from signing.sealer.errors import RefusalCode
from signing.timestamp_messages import FailureInfo
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.log import SignedHead
from tdh.domain.records import RefusedItem, SealedEvidence

MAX_ITEMS = 1024
"""Of one `SealFacts`: a batch has at most 512 evidences, a letter 1,000 recipients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """Asks who the sealer is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealFacts:
    """Asks for seals. `clock` is the committer's at sending."""

    clock: datetime
    facts: tuple[EvidenceFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """An empty frame: asks whether the sealer answers and the clocks agree."""

    clock: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LastHead:
    """Asks which head the sealer vouched for last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignHead:
    """Asks for a signed head; `consistency` proves that it extends the last one."""

    clock: datetime
    size: int
    root: bytes
    consistency: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Asks for a timestamp (RFC 3161); `clock` is the asker's at sending."""

    clock: datetime
    imprint: bytes
    """A MessageImprint in DER, which the token repeats byte for byte."""
    policy: str | None
    nonce: int | None
    cert_req: bool


Request = Hello | SealFacts | Ping | LastHead | SignHead | Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Answers Hello."""

    epoch: int
    origin: str
    vkey: str
    certificates: tuple[bytes, ...]
    """The seal's certificate and its issuers, DER."""
    timestamp_certificates: tuple[bytes, ...]
    """Those of our own timestamping unit."""
    more_vkeys: tuple[str, ...]
    """Further keys that sign each head, under the log's name too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """Answers SealFacts, item by item in order."""

    items: tuple[SealedEvidence | RefusedItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """Answers Ping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Answers LastHead."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSigned:
    """Answers SignHead."""

    head: SignedHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """Answers Stamp."""

    token: bytes
    """TimeStampToken, DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampRefused:
    """Answers Stamp: there is no token, and why in the words of RFC 3161."""

    failure: FailureInfo
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Answers any frame: nothing of it was done."""

    code: RefusalCode
    problem: str


Answer = Identity | Sealed | Pong | Head | HeadSigned | Stamped | StampRefused | Refused
