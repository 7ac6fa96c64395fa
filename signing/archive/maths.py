"""What keeping the archive needs of RFC 4998 and of tokens, for steps that know no library."""

from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from signing import cms
from signing.archive.errors import RecordError
from signing.archive.hash_tree import SHA256, node, reduced, root_of, siblings, siblings_of_each
from signing.archive.record import ArchiveTimeStamp, EvidenceRecord
from signing.archive.renewal import in_der, renewed
from signing.archive.verification import checkable_until
from signing.errors import ProofError
from signing.timestamps import verify_token
from signing.tst_info import TST_INFO, TstInfo

_EVIDENCE = b"tdh-evidence/v1\n"
_HEX_DIGITS = 64


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

    def root(self, leaves: Sequence[bytes]) -> bytes:
        """Root of the tree over these leaves, of which there is at least one."""
        return root_of(leaves)

    def siblings(self, leaves: Sequence[bytes], place: int) -> tuple[bytes, ...]:
        """What a leaf meets on its way to the root."""
        return siblings(leaves, place)

    def siblings_of_each(self, leaves: Sequence[bytes]) -> tuple[tuple[bytes, ...], ...]:
        """The siblings of every leaf, in their order."""
        return siblings_of_each(leaves)

    def renewal_leaf(self, token_digests: Sequence[bytes]) -> bytes:
        """The leaf for timestamps that are renewed, by their SHA-256."""
        return node(SHA256, token_digests)

    def record(
        self, leaf: bytes, met: Sequence[bytes], stamps: Sequence[tuple[bytes, Sequence[bytes]]]
    ) -> bytes:
        """The EvidenceRecord (DER) of a leaf.

        `met`: its siblings up to its round's root. `stamps`: each token, the oldest first, with
        the siblings of the round's leaf in the tree that it is over.
        """
        (token, more), *later = stamps
        tree = reduced((leaf,), (*met, *more))
        first = ArchiveTimeStamp(algorithm=SHA256, tree=tree, token=token)
        record = EvidenceRecord(chains=((first,),))
        for token, more in later:
            record = renewed(record, more, token)
        return record.encode()

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
