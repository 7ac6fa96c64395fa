"""One new key of the service, and the request for its certificate (PKCS#10, RFC 2986).

For a rotation: the new key is made beside the one that serves, in a folder of its own. It never
replaces a file, never issues a certificate, and decides nothing about when the key serves.
"""

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from signing.certificates import LeafUse, PrivateKey, Subject, leaf_extensions, new_p256_key
from signing.checkpoint import NoteSigner
from signing.cosignature import CosignatureSigner
from signing.durable import sync_folder, write_new
from signing.private_keys import spki_digest
from tdh.domain.errors import InvalidValue
from tdh.domain.service_keys import KeyUse

LOG_USES = frozenset({KeyUse.LOG, KeyUse.LOG_MLDSA})
"""Keys that have a verifier key (C2SP) and no certificate."""
_CERTIFIED: Mapping[KeyUse, tuple[str, LeafUse]] = MappingProxyType(
    {
        KeyUse.SEAL: ("seal", LeafUse.SIGN_DOCUMENTS),
        KeyUse.TIMESTAMP: ("tsa", LeafUse.TIMESTAMP),
        KeyUse.RECEIPT: ("receipt", LeafUse.SIGN_RECEIPTS),
    }
)
"""How their files are called where they serve, and what the certificate must allow."""
_MORE_NAMES = MappingProxyType(
    {
        "serialNumber": NameOID.SERIAL_NUMBER,
        "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    }
)
"""What ETSI EN 319 412-3 has in names of seals beyond the short names of RFC 4514."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What was made; the private key is in its file only."""

    use: KeyUse
    key: bytes
    """SHA-256 of the SubjectPublicKeyInfo."""
    key_file: Path
    request_file: Path | None = None
    """Where the key needs a certificate."""
    vkey: str | None = None
    """Of a log's key."""


def make_new_key(use: KeyUse, folder: Path, *, origin: str, subject: x509.Name | None) -> NewKey:
    """Make one key, mode 0600, under the name that it has where it serves.

    P-256 with a request beside it, which needs `subject`; for the log Ed25519 or ML-DSA-44, under
    the log's name `origin`. Makes the folder, for its owner alone.

    Raises:
        FileExistsError: key or request is there; nothing was made.
        InvalidValue: a subject for a log's key, or none for another.
        OSError: the files cannot be written; none is left behind.

    """
    if (use in LOG_USES) != (subject is None):
        raise InvalidValue("subject", "belongs to a key that gets a certificate, and only to that")
    if subject is None:
        key, made = _log_key(use, folder, origin)
        _write(folder, {made.key_file: _pem_of(key)})
        return made
    name, leaf = _CERTIFIED[use]
    certified = new_p256_key()
    made = NewKey(
        use=use,
        key=spki_digest(certified.public_key()),
        key_file=folder / f"{name}-key.pem",
        request_file=folder / f"{name}-request.pem",
    )
    request = _request(certified, subject, leaf)
    _write(folder, {made.key_file: _pem_of(certified), folder / f"{name}-request.pem": request})
    return made


def read_subject(text: str) -> x509.Name:
    """A name as RFC 4514 writes it: `CN=Seal 2,O=Agency,C=TH`. Raises InvalidValue."""
    try:
        name = x509.Name.from_rfc4514_string(text, attr_name_overrides=dict(_MORE_NAMES))
    except ValueError as exc:
        raise InvalidValue("subject", "is no name like CN=Seal 2,O=Agency,C=TH") from exc
    if not name.get_attributes_for_oid(NameOID.COMMON_NAME):
        raise InvalidValue("subject", "must have a CN")
    return name


def usual_subject(common_name: str, organization: str) -> x509.Name:
    """The name of a key of a Thai organisation."""
    return Subject(common_name=common_name, organization=organization).name()


def _log_key(
    use: KeyUse, folder: Path, origin: str
) -> tuple[Ed25519PrivateKey | MLDSA44PrivateKey, NewKey]:
    key: Ed25519PrivateKey | MLDSA44PrivateKey
    if use is KeyUse.LOG:
        key = ed25519 = Ed25519PrivateKey.generate()
        vkey = NoteSigner(name=origin, private_key=ed25519).vkey
    else:
        key = mldsa = MLDSA44PrivateKey.generate()
        vkey = CosignatureSigner(name=origin, private_key=mldsa).vkey
    file = folder / f"{use.value}-key.pem"
    return key, NewKey(use=use, key=spki_digest(key.public_key()), key_file=file, vkey=vkey)


def _request(key: PrivateKey, subject: x509.Name, use: LeafUse) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in leaf_extensions(use):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def _pem_of(key: PrivateKey | MLDSA44PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(folder: Path, contents: Mapping[Path, bytes]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in contents:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    written: list[Path] = []
    try:
        for path, content in contents.items():
            write_new(path, content)
            written.append(path)
        sync_folder(folder)
    except OSError:
        for path in written:  # a key without its request, or the other way round, is of no use
            path.unlink(missing_ok=True)
        raise
