"""Trust material: anchors, intermediates, revocation data, as one frozen value with a version.

A plain folder holds anchors (*.pem, *.crt, *.cer, *.der: each certificate in it is trusted for
everything, without end), below it `intermediates/` (helpful, not trusted), and revocation data
anywhere (*.crl, *.ocsp, DER or PEM). The version is a digest of the contents, so that a verdict can
name exactly what it relied on. Nothing here decides whether a chain holds; nothing is fetched.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from asn1crypto import crl, ocsp, pem, x509

CERTIFICATE_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})
INTERMEDIATES = "intermediates"
MAX_FILE_BYTES = 64 * 1024 * 1024
"""The largest revocation lists in the world are near 20 MB."""


class TrustError(Exception):
    """Trust material cannot be used; names the file."""

    code = "trust-unusable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


class Role(StrEnum):
    """What an anchor may vouch for."""

    SENDER = "sender"
    """Certificates of those who sign documents."""
    TIMESTAMP = "tsa"
    """Units of timestamping authorities (RFC 3161)."""


EVERY_ROLE = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A certificate that is trusted as it is, for what and when."""

    der: bytes
    roles: frozenset[Role] = EVERY_ROLE
    valid_from: datetime | None = None
    """First instant at which it vouches; None: always has."""
    valid_until: datetime | None = None
    """First instant at which it does not any more; what is proven to be older stays good."""

    @property
    def sha256(self) -> str:
        """Digest of the certificate, in hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def terms(self) -> str:
        """All but the certificate, in its one spelling: digest, roles, first and last instant."""
        roles = ",".join(sorted(self.roles))
        return f"{self.sha256} {roles} {spell(self.valid_from)} {spell(self.valid_until)}"


def spell(instant: datetime | None) -> str:
    """RFC 3339 in UTC with whole seconds; `-` for None."""
    if instant is None:
        return "-"
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: str) -> datetime | None:
    """Undo `spell`. Raises ValueError for any other spelling."""
    if text == "-":
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or spell(instant) != text:
        raise ValueError(f"{text} is not of the form 2026-01-31T23:59:59Z")
    return instant


@dataclass(frozen=True, kw_only=True)  # no slots: the version is computed once and kept
class TrustFolder:
    """What is trusted and what helps to decide; DER throughout, sorted, without doubles."""

    anchors: tuple[Anchor, ...] = ()
    intermediates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    @cached_property
    def version(self) -> str:
        """`sha256:` and the digest over kind, digest and terms of every item, in order."""
        total = hashlib.sha256()
        for anchor in self.anchors:
            total.update(f"anchors {anchor.terms}\n".encode())
        for kind, items in self._helpers():
            for item in items:
                total.update(f"{kind} {hashlib.sha256(item).hexdigest()}\n".encode())
        return f"sha256:{total.hexdigest()}"

    def merged(self, other: "TrustFolder") -> "TrustFolder":
        """Trust what either trusts."""
        return TrustFolder(
            anchors=tidy_anchors((*self.anchors, *other.anchors)),
            intermediates=_tidy((*self.intermediates, *other.intermediates)),
            crls=_tidy((*self.crls, *other.crls)),
            ocsps=_tidy((*self.ocsps, *other.ocsps)),
        )

    def to_bytes(self) -> bytes:
        """Pack for a program that may not read the folder itself."""
        packed = {
            kind: [base64.b64encode(item).decode("ascii") for item in items]
            for kind, items in self._helpers()
        }
        packed["anchors"] = [
            base64.b64encode(anchor.der).decode("ascii") for anchor in self.anchors
        ]
        packed["terms"] = [anchor.terms for anchor in self.anchors]
        return json.dumps(packed).encode("ascii")

    @staticmethod
    def from_bytes(packed: bytes) -> "TrustFolder":
        """Undo `to_bytes`; the bytes come from our own process."""
        parts = json.loads(packed)
        anchors = zip(parts["anchors"], parts["terms"], strict=True)
        return TrustFolder(
            anchors=tuple(_unpacked(base64.b64decode(der), terms) for der, terms in anchors),
            **{
                kind: tuple(base64.b64decode(item) for item in parts[kind])
                for kind in ("intermediates", "crls", "ocsps")
            },
        )

    def _helpers(self) -> Iterator[tuple[str, tuple[bytes, ...]]]:
        yield "intermediates", self.intermediates
        yield "crls", self.crls
        yield "ocsps", self.ocsps


def tidy_anchors(anchors: Iterable[Anchor]) -> tuple[Anchor, ...]:
    """Sort anchors, each once; one certificate may stand under several terms."""
    return tuple(sorted(set(anchors), key=lambda anchor: (anchor.der, anchor.terms)))


def _unpacked(der: bytes, terms: str) -> Anchor:
    _, roles, begins, ends = terms.split(" ")
    return Anchor(
        der=der,
        roles=frozenset(Role(role) for role in roles.split(",")),
        valid_from=read_instant(begins),
        valid_until=read_instant(ends),
    )


def load_trust(paths: Sequence[Path]) -> TrustFolder:
    """Read PEM or DER files and folders; every certificate named directly is an anchor.

    Raises:
        TrustError: a file cannot be read, or holds no certificate or revocation data.

    """
    whole = TrustFolder()
    for path in paths:
        whole = whole.merged(_load_folder(path) if path.is_dir() else _load_file(path))
    return whole


def _load_folder(folder: Path) -> TrustFolder:
    whole = TrustFolder()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() in CERTIFICATE_SUFFIXES | {".crl", ".ocsp"}:
            inside = path.relative_to(folder).parts[:-1]
            whole = whole.merged(_load_file(path, helps_only=INTERMEDIATES in inside))
    return whole


def _load_file(path: Path, *, helps_only: bool = False) -> TrustFolder:
    content = _read(path)
    try:
        match path.suffix.lower():
            case ".crl":
                return TrustFolder(crls=_tidy(_checked_crl(der) for der in _der(content)))
            case ".ocsp":
                return TrustFolder(ocsps=_tidy(_checked_ocsp(der) for der in _der(content)))
            case _:
                certificates = _tidy(_checked_certificate(der) for der in _der(content))
    except (ValueError, TypeError, KeyError) as problem:
        raise TrustError(path, str(problem)) from problem
    if helps_only:
        return TrustFolder(intermediates=certificates)
    return TrustFolder(anchors=tidy_anchors(Anchor(der=der) for der in certificates))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise TrustError(path, problem.strerror or str(problem)) from problem
    if len(content) > MAX_FILE_BYTES:
        raise TrustError(path, "larger than 64 MiB")
    return content


def _der(content: bytes) -> list[bytes]:
    if not pem.detect(content):
        return [content]
    return [der for _, _, der in pem.unarmor(content, multiple=True)]


def _checked_certificate(der: bytes) -> bytes:
    certificate = x509.Certificate.load(der, strict=True)
    _ = certificate.subject.native, certificate.not_valid_after
    return der


def _checked_crl(der: bytes) -> bytes:
    parsed = crl.CertificateList.load(der, strict=True)
    _ = parsed.issuer.native, parsed["tbs_cert_list"]["this_update"].native
    return der


def _checked_ocsp(der: bytes) -> bytes:
    parsed = ocsp.OCSPResponse.load(der, strict=True)
    _ = parsed["response_status"].native
    return der


def _tidy(items: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(sorted(set(items)))
