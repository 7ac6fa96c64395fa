"""Makes all keys of a sealer at once: for the demo and for tests.

A real operator makes the roots elsewhere and keeps them offline; here the roots' keys are thrown
away when the function returns, so that nothing can be issued below them again.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing import certificates as cert
from signing.checkpoint import NoteSigner, NoteVerifier
from signing.durable import write_new
from signing.sealer.key_files import KeyFiles
from signing.trust_file import TrustFile

_ROOT_DAYS, _LEAF_DAYS = 20 * 365, 3 * 365
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

    def trust(self) -> TrustFile:
        """What a stranger is to believe in order to check what these keys made."""
        return TrustFile(
            seal_roots=(x509.load_pem_x509_certificate(self.seal_root.encode("ascii")),),
            tsa_roots=(x509.load_pem_x509_certificate(self.tsa_root.encode("ascii")),),
            logs=(NoteVerifier.parse(self.vkey),),
        )


def make_keys(folder: Path, *, origin: str, organization: str, now: datetime) -> SealerKeys:
    """Make seal (P-256), timestamp (P-256) and log (Ed25519) keys in a folder, mode 0600.

    Certificates hold from an hour before `now`. Raises FileExistsError rather than replace a key.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = KeyFiles.in_folder(folder)
    seal_root = _make(
        files.seal_key,
        files.seal_certificate,
        "Seal",
        cert.LeafUse.SIGN_DOCUMENTS,
        organization,
        now,
    )
    tsa_root = _make(
        files.tsa_key, files.tsa_certificate, "Timestamp", cert.LeafUse.TIMESTAMP, organization, now
    )
    log_key = Ed25519PrivateKey.generate()
    write_new(
        files.log_key, log_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return SealerKeys(
        files=files,
        seal_root=seal_root,
        tsa_root=tsa_root,
        vkey=NoteSigner(name=origin, private_key=log_key).vkey,
    )


def _make(  # noqa: PLR0913, PLR0917 - two files and what a certificate says
    key_file: Path,
    certificate_file: Path,
    what: str,
    use: cert.LeafUse,
    organization: str,
    now: datetime,
) -> str:
    """Make a root and one certificate below it; give the root in PEM."""
    start = now - timedelta(hours=1)
    root = cert.make_root(
        subject=cert.Subject(common_name=f"{what} Root", organization=organization),
        key=cert.new_p256_key(),
        serial=_serial(),
        validity=cert.Validity(not_before=start, not_after=now + timedelta(days=_ROOT_DAYS)),
    )
    key = cert.new_p256_key()
    leaf = cert.make_leaf(
        issuer=root,
        subject=cert.Subject(common_name=f"{what} 1", organization=organization),
        public_key=key.public_key(),
        serial=_serial(),
        validity=cert.Validity(not_before=start, not_after=now + timedelta(days=_LEAF_DAYS)),
        use=use,
    )
    write_new(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_new(certificate_file, cert.pem(leaf))
    return cert.pem(root.certificate).decode("ascii")


def _serial() -> int:
    return secrets.randbits(_SERIAL_BITS) | 1
