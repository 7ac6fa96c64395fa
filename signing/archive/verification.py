"""Whether an evidence record proves that data existed, and since when (RFC 4998, section 5.3).

No revocation is looked at, no clock is read, and no root is taken from the record.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509

from signing.archive.errors import RecordEnded, RecordError, RecordUntrusted
from signing.archive.hash_tree import SHA256, digest, root_from
from signing.archive.record import (
    ArchiveTimeStamp,
    ArchiveTimeStampChain,
    EvidenceRecord,
    encode_sequence,
)
from signing.certificate_path import PathError
from signing.timestamps import VerifiedTimestamp, verify_token
from signing.tst_info import TimestampError


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRecord:
    """What a verified record says."""

    stamps: tuple[VerifiedTimestamp, ...]
    """The oldest first. Each proves by itself that the data existed at its time."""

    @property
    def time(self) -> datetime:
        """When the data existed already: the oldest timestamp's."""
        return self.stamps[0].time

    @property
    def until(self) -> datetime:
        """Until when this record can be checked, unless it is renewed before."""
        return checkable_until(self.stamps[-1])


def verify_record(
    record: bytes,
    digest_of_data: bytes,
    roots: Sequence[x509.Certificate],
    *,
    at: datetime | None = None,
    data: bytes | None = None,
) -> VerifiedRecord:
    """Verify a record (DER) over data with this SHA-256. Raises RecordError, nothing else.

    `at`: when it is checked; a timestamp from after it is refused, and RecordEnded raised where
    the newest one cannot be checked then any more. RecordUntrusted is raised where one leads to
    none of `roots`. `data`: the data themselves, needed where a
    chain of the record is by another digest algorithm than SHA-256.

    (1) The first timestamp is over the data. (2) Within a chain each is over the one before.
    (3) A new chain is over the data once more and over all chains before. (4) Each is verified
    like any timestamp, and its certificates were still valid at the time of the next.
    """
    parsed = EvidenceRecord.parse(record)
    if data is not None and hashlib.sha256(data).digest() != digest_of_data:
        raise RecordError("the data do not have the digest that is given")
    verified = list[VerifiedTimestamp]()
    for number, chain in enumerate(parsed.chains):
        algorithm = chain[0].algorithm
        leaf = _of_data(algorithm, digest_of_data, data)  # (1)
        if number:  # (3)
            before = digest(algorithm, encode_sequence(parsed.chains[:number]))
            leaf = digest(algorithm, leaf, before)
        verified += _verified_chain(chain, leaf, roots, at)
    return _in_order(verified, at)


def verify_chains(
    chains: Sequence[tuple[bytes, ArchiveTimeStampChain]],
    roots: Sequence[x509.Certificate],
    *,
    at: datetime | None = None,
) -> VerifiedRecord:
    """Verify chains over leaves that are given: of many records that share them at once.

    Like `verify_record`, but for what the leaves are over (1, 3). Raises RecordError.
    """
    verified = list[VerifiedTimestamp]()
    for leaf, chain in chains:
        verified += _verified_chain(chain, leaf, roots, at)
    return _in_order(verified, at)


def _verified_chain(
    chain: ArchiveTimeStampChain,
    leaf: bytes,
    roots: Sequence[x509.Certificate],
    at: datetime | None,
) -> Iterator[VerifiedTimestamp]:
    for stamp in chain:
        yield _verified(stamp, leaf, roots, at)
        leaf = digest(stamp.algorithm, stamp.token)  # (2)


def _in_order(verified: Sequence[VerifiedTimestamp], at: datetime | None) -> VerifiedRecord:
    for older, newer in pairwise(verified):  # (4)
        if not older.time <= newer.time <= checkable_until(older):
            raise RecordError("a timestamp that was renewed before its time or too late")
    found = VerifiedRecord(stamps=tuple(verified))
    if at is not None and at > found.until:
        raise RecordEnded(found.until)
    return found


def checkable_until(stamp: VerifiedTimestamp) -> datetime:
    """Until when a timestamp's certificates are all valid."""
    return min(certificate.not_valid_after_utc for certificate in stamp.path)


def _of_data(algorithm: str, sha256: bytes, data: bytes | None) -> bytes:
    if algorithm == SHA256:
        return sha256
    if data is None:
        raise RecordError("the data are needed: a chain is by another digest than SHA-256")
    return digest(algorithm, data)


def _verified(
    stamp: ArchiveTimeStamp,
    leaf: bytes,
    roots: Sequence[x509.Certificate],
    at: datetime | None,
) -> VerifiedTimestamp:
    root = root_from(stamp.tree, leaf, stamp.algorithm)
    try:
        return verify_token(stamp.token, root, roots, at=at)
    except TimestampError as exc:
        kind = RecordUntrusted if isinstance(exc.__cause__, PathError) else RecordError
        raise kind(f"a timestamp of the record: {exc}") from exc
