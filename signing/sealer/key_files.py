"""The sealer's keys and certificates: where they are, and reading them with suspicion.

Keys are PEM (PKCS#8, not encrypted) that nobody but the owner may read; seal and timestamp keys may
lie in a PKCS#11 token instead.
"""

import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from signing.checkpoint import NoteSigner
from signing.cosignature import CosignatureSigner
from signing.errors import ProofError
from signing.evidence_document import Issuer
from signing.private_keys import SigningKey, name_of
from signing.sealer.desk import HeadSigner, Keys
from signing.sealer.errors import SealerSetupError
from signing.sealer.pkcs11 import TokenAccess, Tokens
from signing.seals import Seal
from signing.timestamps import TimestampAuthority

DEFAULT_TSA_POLICY = "0.4.0.2023.1.1"
"""Best practices time-stamp policy (ETSI EN 319 421)."""
POST_QUANTUM_KEY = "log-mldsa-key.pem"
"""The usual name of the log's further key, ML-DSA-44; heads have no such signature without it."""
FORMER_LOG_KEY = "log-key-former.pem"
"""The usual name of the log's former key, which signs on for those who know only that one."""
_ACCURACY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """Where the keys are; the names are those of `in_folder` unless given one by one."""

    seal_key: Path
    seal_certificate: Path
    """The seal's certificate, then its issuers; PEM."""
    log_key: Path
    tsa_key: Path
    tsa_certificate: Path
    more_log_keys: tuple[Path, ...] = ()
    """Sign each head too: an ML-DSA-44 key, and another Ed25519 one while the key is changed."""
    seal_token: str = ""
    """Where the seal's key lies in a token (RFC 7512) instead of the file."""
    tsa_token: str = ""

    @classmethod
    def in_folder(cls, folder: Path) -> "KeyFiles":
        """The usual names in one folder."""
        return cls(
            seal_key=folder / "seal-key.pem",
            seal_certificate=folder / "seal-certificate.pem",
            log_key=folder / "log-key.pem",
            tsa_key=folder / "tsa-key.pem",
            tsa_certificate=folder / "tsa-certificate.pem",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerNames:
    """Who the sealer says it is."""

    name_th: str
    name_en: str
    policies: tuple[str, ...]
    origin: str
    uri_base: str
    tsa_policies: tuple[str, ...] = (DEFAULT_TSA_POLICY,)
    """OIDs under which timestamps are issued, the first unless another one is asked for."""


def load_keys(files: KeyFiles, names: IssuerNames, access: TokenAccess | None = None) -> Keys:
    """Read all keys. Raises SealerSetupError, naming the file or what does not fit.

    `access`: how tokens are reached; needed where a key lies in one.
    """
    tokens = Tokens(access)
    chain = read_certificates(files.seal_certificate)
    tsa_chain = read_certificates(files.tsa_certificate)
    try:
        return Keys(
            issuer=Issuer(
                name_th=names.name_th,
                name_en=names.name_en,
                policies=names.policies,
                origin=names.origin,
                uri_base=names.uri_base,
                certificate=chain[0].public_bytes(Encoding.DER),
            ),
            seal=Seal(key=_held(files.seal_token, files.seal_key, chain, tokens), chain=chain),
            log=_log_signer(files.log_key, names.origin),
            more_log_keys=tuple(_head_signer(one, names.origin) for one in files.more_log_keys),
            timestamps=TimestampAuthority(
                key=_held(files.tsa_token, files.tsa_key, tsa_chain, tokens),
                chain=tsa_chain,
                policy_oid=names.tsa_policies[0],
                more_policies=names.tsa_policies[1:],
                accuracy=_ACCURACY,
            ),
            timestamp_chain=tuple(tsa_chain),
        )
    except ProofError as exc:
        raise SealerSetupError(f"the keys cannot be used: {exc}") from exc


def _held(uri: str, path: Path, chain: Sequence[x509.Certificate], tokens: Tokens) -> SigningKey:
    """A key in a token, if there is a URI, or in a file."""
    if not uri:
        return read_signing_key(path)
    return tokens.open_key(uri, chain[0].public_key())


@dataclass(frozen=True, slots=True, kw_only=True)
class PostQuantumSigner:
    """The log's further signature, by ML-DSA-44 (FIPS 204, c2sp.org/tlog-cosignature).

    It says nothing of time: a head's time is that of its token.
    """

    key: CosignatureSigner

    @property
    def vkey(self) -> str:
        """Of type 0x06, for `logs` of a trust file."""
        return self.key.vkey

    def signature_line(self, text: bytes) -> bytes:
        """Sign a checkpoint's text: another line each time, some 3,300 bytes long."""
        return self.key.signature_line(text, None)


def _head_signer(path: Path, origin: str) -> HeadSigner:
    key = _key(path)
    if isinstance(key, mldsa.MLDSA44PrivateKey):
        return PostQuantumSigner(key=CosignatureSigner(name=origin, private_key=key))
    return _log_signer(path, origin)


def _log_signer(path: Path, origin: str) -> NoteSigner:
    key = _key(path)
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise SealerSetupError(f"{path}: the log's key is not Ed25519")
    return NoteSigner(name=origin, private_key=key)


def read_signing_key(path: Path) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """A key for seals or timestamps in a file. Raises SealerSetupError."""
    key = _key(path)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise SealerSetupError(f"{path}: not a P-256 or RSA key but {name_of(key)}")
    return key


def _key(path: Path) -> object:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SealerSetupError(f"{path}: others than its owner may use this key")
        return load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise SealerSetupError(f"{path}: cannot be read as a key: {exc}") from exc


def read_certificates(path: Path) -> Sequence[x509.Certificate]:
    """Certificates in PEM. Raises SealerSetupError."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())  # one at least
    except (OSError, ValueError) as exc:
        raise SealerSetupError(f"{path}: cannot be read as certificates: {exc}") from exc
