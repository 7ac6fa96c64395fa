"""Making records and renewing them (RFC 4998, sections 4.2 and 5.2): what goes to an authority.

Pure: leaves in, the digest to be stamped out; a token in, records out. Timestamps are asked for,
and checked, by others.
"""

from collections.abc import Sequence

from signing import der
from signing.archive.errors import RecordError
from signing.archive.hash_tree import SHA256, digest, node, reduced, siblings
from signing.archive.record import (
    ArchiveTimeStamp,
    ArchiveTimeStampChain,
    EvidenceRecord,
    encode_sequence,
)


def renewal_group(tokens: Sequence[bytes], algorithm: str = SHA256) -> tuple[bytes, ...]:
    """The digests of a chain's timestamps, the oldest first: what its renewal is over.

    Section 5.3 asks for the last one's only; with all of them, checkers that look for each find it.
    """
    return tuple(digest(algorithm, token) for token in tokens)


def renewal_leaf(tokens: Sequence[bytes], algorithm: str = SHA256) -> bytes:
    """The leaf that stands for a chain in the tree of a timestamp renewal."""
    return node(algorithm, renewal_group(tokens, algorithm))


def renewed(record: EvidenceRecord, met: Sequence[bytes], token: bytes) -> EvidenceRecord:
    """The record after a timestamp renewal.

    `met`: the siblings of its chain's leaf in the tree that the new token is over.
    """
    chain = record.chains[-1]
    algorithm = chain[0].algorithm
    group = renewal_group([stamp.token for stamp in chain], algorithm)
    tree = reduced(group, met)
    return record.with_stamp(ArchiveTimeStamp(algorithm=algorithm, tree=tree, token=token))


def new_chain_leaf(data: bytes, chains: tuple[ArchiveTimeStampChain, ...], algorithm: str) -> bytes:
    """The leaf of a hash-tree renewal: over the data anew, and over all that was stamped before."""
    return digest(algorithm, digest(algorithm, data), digest(algorithm, encode_sequence(chains)))


def stamp_of(
    leaves: Sequence[bytes], place: int, token: bytes, algorithm: str = SHA256
) -> ArchiveTimeStamp:
    """The timestamp of one leaf of a tree whose root the token is over."""
    tree = reduced((leaves[place],), siblings(leaves, place, algorithm))
    return ArchiveTimeStamp(algorithm=algorithm, tree=tree, token=token)


def in_der(token: bytes) -> bytes:
    """A timestamp token with the sets that nobody signed in the order of DER (X.690, 11.6).

    Real authorities leave their certificates unsorted, and checkers that write a token anew before
    they digest it would not find it in a renewal. Raises RecordError for what is no token.
    """
    try:
        outside = der.Reader(token)
        info = outside.inside(der.SEQUENCE)
        outside.finish()
        kind = info.element(der.OID)
        wrapped = info.inside(der.explicit(0))
        info.finish()
        fields = wrapped.inside(der.SEQUENCE).elements()
        wrapped.finish()
        sets = (der.SET, der.explicit(0), der.explicit(1))
        sorted_fields = (
            der.set_of(der.Reader(one).inside(one[0]).elements(), one[0]) if one[0] in sets else one
            for one in fields
        )
        return der.sequence(kind, der.tlv(der.explicit(0), der.sequence(*sorted_fields)))
    except der.DerError as exc:
        raise RecordError(f"no timestamp token: {exc}") from exc
