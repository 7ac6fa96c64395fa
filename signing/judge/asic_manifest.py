"""Reads the manifests of a container: which signature stands over which files, by digest.

ETSI EN 319 162-1, A.4 (ASiCManifest, ASiCArchiveManifest: one schema). The shape is checked by
hand, element by element; what is not in the schema is refused. Fetches nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote_to_bytes

from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_reader import base64_leaf, children, is_element, kind, read_xml

_ASIC = "{http://uri.etsi.org/02918/v1.2.1#}"
_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_ODF = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_ERS = "{urn:ietf:params:xml:ns:ers}"
_DIGESTS: Mapping[str, str] = MappingProxyType(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-256": "sha3_256",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-384": "sha3_384",
        "http://www.w3.org/2007/05/xmldsig-more#sha3-512": "sha3_512",
    }
)
_MAX_REFERENCES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One file that a manifest names."""

    name: str
    algorithm: str
    """A URI."""
    digest: bytes

    def check(self, files: Mapping[str, bytes]) -> Code | None:
        """Say why the file in the container is not the one that is meant; None: it is."""
        content = files.get(self.name)
        if content is None:
            return Code.CONTAINER_FILE_MISSING
        algorithm = _DIGESTS.get(self.algorithm)
        if algorithm is None:
            return Code.WEAK_ALGORITHM
        same = hashlib.new(algorithm, content).digest() == self.digest
        return None if same else Code.CHANGED_AFTER_SIGNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest, the signature or timestamp over it, and what it covers."""

    name: str
    content: bytes
    """Its bytes: what the signature stands over."""
    signature: str
    references: tuple[Reference, ...]

    @property
    def covers(self) -> tuple[str, ...]:
        return tuple(reference.name for reference in self.references)

    def check(self, files: Mapping[str, bytes]) -> Code | None:
        """Compare every file that it names; the gravest finding, None if all are right."""
        found = [code for one in self.references if (code := one.check(files))]
        changed = Code.CHANGED_AFTER_SIGNING
        return changed if changed in found else next(iter(found), None)


def read_manifest(name: str, content: bytes) -> Manifest:
    """Parse and check one manifest. Raises Refused."""
    try:
        return _manifest(name, content)
    except Refused as refusal:
        raise Refused(Code.CONTAINER_MANIFEST, f"{name}: {refusal}") from refusal


def is_manifest_or_record(content: bytes) -> bool:
    """Whether it is XML of manifests and evidence records only: nothing that a browser would show.

    No signature covers such files, and nothing is concluded from them.
    """
    try:
        root = read_xml(content).root
    except Refused:
        return False
    around = (*root.itersiblings(preceding=True), *root.itersiblings())
    nodes = [node for node in (*around, *root.iter()) if kind(node) is not etree.Comment]
    return all(
        is_element(node) and str(node.tag).startswith((_ASIC, _DS, _ODF, _ERS)) for node in nodes
    )


def check_harmless(content: bytes) -> None:
    """META-INF/manifest.xml says nothing that counts; it must be what it seems. Raises Refused."""
    if not is_manifest_or_record(content) or read_xml(content).root.tag != f"{_ODF}manifest":
        raise Refused(Code.CONTAINER_MANIFEST, "META-INF/manifest.xml is something else")


def _manifest(name: str, content: bytes) -> Manifest:
    root = read_xml(content).root
    if root.tag != f"{_ASIC}ASiCManifest":
        raise Refused(Code.CONTAINER_MANIFEST, "no ASiCManifest")
    parts = list(children(root))
    if len(parts) > _MAX_REFERENCES or not parts or parts[0].tag != f"{_ASIC}SigReference":
        raise Refused(Code.CONTAINER_MANIFEST, "SigReference")
    if parts[-1].tag == f"{_ASIC}ASiCManifestExtensions":
        _check_extensions(parts.pop())
    references = tuple(_reference(part) for part in parts[1:])
    names = [reference.name for reference in references]
    if not names or len(set(names)) != len(names):
        raise Refused(Code.CONTAINER_MANIFEST, "no file, or one twice")
    return Manifest(
        name=name, content=content, signature=_entry_name(parts[0]), references=references
    )


def _reference(part: etree._Element) -> Reference:
    inner = list(children(part))
    if inner and inner[-1].tag == f"{_ASIC}DataObjectReferenceExtensions":
        _check_extensions(inner.pop())
    tags = [one.tag for one in inner]
    wanted = [f"{_DS}DigestMethod", f"{_DS}DigestValue"]
    if part.tag != f"{_ASIC}DataObjectReference" or tags != wanted:
        raise Refused(Code.CONTAINER_MANIFEST, "DataObjectReference")
    method, value = inner
    if children(method):
        raise Refused(Code.CONTAINER_MANIFEST, "a digest with parameters")
    return Reference(
        name=_entry_name(part), algorithm=method.get("Algorithm", ""), digest=base64_leaf(value)
    )


def _check_extensions(part: etree._Element) -> None:
    """A.4.1: none is known here, so one that is critical cannot be honoured."""
    for extension in children(part):
        if extension.get("Critical") not in {"false", "0"}:
            raise Refused(Code.CONTAINER_MANIFEST, "a critical extension")


def _entry_name(part: etree._Element) -> str:
    """A URI relative to the root of the container (A.4.1), percent-decoded."""
    try:
        name = unquote_to_bytes(part.get("URI", "")).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Refused(Code.CONTAINER_MANIFEST, "URI") from problem
    if not name:
        raise Refused(Code.CONTAINER_MANIFEST, "no URI")
    return name
