"""What goes into a bundle: all that the two parties of a delivery may show a stranger."""

from dataclasses import dataclass

from tdh.domain.identifiers import DeliveryId
from tdh.domain.log import EvidenceProof
from tdh.domain.records import EvidenceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledEvidence:
    """One evidence with all that the log and its anchors say of it."""

    record: EvidenceRecord
    proof: EvidenceProof


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledDocument:
    """A document as it was read once, whole; its bytes come later."""

    number: int
    filename: str
    media_type: str
    size: int
    """In bytes."""
    sha256: bytes
    crc32: int
    """What ZIP wants to know before the first byte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleContents:
    """Everything of one bundle but the documents' bytes."""

    stream: DeliveryId
    """The delivery, or the stream of a refused submission."""
    evidences: tuple[BundledEvidence, ...]
    """All so far, in order."""
    envelope: bytes | None
    """What the sender wrote on the letter; None where nothing of it was kept."""
    reports: tuple[tuple[int, bytes], ...] = ()
    """The judge's full reports, by the document's number, as far as the party may see them."""
    receipts: tuple[tuple[str, bytes], ...] = ()
    """Receipts (PDF) by file name."""
    documents: tuple[BundledDocument, ...] = ()
    """None in a bundle of evidence only."""
