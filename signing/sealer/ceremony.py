"""Makes all keys of a sealer at once: for the demo and for tests.

A real operator makes the roots elsewhere and keeps them offline; here the roots' keys are thrown
away when the function returns, so that nothing can be issued below them again.
"""

import errno
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signing import certificates as cert
from signing.checkpoint import NoteSigner, NoteVerifier
from signing.cosignature import CosignatureSigner, CosignatureVerifier
from signing.durable import sync_folder, write_new
from signing.sealer.key_files import POST_QUANTUM_KEY, KeyFiles
from signing.trust_file import TrustFile

RECEIPT = cert.LeafUse.SIGN_RECEIPTS
_BEFORE = timedelta(hours=1)
_ROOT_DAYS, _LEAF_DAYS, _RECEIPT_DAYS = 20 * 365, 3 * 365, 2 * 365
"""A receipt outlives its key's certificate by its timestamps, so theirs ends later."""
_SERIAL_BITS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class SealerKeys:
    """What was made: the files for the sealer, and what others are to trust."""

    files: KeyFiles
    seal_root: str
    """PEM, for `seal_roots` of a trust.json."""
    tsa_root: str
    """PEM, for `tsa_roots`."""
    vkey: str
    """The log's verifier key, for `logs`."""
    post_quantum_vkey: str
    """The log's further one, ML-DSA-44, for `logs` too."""
    receipts: Path
    """Folder of the receipt maker: its key, its certificate, revocation lists, whom it believes."""

    def trust(self) -> TrustFile:
        """What a stranger is to believe in order to check what these keys made."""
        return TrustFile(
            seal_roots=(x509.load_pem_x509_certificate(self.seal_root.encode("ascii")),),
            tsa_roots=(x509.load_pem_x509_certificate(self.tsa_root.encode("ascii")),),
            logs=(
                NoteVerifier.parse(self.vkey),
                CosignatureVerifier.parse(self.post_quantum_vkey),
            ),
        )


def make_keys(
    folder: Path, *, origin: str, organization: str, now: datetime, receipts: Path | None = None
) -> SealerKeys:
    """Make keys in a folder, mode 0600: seal, timestamp (P-256), log (Ed25519, and ML-DSA-44).

    The key for receipts (P-256, below the seal's root) goes with all that its program needs into
    the folder `receipts`, below `folder` if not given. Certificates hold from an hour before `now`.
    Raises FileExistsError rather than replace a key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    receipts = receipts or folder / "receipts"
    receipts.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = KeyFiles.in_folder(folder)
    further = folder / POST_QUANTUM_KEY
    key, certificate = receipts / "receipt-key.pem", receipts / "receipt-certificate.pem"
    _nothing_there(
        (files.seal_key, files.seal_certificate, files.tsa_key, files.tsa_certificate),
        (files.log_key, further, key, certificate, receipts / "trust.json"),
    )
    seal_root = _root("Seal", organization, now)
    tsa_root = _root("Timestamp", organization, now)
    seal, tsa, receipt = cert.LeafUse.SIGN_DOCUMENTS, cert.LeafUse.TIMESTAMP, RECEIPT
    _leaf(seal_root, files.seal_key, files.seal_certificate, "Seal 1", seal, now)
    _leaf(tsa_root, files.tsa_key, files.tsa_certificate, "Timestamp 1", tsa, now)
    _leaf(seal_root, key, certificate, "Receipts 1", receipt, now)
    log_key = Ed25519PrivateKey.generate()
    write_new(
        files.log_key, log_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    more_log_key = MLDSA44PrivateKey.generate()
    write_new(
        further, more_log_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    for name, root in (("seal-root.crl", seal_root), ("timestamp-root.crl", tsa_root)):
        write_new(receipts / name, _nothing_revoked(root))
    keys = SealerKeys(
        files=replace(files, more_log_keys=(further,)),
        seal_root=cert.pem(seal_root.certificate).decode("ascii"),
        tsa_root=cert.pem(tsa_root.certificate).decode("ascii"),
        vkey=NoteSigner(name=origin, private_key=log_key).vkey,
        post_quantum_vkey=CosignatureSigner(name=origin, private_key=more_log_key).vkey,
        receipts=receipts,
    )
    write_new(receipts / "trust.json", keys.trust().text())
    for each in (folder, receipts):
        sync_folder(each)
    return keys


def _nothing_there(*groups: Sequence[Path]) -> None:
    """Refuse before the first key is made: half a set of keys would be of no use."""
    for path in (path for group in groups for path in group):
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def _root(what: str, organization: str, now: datetime) -> cert.Authority:
    return cert.make_root(
        subject=cert.Subject(common_name=f"{what} Root", organization=organization),
        key=cert.new_p256_key(),
        serial=_serial(),
        validity=cert.Validity(
            not_before=now - _BEFORE, not_after=now + timedelta(days=_ROOT_DAYS)
        ),
    )


def _leaf(  # noqa: PLR0913, PLR0917 - two files and what a certificate says
    root: cert.Authority,
    key_file: Path,
    certificate_file: Path,
    name: str,
    use: cert.LeafUse,
    now: datetime,
) -> None:
    (organization,) = root.certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    key = cert.new_p256_key()
    days = _RECEIPT_DAYS if use is RECEIPT else _LEAF_DAYS
    leaf = cert.make_leaf(
        issuer=root,
        subject=cert.Subject(common_name=name, organization=str(organization.value)),
        public_key=key.public_key(),
        serial=_serial(),
        validity=cert.Validity(not_before=now - _BEFORE, not_after=now + timedelta(days=days)),
        use=use,
    )
    write_new(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_new(certificate_file, cert.pem(leaf))


def _nothing_revoked(root: cert.Authority) -> bytes:
    """A list that stands as long as the root: with its key nothing can be revoked any more."""
    return cert.make_crl(
        issuer=root,
        revoked=(),
        this_update=root.certificate.not_valid_before_utc,
        next_update=root.certificate.not_valid_after_utc,
        number=1,
    )


def _serial() -> int:
    return secrets.randbits(_SERIAL_BITS) | 1
