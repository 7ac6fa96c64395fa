"""Sorts the files of a container by what the standard makes of their names.

ETSI EN 319 162-1, 4.3.3, 4.4.3 and A.1. What lies in META-INF under no name of the standard is a
file like any other: somebody must have signed it. Judges nothing but the form.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from signing.judge.asic_manifest import check_harmless, is_manifest_or_record
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.judgement import Note
from signing.judge.policy import Policy
from signing.judge.zip_reader import ZipEntry
from tdh.domain.verdicts import SignatureKind

MIMETYPE = "mimetype"
_KINDS: Mapping[bytes, SignatureKind] = MappingProxyType(
    {
        b"application/vnd.etsi.asic-e+zip": SignatureKind.ASIC_E,
        b"application/vnd.etsi.asic-s+zip": SignatureKind.ASIC_S,
    }
)
_ODF_MANIFEST = "META-INF/manifest.xml"
_DER_OR_PEM = (b"0", b"-----BEGIN ")
_MAX_NAME = 128
"""Characters in the name of a signature's file, which verdict and notes repeat."""


def _in_meta_inf(pattern: str) -> re.Pattern[str]:
    return re.compile(f"META-INF/{pattern}", re.IGNORECASE)


_ARCHIVE_MANIFEST = _in_meta_inf(r"ASiCArchiveManifest[^/]*\.xml")
_RECORD_MANIFEST = _in_meta_inf(r"ASiCEvidenceRecordManifest[^/]*\.xml")
_MANIFEST = _in_meta_inf(r"ASiCManifest[^/]*\.xml")
_RECORD = _in_meta_inf(r"[^/]*evidencerecord[^/]*\.(?:ers|xml)")
_CADES = _in_meta_inf(r"[^/]*signature[^/]*\.p7s")
_XADES = _in_meta_inf(r"[^/]*signatures[^/]*\.xml")
_TOKEN = _in_meta_inf(r"[^/]*timestamp[^/]*\.tst")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The files of a container by their role: names in the order of the archive."""

    kind: SignatureKind
    files: Mapping[str, bytes]
    """Everything, by name."""
    data: tuple[str, ...]
    """What is to be signed."""
    manifests: tuple[str, ...]
    archive_manifests: tuple[str, ...]
    cades: tuple[str, ...]
    xades: tuple[str, ...]
    tokens: tuple[str, ...]
    records: tuple[str, ...]
    """Evidence records (RFC 4998, RFC 6283)."""
    notes: tuple[Note, ...]


def sorted_out(entries: Sequence[ZipEntry], policy: Policy) -> Layout:
    """Sort the files. Raises Refused where the container is none, or not of a known kind."""
    files = {entry.name: entry.content for entry in entries}
    roles: dict[str, list[str]] = {}
    for name, content in files.items():
        roles.setdefault(_role(name, content), []).append(name)
    signed = any(role in roles for role in ("cades", "xades", "tokens", "records"))
    stated = files.get(MIMETYPE)
    if not signed and stated not in _KINDS:
        raise Refused(Code.KIND_UNKNOWN, "a ZIP archive without signatures")
    if _ODF_MANIFEST in files:
        check_harmless(files[_ODF_MANIFEST])
    return Layout(
        kind=_kind(files, roles, policy),
        files=MappingProxyType(files),
        data=tuple(roles.get("data", ())),
        manifests=tuple(roles.get("manifests", ())),
        archive_manifests=tuple(roles.get("archive_manifests", ())),
        cades=tuple(roles.get("cades", ())),
        xades=tuple(roles.get("xades", ())),
        tokens=tuple(roles.get("tokens", ())),
        records=tuple(roles.get("records", ())),
        notes=_notes(entries),
    )


def _role(name: str, content: bytes) -> str:
    """By the name; what is not covered by signatures must also look like what it is called."""
    if name in {MIMETYPE, _ODF_MANIFEST}:
        return "form"
    patterns = (
        ("archive_manifests", _ARCHIVE_MANIFEST),
        ("form", _RECORD_MANIFEST),
        ("manifests", _MANIFEST),
        ("records", _RECORD),
        ("cades", _CADES),
        ("xades", _XADES),
        ("tokens", _TOKEN),
    )
    role = next((role for role, pattern in patterns if pattern.fullmatch(name)), "data")
    if name.casefold().endswith(".xml") and role in {"archive_manifests", "form", "records"}:
        role = role if is_manifest_or_record(content) else "data"
    elif role in {"records", "tokens"} and not content.startswith(_DER_OR_PEM):
        raise Refused(Code.CONTAINER_FILE_UNSIGNED, name)
    if role != "data" and len(name) > _MAX_NAME:
        raise Refused(Code.CONTAINER_UNSAFE_NAME, f"{len(name)} characters")
    return role


def _kind(
    files: Mapping[str, bytes], roles: Mapping[str, Sequence[str]], policy: Policy
) -> SignatureKind:
    stated = files.get(MIMETYPE)
    if stated is None:
        if not policy.allow_missing_mimetype:
            raise Refused(Code.CONTAINER_MIMETYPE_MISSING)
        simple = len(roles.get("data", ())) == 1 and not roles.get("manifests")
        return SignatureKind.ASIC_S if simple else SignatureKind.ASIC_E
    if stated not in _KINDS:
        raise Refused(Code.CONTAINER_MIMETYPE_WRONG, repr(stated[:80]))
    return _KINDS[stated]


def _notes(entries: Sequence[ZipEntry]) -> tuple[Note, ...]:
    """A.1: first and not compressed, so that it can be seen without unpacking; harmless if not."""
    misplaced = any(
        entry.name == MIMETYPE and (place > 0 or not entry.stored)
        for place, entry in enumerate(entries)
    )
    if not misplaced:
        return ()
    return (Note(field=MIMETYPE, code=NoteCode.CONTAINER_MIMETYPE_MISPLACED),)
