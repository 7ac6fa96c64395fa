"""Timestamp authorities of the archive's tests, and records made of what they stamp."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509

from signing import certificates as made
from signing.archive.hash_tree import SHA512, root_of, siblings
from signing.archive.record import EvidenceRecord
from signing.archive.renewal import new_chain_leaf, renewal_leaf, renewed, stamp_of
from signing.timestamps import TimestampAuthority

NOW = datetime(2026, 11, 22, 9, 41, 3, tzinfo=UTC)
YEAR = timedelta(days=365)
POLICY = "1.3.6.1.4.1.55555.1.1"


class Authority:
    """A root and a unit below it, which ends before the root does."""

    def __init__(
        self,
        name: str = "Authority",
        *,
        begins: datetime = NOW - YEAR,
        ends: datetime = NOW + 2 * YEAR,
    ) -> None:
        long = made.Validity(not_before=begins - YEAR, not_after=ends + 30 * YEAR)
        self.root_key = made.new_p256_key()
        self.root = made.make_root(
            subject=made.Subject(common_name=f"{name} Root"),
            key=self.root_key,
            serial=1,
            validity=long,
        )
        self.unit_key = made.new_p256_key()
        self.unit = made.make_leaf(
            issuer=self.root,
            subject=made.Subject(common_name=f"{name} Unit"),
            public_key=self.unit_key.public_key(),
            serial=2,
            validity=made.Validity(not_before=begins, not_after=ends),
            use=made.LeafUse.TIMESTAMP,
        )
        self._authority = TimestampAuthority(
            key=self.unit_key,
            chain=[self.unit],
            policy_oid=POLICY,
            accuracy=timedelta(seconds=1),
        )
        self.issued: set[int] = set()

    @property
    def certificate(self) -> x509.Certificate:
        """The root's."""
        return self.root.certificate

    def stamp(self, digest: bytes, at: datetime = NOW) -> bytes:
        serial = len(self.issued) + 1
        self.issued.add(serial)
        return self._authority.stamp(digest, serial=serial, gen_time=at)


def data(number: int) -> bytes:
    return f"หลักฐานที่ {number}: evidence".encode() * 20


def leaves(number: int) -> list[bytes]:
    return [hashlib.sha256(data(n)).digest() for n in range(number)]


def records(number: int, authority: Authority, at: datetime = NOW) -> list[EvidenceRecord]:
    """A record each for so many data, under one token."""
    over = leaves(number)
    token = authority.stamp(root_of(over), at)
    return [EvidenceRecord(chains=((stamp_of(over, n, token),),)) for n in range(number)]


def renewed_together(
    some: Sequence[EvidenceRecord], authority: Authority, at: datetime
) -> list[EvidenceRecord]:
    """All of them renewed under one new token; records of one round share their leaf.

    Their newest chains are by one algorithm.
    """
    (algorithm,) = {one.chains[-1][0].algorithm for one in some}
    of_record = [renewal_leaf([each.token for each in one.chains[-1]], algorithm) for one in some]
    over = list(dict.fromkeys(of_record))
    token = authority.stamp(root_of(over, algorithm), at)
    return [
        renewed(one, siblings(over, over.index(leaf), algorithm), token)
        for one, leaf in zip(some, of_record, strict=True)
    ]


def rehashed(
    some: Sequence[EvidenceRecord], authority: Authority, at: datetime
) -> list[EvidenceRecord]:
    """All of them renewed by a new chain with SHA-512; record `n` is over `data(n)`."""
    over = [new_chain_leaf(data(n), one.chains, SHA512) for n, one in enumerate(some)]
    token = authority.stamp(root_of(over, SHA512), at)
    return [one.with_chain(stamp_of(over, n, token, SHA512)) for n, one in enumerate(some)]
