"""What may be asked of the receipt maker and what it answers: values, one class each.

A receipt of an evidence that proves itself, the seal of a bundle's manifest, and nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum

from signing.bundle.manifest import ManifestEntry
from tdh.domain.log import HeadToken

MAX_TOKENS = 64


class ReceiptRefusal(StrEnum):
    """Why nothing was made."""

    MALFORMED = "malformed-frame"
    NO_RECEIPT = "no-receipt-for-this-event"
    """The evidence is in order; its event has no page."""
    NOT_PROVEN = "evidence-not-proven"
    """Evidence, proof or envelope do not hold under what the maker itself believes."""
    CERTIFICATE = "certificate-not-valid"
    """The receipt key's own certificate has ended or not begun."""
    TIMESTAMP = "timestamp-unavailable"
    """The timestamping unit did not answer."""
    NOT_MADE = "cannot-be-made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """An evidence and all that proves it: whatever a receipt is made from."""

    xml: bytes
    proof: bytes
    """C2SP tlog-proof."""
    tokens: tuple[HeadToken, ...]
    record: bytes | None
    """RFC 4998 EvidenceRecord, DER."""
    envelope: bytes | None
    """The text whose digest the evidence seals (`tdh.domain.envelope`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeReceipt:
    """Asks for a receipt. `edition` counts from 1."""

    material: Material
    edition: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SealBundle:
    """Asks for a manifest of these files and a seal over it."""

    entries: tuple[ManifestEntry, ...]


Request = MakeReceipt | SealBundle


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptMade:
    """Answers MakeReceipt."""

    pdf: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleSealed:
    """Answers SealBundle."""

    manifest: bytes
    seal: bytes
    """Detached CAdES B-T signature over the manifest, DER."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Answers any frame: nothing was made."""

    code: ReceiptRefusal
    problem: str


Answer = ReceiptMade | BundleSealed | Refused
