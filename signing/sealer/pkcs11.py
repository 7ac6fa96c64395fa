"""Keys in a PKCS#11 token: found by their RFC 7512 URI, used for SHA-256 digests, never read out.

The token gets digests that we made ourselves (CKM_ECDSA, CKM_RSA_PKCS), and every answer of it is
verified under the certificate's key before it is used: a token that fails can only be silent. The
library is imported when a key is asked for; nothing else in TDH imports it.

A PIN is tried once. If the token refuses it, it is not tried again until its file has changed:
the sealer is restarted by itself, and a token locks its PIN after a few wrong ones.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_to_bytes

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.durable import write_over
from signing.private_keys import KeyGone, PublicKey, name_of, verify_digest
from signing.sealer.errors import SealerSetupError

if TYPE_CHECKING:
    from pkcs11 import Session, Token

SCHEME = "pkcs11:"
REFUSED_PIN = "pin-refused"
"""Name of the file that remembers which PIN file the token refused."""

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""DER of DigestInfo up to the SHA-256 digest (RFC 8017, 9.2, note 1)."""
_TRIAL = bytes.fromhex("9a7c") + bytes(30)
"""No digest of anything: signed at the start, to see whose key it is."""
_HALF = 32
_TOKEN_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {"token": "token_label", "serial": "token_serial"}
)
_PATH_ATTRIBUTES = frozenset({*_TOKEN_ATTRIBUTES, "object", "id", "type"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUri:
    """Where a key is (RFC 7512): a token and an object in it."""

    token: tuple[tuple[str, bytes], ...]
    """`token` (its label) and `serial`: one at least."""
    label: bytes | None
    id: bytes | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URI. Raises SealerSetupError, naming the attribute that is wrong.

        Attributes of the query are refused: module and PIN are named by arguments of their own,
        and a PIN never stands in one, where other users could read it.
        """
        path, query, _ = text.removeprefix(SCHEME).partition("?")
        if query:
            raise SealerSetupError(f"{SCHEME} nothing behind ? is used; name the PIN's file")
        found: dict[str, bytes] = {}
        for attribute in path.split(";"):
            name, equals, value = attribute.partition("=")
            if name not in _PATH_ATTRIBUTES or not equals or name in found:
                raise SealerSetupError(f"{SCHEME} attribute {name!r} is unknown or stands twice")
            found[name] = unquote_to_bytes(value)
        token = tuple((name, found[name]) for name in _TOKEN_ATTRIBUTES if found.get(name))
        if not token:
            raise SealerSetupError(f"{SCHEME} names no token")
        if not (found.get("object") or found.get("id")):
            raise SealerSetupError(f"{SCHEME} names no object")
        if found.get("type", b"private") != b"private":
            raise SealerSetupError(f"{SCHEME} type is always private")
        return cls(token=token, label=found.get("object"), id=found.get("id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccess:
    """How tokens are reached."""

    module: Path
    """The maker's PKCS#11 library."""
    pin_file: Path
    """One line, readable by its owner only."""
    state: Path
    """Folder where a refused PIN is remembered."""


class Tokens:
    """Opens keys; logs in to each token once."""

    def __init__(self, access: TokenAccess | None) -> None:
        """Nothing happens yet; without access, a key in a token is refused when asked for."""
        self._access = access
        self._sessions: dict[tuple[tuple[str, bytes], ...], Session] = {}

    def open_key(self, uri: str, public: object) -> "TokenKey":
        """The private key of this public one.

        Raises SealerSetupError for a token or object that is not there, a wrong PIN, the key of
        another certificate, and kinds of keys that do not seal.
        """
        where = KeyUri.parse(uri)
        if self._access is None:
            raise SealerSetupError("a key in a token needs --pkcs11-module and --pkcs11-pin-file")
        p256 = isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name == "secp256r1"
        if not (p256 or isinstance(public, rsa.RSAPublicKey)):
            raise SealerSetupError(f"a token's key is P-256 or RSA, not {name_of(public)}")
        from pkcs11.exceptions import (  # noqa: PLC0415 - only where there is a token
            MultipleObjectsReturned,
            NoSuchKey,
            PKCS11Error,
        )

        try:
            session = self._session(where, self._access)
            key = TokenKey(_private_key(session, where), public)  # type: ignore[arg-type]  # the two kinds were looked at
            key.sign_digest(_TRIAL)
        except NoSuchKey as exc:
            raise SealerSetupError(f"{uri}: the token has no such private key") from exc
        except MultipleObjectsReturned as exc:
            raise SealerSetupError(f"{uri}: several keys are called so; name the id too") from exc
        except (PKCS11Error, KeyGone) as exc:
            raise SealerSetupError(f"{uri}: {_words(exc)}") from exc
        return key

    def _session(self, where: KeyUri, access: TokenAccess) -> "Session":
        if where.token not in self._sessions:
            self._sessions[where.token] = _log_in(_token(where, access), access)
        return self._sessions[where.token]


class TokenKey:
    """A key in a token that we are logged in to; see `signing.private_keys.HeldKey`."""

    __slots__ = ("_key", "_public")

    def __init__(self, key: Any, public: PublicKey) -> None:
        self._key, self._public = key, public

    def public_key(self) -> PublicKey:
        """The public half, from the certificate; what the token signs is verified with it."""
        return self._public

    def sign_digest(self, digest: bytes) -> bytes:
        """Sign by the token. Raises KeyGone where it does not, or signs with another key."""
        from pkcs11 import Mechanism  # noqa: PLC0415 - as above
        from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415 - as above

        try:
            if isinstance(self._public, rsa.RSAPublicKey):
                signature = bytes(
                    self._key.sign(_DIGEST_INFO + digest, mechanism=Mechanism.RSA_PKCS)
                )
            else:
                signature = _as_der(bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA)))
        except PKCS11Error as exc:
            raise KeyGone(f"the token does not sign: {_words(exc)}") from exc
        try:
            verify_digest(self._public, signature, digest)
        except InvalidSignature as exc:
            raise KeyGone("the token's key is not that of the certificate") from exc
        return signature


def _token(where: KeyUri, access: TokenAccess) -> "Token":
    import pkcs11  # noqa: PLC0415 - as above

    wanted = {
        _TOKEN_ATTRIBUTES[name]: value if name == "serial" else value.decode(errors="replace")
        for name, value in where.token
    }
    try:
        return pkcs11.lib(str(access.module)).get_token(**wanted)
    except pkcs11.exceptions.NoSuchToken as exc:
        raise SealerSetupError(f"no token {_shown(where)} is there") from exc
    except pkcs11.exceptions.MultipleTokensReturned as exc:
        raise SealerSetupError(f"several tokens are {_shown(where)}; name the serial") from exc
    except pkcs11.exceptions.PKCS11Error as exc:
        raise SealerSetupError(f"{access.module}: {_words(exc)}") from exc


def _log_in(token: "Token", access: TokenAccess) -> "Session":
    from pkcs11.exceptions import PinIncorrect, PinInvalid, PinLenRange, PinLocked  # noqa: PLC0415 - as above

    pin, spelling = _read_pin(access.pin_file)
    refused = access.state / REFUSED_PIN
    if refused.exists() and refused.read_text(encoding="ascii") == spelling:
        raise SealerSetupError(
            f"{access.pin_file}: the token refused this PIN; it is not tried again until the file "
            "has changed"
        )
    try:
        session = token.open(user_pin=pin)
    except (PinIncorrect, PinInvalid, PinLenRange) as exc:
        access.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_over(refused, spelling.encode("ascii"))
        raise SealerSetupError(f"{access.pin_file}: the token refuses this PIN") from exc
    except PinLocked as exc:
        raise SealerSetupError("the token's PIN is locked; its officer must unlock it") from exc
    refused.unlink(missing_ok=True)
    return session


def _read_pin(path: Path) -> tuple[str, str]:
    """The PIN, and what tells this writing of its file from a later one."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SealerSetupError(f"{path}: others than its owner may read this PIN")
            pin = file.read(1024).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise SealerSetupError(f"{path}: cannot be read as a PIN: {exc}") from exc
    if not pin or "\n" in pin:
        raise SealerSetupError(f"{path}: a PIN is one line")
    return pin, f"{found.st_dev} {found.st_ino} {found.st_mtime_ns}"


def _private_key(session: "Session", where: KeyUri) -> Any:
    from pkcs11 import ObjectClass  # noqa: PLC0415 - as above

    label = None if where.label is None else where.label.decode(errors="replace")
    return session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label, id=where.id)


def _as_der(value: bytes) -> bytes:
    """An ECDSA-Sig-Value from r and s side by side. Raises KeyGone for another length."""
    if len(value) != 2 * _HALF:
        raise KeyGone(f"the token gives a signature of {len(value)} bytes")
    return encode_dss_signature(int.from_bytes(value[:_HALF]), int.from_bytes(value[_HALF:]))


def _shown(where: KeyUri) -> str:
    return " ".join(f"{name}={value.decode(errors='replace')}" for name, value in where.token)


def _words(error: Exception) -> str:
    """The library's errors often have no words but their class's name."""
    return str(error) or type(error).__name__
