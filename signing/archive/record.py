"""The form of an evidence record (RFC 4998, sections 3 to 5), written and read in DER.

Only what a record needs is taken: no attributes, no crypto infos, no encryption. The reader refuses
everything else, and every other spelling. It verifies nothing.
"""

from dataclasses import dataclass, replace

from signing import der
from signing.archive.errors import RecordError
from signing.archive.hash_tree import DIGESTS, ReducedTree

MAX_RECORD_BYTES = 1_048_576
"""Larger records are refused unread; one has some 3,000 bytes, and 3,000 more a renewal."""
MAX_STAMPS = 64
"""In all chains of a record together: more than a century of renewals."""
MAX_LISTS = 128
MAX_LIST = 1024
"""Most digests in one list of a reduced tree."""

_VERSION = 1
_DIGEST, _REDUCED = der.explicit(0), der.explicit(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTimeStamp:
    """A timestamp and how its imprint comes from a leaf."""

    algorithm: str
    """Object identifier of the tree's digest."""
    tree: ReducedTree
    """Empty: the timestamp is over the leaf itself."""
    token: bytes
    """TimeStampToken, DER."""

    def encode(self) -> bytes:
        """The ArchiveTimeStamp (section 4.1)."""
        lists = (der.sequence(*map(der.octet_string, one)) for one in self.tree)
        return der.sequence(
            der.tlv(_DIGEST, der.oid(self.algorithm)),
            der.tlv(_REDUCED, *lists) if self.tree else b"",
            self.token,
        )


ArchiveTimeStampChain = tuple[ArchiveTimeStamp, ...]
"""Timestamps over timestamps, by one digest algorithm, the oldest first (section 5.1)."""


def encode_sequence(chains: tuple[ArchiveTimeStampChain, ...]) -> bytes:
    """The ArchiveTimeStampSequence: what a new chain's leaves are over, too."""
    return der.sequence(*(der.sequence(*(one.encode() for one in chain)) for chain in chains))


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRecord:
    """Chains of timestamps over one data object; at least one, none empty."""

    chains: tuple[ArchiveTimeStampChain, ...]

    def __post_init__(self) -> None:
        """Raise RecordError for what is no record."""
        if not self.chains or not all(self.chains):
            raise RecordError("a record has a timestamp in each of its chains")
        if sum(map(len, self.chains)) > MAX_STAMPS:
            raise RecordError(f"a record with more than {MAX_STAMPS} timestamps")
        for chain in self.chains:
            if len({stamp.algorithm for stamp in chain}) > 1:
                raise RecordError("a chain has one digest algorithm")

    @property
    def stamps(self) -> tuple[ArchiveTimeStamp, ...]:
        """All timestamps, the oldest first."""
        return tuple(stamp for chain in self.chains for stamp in chain)

    def encode(self) -> bytes:
        """The EvidenceRecord in DER."""
        algorithms = dict.fromkeys(chain[0].algorithm for chain in self.chains)
        return der.sequence(
            der.integer(_VERSION),
            der.sequence(*(der.sequence(der.oid(one)) for one in algorithms)),
            encode_sequence(self.chains),
        )

    @classmethod
    def parse(cls, data: bytes) -> "EvidenceRecord":
        """Read a record. Raises RecordError, nothing else."""
        if len(data) > MAX_RECORD_BYTES:
            raise RecordError(f"a record of more than {MAX_RECORD_BYTES} bytes")
        try:
            return _read(data)
        except der.DerError as exc:
            raise RecordError(f"no evidence record: {exc}") from exc

    def with_stamp(self, stamp: ArchiveTimeStamp) -> "EvidenceRecord":
        """The record after a timestamp renewal: one more at the end of the newest chain."""
        *older, newest = self.chains
        return replace(self, chains=(*older, (*newest, stamp)))

    def with_chain(self, stamp: ArchiveTimeStamp) -> "EvidenceRecord":
        """The record after a hash-tree renewal: one more chain."""
        return replace(self, chains=(*self.chains, (stamp,)))


def _read(data: bytes) -> EvidenceRecord:
    outside = der.Reader(data)
    record = outside.inside(der.SEQUENCE)
    outside.finish()
    if record.integer() != _VERSION:
        raise RecordError("a record of another version")
    announced = {
        _algorithm(der.Reader(one).inside(der.SEQUENCE))
        for one in record.inside(der.SEQUENCE).elements()
    }
    if record.tag != der.SEQUENCE:
        raise RecordError("a record with crypto infos or encryption, which are not supported")
    chains = tuple(
        tuple(map(_stamp, der.Reader(chain).inside(der.SEQUENCE).elements()))
        for chain in record.inside(der.SEQUENCE).elements()
    )
    record.finish()
    if not announced >= {stamp.algorithm for chain in chains for stamp in chain}:
        raise RecordError("a digest algorithm that the record does not announce")
    return EvidenceRecord(chains=chains)


def _stamp(data: bytes) -> ArchiveTimeStamp:
    stamp = der.Reader(data).inside(der.SEQUENCE)
    given = stamp.optional(_DIGEST)
    if stamp.tag not in (_REDUCED, der.SEQUENCE):
        raise RecordError("a timestamp with attributes, which are not supported")
    lists = stamp.optional(_REDUCED)
    tree = () if lists is None else tuple(map(_list, lists.elements()))
    token = stamp.element(der.SEQUENCE)
    stamp.finish()
    if lists is not None and not 0 < len(tree) <= MAX_LISTS:
        raise RecordError("a reduced tree of no or too many lists")
    algorithm = _imprint_algorithm(token) if given is None else _algorithm(given)
    length = {"sha256": 32, "sha384": 48, "sha512": 64}[DIGESTS[algorithm]]
    if any(len(one) != length for values in tree for one in values):
        raise RecordError("a digest of another length than the algorithm's")
    return ArchiveTimeStamp(algorithm=algorithm, tree=tree, token=token)


def _list(data: bytes) -> tuple[bytes, ...]:
    values = [
        der.Reader(one).content(der.OCTET_STRING)
        for one in der.Reader(data).inside(der.SEQUENCE).elements()
    ]
    if not 0 < len(values) <= MAX_LIST:
        raise RecordError("a list of no or too many digests")
    return tuple(values)


def _algorithm(identifier: der.Reader) -> str:
    """Take a digest's AlgorithmIdentifier; parameters are absent or NULL (RFC 5754)."""
    algorithm = identifier.oid()
    if identifier.tag is not None and identifier.content(der.NULL):
        raise RecordError("a digest algorithm with parameters")
    identifier.finish()
    if algorithm not in DIGESTS:
        raise RecordError(f"the digest algorithm {algorithm} is not supported")
    return algorithm


def _imprint_algorithm(token: bytes) -> str:
    """The digest of a token's imprint, which the tree has where it names none (section 4.1)."""
    signed = der.Reader(token).inside(der.SEQUENCE)
    signed.oid()
    data = signed.inside(der.explicit(0)).inside(der.SEQUENCE)
    data.integer()
    data.content(der.SET)
    encapsulated = data.inside(der.SEQUENCE)
    encapsulated.oid()
    octets = encapsulated.inside(der.explicit(0)).content(der.OCTET_STRING)
    info = der.Reader(octets).inside(der.SEQUENCE)
    info.integer()
    info.oid()
    return _algorithm(info.inside(der.SEQUENCE).inside(der.SEQUENCE))
