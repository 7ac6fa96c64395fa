"""Trust material: anchors, intermediates, revocation data, as one frozen value with a version.

A plain folder holds anchors (*.pem, *.crt, *.cer, *.der: each certificate in it is trusted for
everything, without end), below it `intermediates/` (helpful, not trusted), and revocation data
anywhere (*.crl, *.ocsp, DER or PEM). In a store, a folder with a `trust-store.note`, the anchors
are those that its list names, under its terms. The version is a digest of the contents, so that a
verdict can name exactly what it relied on. Nothing here decides whether a chain holds or verifies
the note (`trust_store` does); nothing is fetched.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from asn1crypto import crl, ocsp, pem, x509

from signing.checkpoint import MAX_NOTE_BYTES, split_note
from signing.errors import ProofError
from signing.trust_list import (
    EVERY_ROLE,
    Role,
    TrustList,
    read_instant,
    read_roles,
    spell_terms,
)

__all__ = ["EVERY_ROLE", "Anchor", "Role", "TrustError", "TrustFolder", "load_listed", "load_trust"]

CERTIFICATE_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})
_KINDS = {".crl": "revocation lists", ".ocsp": "OCSP answers"}
INTERMEDIATES = "intermediates"
ANCHORS = "anchors"
NOTE = "trust-store.note"
"""With a file of this name a folder is a store: its list says what the anchors are for."""
MAX_FILE_BYTES = 64 * 1024 * 1024
"""The largest revocation lists in the world are near 20 MB."""


class TrustError(Exception):
    """Trust material cannot be used; names the file."""

    code = "trust-unusable"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path
        self.why = why


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
        return f"{self.sha256} {spell_terms(self.roles, self.valid_from, self.valid_until)}"


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
        roles=read_roles(roles),
        valid_from=read_instant(begins),
        valid_until=read_instant(ends),
    )


def load_trust(paths: Sequence[Path]) -> TrustFolder:
    """Read PEM or DER files and folders; every certificate named directly is an anchor.

    The list of a store counts without a look at its signature: who names the folder trusts it.

    Raises:
        TrustError: a file cannot be read, or holds no certificate or revocation data.

    """
    whole = TrustFolder()
    for path in paths:
        whole = whole.merged(_load_folder(path) if path.is_dir() else _load_file(path))
    return whole


def load_listed(folder: Path, listed: TrustList) -> TrustFolder:
    """Read a store by its list.

    Raises:
        TrustError: a listed anchor is missing or another certificate, or a certificate lies there
            that is neither listed nor below `intermediates/`.

    """
    anchors = []
    for line in listed.anchors:
        path = folder / ANCHORS / line.file
        found = _load_file(path).anchors
        if [anchor.sha256 for anchor in found] != [line.sha256]:
            raise TrustError(path, "is not the certificate that the list names")
        (anchor,) = found
        anchors.append(
            Anchor(
                der=anchor.der,
                roles=line.roles,
                valid_from=line.valid_from,
                valid_until=line.valid_until,
            )
        )
    known = {folder / ANCHORS / line.file for line in listed.anchors}
    whole = TrustFolder(anchors=tidy_anchors(anchors))
    for path, helps_only in _files(folder):
        if path in known:
            continue
        if not helps_only and path.suffix.lower() in CERTIFICATE_SUFFIXES:
            raise TrustError(path, "is a certificate that the store's list does not name")
        whole = whole.merged(_load_file(path, helps_only=helps_only))
    return whole


def _load_folder(folder: Path) -> TrustFolder:
    if (folder / NOTE).exists():
        return load_listed(folder, _unverified_list(folder / NOTE))
    whole = TrustFolder()
    for path, helps_only in _files(folder):
        whole = whole.merged(_load_file(path, helps_only=helps_only))
    return whole


def _files(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Every file that says something, and whether it only helps. Raises TrustError."""
    try:
        found = sorted(path for path in folder.rglob("*") if path.is_file())
    except OSError as problem:  # it is just being replaced, or is not ours to read
        raise TrustError(folder, problem.strerror or str(problem)) from problem
    for path in found:
        if path.suffix.lower() in CERTIFICATE_SUFFIXES | {".crl", ".ocsp"}:
            yield path, INTERMEDIATES in path.relative_to(folder).parts[:-1]


def _unverified_list(path: Path) -> TrustList:
    try:
        text, _ = split_note(read_file(path, MAX_NOTE_BYTES))
        return TrustList.parse(text)
    except ProofError as problem:
        raise TrustError(path, str(problem)) from problem


def _load_file(path: Path, *, helps_only: bool = False) -> TrustFolder:
    content, kind = read_file(path), _KINDS.get(path.suffix.lower(), "certificates")
    try:
        match path.suffix.lower():
            case ".crl":
                return TrustFolder(crls=_tidy(_checked_crl(der) for der in _der(content)))
            case ".ocsp":
                return TrustFolder(ocsps=_tidy(_checked_ocsp(der) for der in _der(content)))
            case _:
                certificates = _tidy(_checked_certificate(der) for der in _der(content))
    except (ValueError, TypeError, KeyError) as problem:
        raise TrustError(path, f"holds something else than {kind} in PEM or DER") from problem
    if helps_only:
        return TrustFolder(intermediates=certificates)
    return TrustFolder(anchors=tidy_anchors(Anchor(der=der) for der in certificates))


def read_file(path: Path, most: int = MAX_FILE_BYTES) -> bytes:
    """Read a file of at most so many bytes. Raises TrustError."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as problem:
        raise TrustError(path, problem.strerror or str(problem)) from problem
    if len(content) > most:
        raise TrustError(path, f"larger than {most} bytes")
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
