"""The manifest of a bundle: which files its seal stands over, by digest.

ETSI EN 319 162-1, clause A.4 (`asic:ASiCManifest`). The seal, a detached CAdES signature, is over
the bytes of the manifest. A manifest has one spelling, as every text here: the reader writes what
it read once more and compares. Never hashes a file, never does I/O.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from signing.errors import ProofError
from signing.xml_canonical import NotXmlText, attribute

ASIC = "http://uri.etsi.org/02918/v1.2.1#"
DS = "http://www.w3.org/2000/09/xmldsig#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
MANIFEST_NAME = "META-INF/ASiCManifest001.xml"
SEAL_NAME = "META-INF/signature001.p7s"
SEAL_TYPE = "application/pkcs7-signature"
MAX_MANIFEST_BYTES = 1 << 20
"""Longer ones are refused unread; a file takes about 350 bytes."""
MAX_ENTRIES = 1000

_DIGEST_BYTES = 32
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+_-]*/[A-Za-z0-9][A-Za-z0-9.+_-]*")
_REFERENCE = re.compile(
    r'<asic:DataObjectReference MimeType="([^"<>]*)"( Rootfile="true")? URI="([^"<>]*)">'
    rf'<ds:DigestMethod Algorithm="{re.escape(SHA256)}"></ds:DigestMethod>'
    r"<ds:DigestValue>([A-Za-z0-9+/=]*)</ds:DigestValue></asic:DataObjectReference>\n"
)


class ManifestError(ProofError):
    """Entries that no manifest can name, or bytes that are no manifest in its one spelling."""

    code = "manifest-malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEntry:
    """One file that the seal covers. Raises ManifestError for what cannot be named."""

    uri: str
    """The file's name in the container, as it is; `write_manifest` percent-encodes it."""
    media_type: str
    sha256: bytes
    rootfile: bool = False
    """Whether this is the file to begin with (A.4.1)."""

    def __post_init__(self) -> None:
        if not is_plain_name(self.uri):
            raise ManifestError(f"{self.uri[:80]!r} is no name of a file in a container")
        if _MEDIA_TYPE.fullmatch(self.media_type) is None:
            raise ManifestError(f"{self.media_type[:80]!r} is no media type")
        if len(self.sha256) != _DIGEST_BYTES:
            raise ManifestError("a SHA-256 has 32 bytes")


def is_plain_name(name: str) -> bool:
    """Whether a name is relative, with slashes only, and the same for every program.

    No part may be empty, `.` or `..`, end with a space or dot, or hold a colon, a backslash or a
    control character: each means another place to some system.
    """
    return (
        0 < len(name.encode("utf-8", "replace")) <= 1024  # noqa: PLR2004 - what unpackers take
        and name.isprintable()
        and not set(name) & set('\\:*?"<>|')
        and all(part and part[-1] not in ". " and part[0] != " " for part in name.split("/"))
    )


def write_manifest(
    entries: Sequence[ManifestEntry],
    *,
    signature: str = SEAL_NAME,
    signature_type: str = SEAL_TYPE,
) -> bytes:
    """The manifest, in the order of `entries`. Raises ManifestError for none, or one twice."""
    names = {entry.uri for entry in entries}
    if not 0 < len(entries) <= MAX_ENTRIES or len(names) != len(entries):
        raise ManifestError(f"a manifest names 1 to {MAX_ENTRIES} files, each once")
    if sum(entry.rootfile for entry in entries) > 1:
        raise ManifestError("one file at most is the one to begin with")
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<asic:ASiCManifest xmlns:asic="{ASIC}" xmlns:ds="{DS}">\n'
        f'<asic:SigReference MimeType="{_attribute(signature_type)}" '
        f'URI="{_encoded(signature)}"></asic:SigReference>\n'
        f"{''.join(map(_reference, entries))}"
        "</asic:ASiCManifest>\n"
    )
    data = text.encode("ascii")
    if len(data) > MAX_MANIFEST_BYTES:
        raise ManifestError("the manifest is too long")
    return data


def read_manifest(data: bytes) -> tuple[ManifestEntry, ...]:
    """What a manifest of `SEAL_NAME` names. Raises ManifestError for any but its one spelling."""
    try:
        text = data.decode("ascii") if len(data) <= MAX_MANIFEST_BYTES else ""
        entries = tuple(
            ManifestEntry(
                uri=unquote_to_bytes(found[3]).decode(),
                media_type=found[1],
                sha256=base64.b64decode(found[4], validate=True),
                rootfile=found[2] is not None,
            )
            for found in _REFERENCE.finditer(text)
        )
    except (UnicodeDecodeError, binascii.Error) as exc:
        raise ManifestError("the manifest is not in its form") from exc
    if write_manifest(entries) != data:
        raise ManifestError("the manifest is not in its one spelling")
    return entries


def _reference(entry: ManifestEntry) -> str:
    root = ' Rootfile="true"' if entry.rootfile else ""
    return (
        f'<asic:DataObjectReference MimeType="{_attribute(entry.media_type)}"{root} '
        f'URI="{_encoded(entry.uri)}">'
        f'<ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(entry.sha256).decode()}</ds:DigestValue>"
        "</asic:DataObjectReference>\n"
    )


def _encoded(name: str) -> str:
    """RFC 3986, 2.1: all but unreserved characters and slashes."""
    if not is_plain_name(name):
        raise ManifestError(f"{name[:80]!r} is no name of a file in a container")
    return quote(name, safe="/")


def _attribute(value: str) -> str:
    try:
        return attribute(value)
    except NotXmlText as exc:
        raise ManifestError(str(exc)) from exc
