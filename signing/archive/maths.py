"""What keeping the archive needs of RFC 4998 and of tokens, for steps that know no library."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509

from signing import cms
from signing.archive.errors import RecordError
from signing.archive.hash_tree import (
    SHA256,
    SHA512,
    ReducedTree,
    node,
    reduced,
    root_of,
    siblings,
    siblings_of_each,
)
from signing.archive.record import ArchiveTimeStamp, EvidenceRecord
from signing.archive.renewal import in_der, new_chain_leaf, renewed
from signing.archive.verification import checkable_until
from signing.errors import ProofError
from signing.timestamps import verify_token
from signing.tst_info import TST_INFO, TstInfo
from tdh.domain.archive import RecordChain, TreeDigest

_EVIDENCE = b"tdh-evidence/v1\n"
_HEX_DIGITS = 64
ALGORITHMS: Final = {TreeDigest.SHA_256: SHA256, TreeDigest.SHA_512: SHA512}
"""Object identifiers of the digests."""
_FIRST = TreeDigest.SHA_256


class ArchiveMaths:
    """Trees, records and tokens."""

    def __init__(self, outside_roots: Sequence[x509.Certificate] = ()) -> None:
        """`outside_roots`: of the authorities whose timestamps are believed."""
        self._outside_roots = outside_roots

    def leaf_of(self, entry: bytes) -> bytes | None:
        """The digest of the evidence that an entry of the log stands for; None for other acts."""
        if not entry.startswith(_EVIDENCE):
            return None
        return bytes.fromhex(entry[-_HEX_DIGITS - 1 : -1].decode("ascii"))

    def digest_of(self, evidence: bytes) -> bytes:
        """The digest by which an entry of the log stands for an evidence."""
        return sha256(evidence).digest()

    def root(self, leaves: Sequence[bytes], digest: TreeDigest = _FIRST) -> bytes:
        """Root of the tree over these leaves, of which there is at least one."""
        return root_of(leaves, ALGORITHMS[digest])

    def siblings(
        self, leaves: Sequence[bytes], place: int, digest: TreeDigest = _FIRST
    ) -> tuple[bytes, ...]:
        """What a leaf meets on its way to the root."""
        return siblings(leaves, place, ALGORITHMS[digest])

    def siblings_of_each(
        self, leaves: Sequence[bytes], digest: TreeDigest = _FIRST
    ) -> tuple[tuple[bytes, ...], ...]:
        """The siblings of every leaf, in their order."""
        return siblings_of_each(leaves, ALGORITHMS[digest])

    def renewal_leaf(self, token_digests: Sequence[bytes], digest: TreeDigest = _FIRST) -> bytes:
        """The leaf for timestamps of a chain that are renewed, by their digests."""
        return node(ALGORITHMS[digest], token_digests)

    def leaf_anew(
        self, evidence: bytes, chains: Sequence[RecordChain], digest: TreeDigest
    ) -> bytes:
        """The leaf of a new chain: over the evidence's bytes, and all that was stamped before."""
        return new_chain_leaf(evidence, _built(chains).chains, ALGORITHMS[digest])

    def record(self, chains: Sequence[RecordChain]) -> bytes:
        """The EvidenceRecord (DER) of an evidence; its chains, the oldest first."""
        return _built(chains).encode()

    def built(self, chains: Sequence[RecordChain]) -> EvidenceRecord:
        """The same, not written down."""
        return _built(chains)

    def outside_stamp(self, token: bytes, digest: bytes) -> tuple[bytes, datetime, datetime]:
        """An outsider's token over this digest, verified: as it is kept, its time, and its end.

        Raises RecordError for one that a stranger would not believe.
        """
        try:
            kept = in_der(token)
            found = verify_token(kept, digest, self._outside_roots)
        except ProofError as exc:
            raise RecordError(f"an outsider's timestamp: {exc}") from exc
        return kept, found.time, checkable_until(found)

    def own_stamp(self, token: bytes, digest: bytes) -> tuple[bytes, datetime, datetime]:
        """Our own unit's token over this digest: as it is kept, its time, and its end.

        That it is our unit's we know by where it came from; its root is not looked for.
        """
        try:
            kept = in_der(token)
            signed = cms.open_signed_data(kept)
            info = TstInfo.decode(signed.content)
        except ProofError as exc:
            raise RecordError(f"our own timestamp: {exc}") from exc
        if signed.content_type != TST_INFO or info.digest != digest:
            raise RecordError("our own timestamp is for other data")
        path = [signed.signer, *map(cms.load_certificate, signed.others)]
        return kept, info.time, min(one.not_valid_after_utc for one in path)


def _built(chains: Sequence[RecordChain]) -> EvidenceRecord:
    first, *later = chains
    record = EvidenceRecord(chains=((_first_stamp(first),),))
    record = _grown(record, first)
    for chain in later:
        record = _grown(record.with_chain(_first_stamp(chain)), chain)
    return record


def _first_stamp(chain: RecordChain) -> ArchiveTimeStamp:
    stamp = chain.stamps[0]
    tree: ReducedTree = reduced((chain.leaf,), (*chain.way, *stamp.siblings))
    algorithm = ALGORITHMS[stamp.digest]
    return ArchiveTimeStamp(algorithm=algorithm, tree=tree, token=stamp.token.token)


def _grown(record: EvidenceRecord, chain: RecordChain) -> EvidenceRecord:
    """The record with the renewals of its newest chain."""
    for stamp in chain.stamps[1:]:
        record = renewed(record, stamp.siblings, stamp.token.token)
    return record
