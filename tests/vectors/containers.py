"""ASiC containers for tests: good ones of each sort, and the list of those that must be refused.

A function decorated with `refused` makes one from a `Kit`. `signature` is a container's only
signature unless the name says otherwise.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import quote

from signing.judge.codes import Code
from signing.pades import TimestampReply
from tests.pki.make import JUDGED_AT, SIGNED_AT, Pki, TestSigner, shared_pki
from tests.vectors import cms_signers, cms_writing, xml, zip_writing
from tests.vectors.cms_writing import Recipe, signed

ASIC_E = b"application/vnd.etsi.asic-e+zip"
ASIC_S = b"application/vnd.etsi.asic-s+zip"
FILES: Mapping[str, bytes] = {
    "จดหมาย นำ.txt": "ที่ ทส 0201/1234".encode(),
    "enclosures/list.csv": b"1;2\n",
}
MANIFEST = "META-INF/ASiCManifest001.xml"
P7S = "META-INF/signature001.p7s"
TST = "META-INF/timestamp001.tst"
XADES = "META-INF/signatures001.xml"
ARCHIVE = "META-INF/ASiCArchiveManifest.xml"
_P7S_TYPE, _TST_TYPE = "application/pkcs7-signature", "application/vnd.etsi.timestamp-token"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What the containers are made of."""

    pki: Pki

    @property
    def signer(self) -> TestSigner:
        return self.pki.signers["good"]

    @property
    def stamp(self) -> TimestampReply:
        return self.pki.timestamp(SIGNED_AT)


def kit() -> Kit:
    return Kit(pki=shared_pki())


# --- parts ---------------------------------------------------------------------------------------


def packed(contents: Mapping[str, bytes], *, mimetype: bytes | None = ASIC_E) -> bytes:
    first = {} if mimetype is None else {"mimetype": mimetype}
    return zip_writing.write(zip_writing.files({**first, **contents}))


def manifest(
    signature: str,
    files: Mapping[str, bytes],
    *,
    extension: str = "",
    algorithm: str = SHA256,
    shown: str | None = None,
) -> bytes:
    """EN 319 162-1, A.4. `shown`: the URI of the signature if not its own name."""
    kind = _TST_TYPE if signature.endswith(".tst") else _P7S_TYPE
    digest = {SHA256: "sha256", SHA1: "sha1"}[algorithm]
    references = "".join(
        f'<asic:DataObjectReference URI="{quote(name)}">'
        f'<ds:DigestMethod Algorithm="{algorithm}"/>'
        f"<ds:DigestValue>{_base64(hashlib.new(digest, content).digest())}</ds:DigestValue>"
        "</asic:DataObjectReference>"
        for name, content in files.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" '
        'xmlns:ds="http://www.w3.org/2000/09/xmldsig#">'
        f'<asic:SigReference URI="{shown or quote(signature)}" MimeType="{kind}"/>'
        f"{references}{extension}</asic:ASiCManifest>"
    ).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def token(reply: TimestampReply, over: bytes) -> bytes:
    return cms_writing.token(reply, over).dump()


def cades(
    signer: TestSigner,
    files: Mapping[str, bytes] = FILES,
    *,
    number: int = 1,
    recipe: Recipe | None = None,
) -> dict[str, bytes]:
    """A manifest and a detached signature over it."""
    name, place = f"META-INF/signature{number:03}.p7s", f"META-INF/ASiCManifest{number:03}.xml"
    over = manifest(name, files)
    return {place: over, name: signed(over, signer, recipe=recipe, detached=True)}


def xades(
    signer: TestSigner, files: Mapping[str, bytes] = FILES, *, identifier: str = "S0"
) -> bytes:
    """A file with one XAdES signature over files of the container."""
    references = tuple(
        xml.Reference(uri=quote(name), transforms="", octets=content)
        for name, content in files.items()
    )
    return xml.sign(
        '<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">'
        f"{xml.SIGNATURE_MARK}</asic:XAdESSignatures>",
        signer,
        xml.Plan(references=references, identifier=identifier),
    )


def archived(contents: Mapping[str, bytes], reply: TimestampReply) -> dict[str, bytes]:
    """Add a timestamp over an archive manifest that names everything."""
    over = manifest("META-INF/timestamp900.tst", contents)
    return {**contents, ARCHIVE: over, "META-INF/timestamp900.tst": token(reply, over)}


def stamped(reply: TimestampReply, files: Mapping[str, bytes] = FILES) -> dict[str, bytes]:
    """A time assertion: a manifest and a token over it."""
    over = manifest(TST, files)
    return {MANIFEST: over, TST: token(reply, over)}


def simple(**changes: bytes) -> dict[str, bytes]:
    """The one file of an ASiC-S and what protects it."""
    names = {"p7s": "META-INF/signature.p7s", "tst": "META-INF/timestamp.tst"}
    names["xml"] = "META-INF/signatures.xml"
    return {"letter.txt": LETTER} | {names[key]: value for key, value in changes.items()}


LETTER = b"One letter"


# --- good ones -----------------------------------------------------------------------------------


def good(kit: Kit) -> dict[str, bytes]:
    """Containers with signatures, each of which passes."""
    signer, other = kit.signer, kit.pki.signers["rsa"]
    odf = (
        b'<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    )
    one = {**FILES, **cades(signer)}
    letter = {"letter.txt": LETTER}
    return {
        "ASiC-E CAdES": packed(one),
        "ASiC-E CAdES, two signers": packed(one | cades(other, number=2)),
        "ASiC-E CAdES, archived": packed(archived(one, kit.stamp)),
        "ASiC-E CAdES beside a time assertion": packed(
            one
            | {"META-INF/ASiCManifest9.xml": manifest(TST, FILES)}
            | {TST: token(kit.stamp, manifest(TST, FILES))}
        ),
        "ASiC-E XAdES": packed({**FILES, XADES: xades(signer)}),
        "ASiC-E XAdES with ODF's manifest": packed(
            {**FILES, XADES: xades(signer), "META-INF/manifest.xml": odf}
        ),
        "ASiC-E XAdES, two signers": packed(
            {**FILES, XADES: xades(signer), "META-INF/signatures2.xml": xades(other)}
        ),
        "ASiC-S CAdES": packed(simple(p7s=signed(LETTER, signer, detached=True)), mimetype=ASIC_S),
        "ASiC-S XAdES": packed(simple(xml=xades(signer, letter)), mimetype=ASIC_S),
        "ASiC-S CAdES with a time assertion": packed(
            simple(p7s=signed(LETTER, signer, detached=True), tst=token(kit.stamp, LETTER)),
            mimetype=ASIC_S,
        ),
    }


def stamps_only(kit: Kit) -> dict[str, bytes]:
    """Containers that are protected by timestamps only."""
    simple_one = simple(tst=token(kit.stamp, LETTER))
    later = kit.pki.timestamp(SIGNED_AT + timedelta(days=100))
    return {
        "ASiC-E timestamp": packed({**FILES, **stamped(kit.stamp)}),
        "ASiC-E timestamp, archived": packed(archived({**FILES, **stamped(kit.stamp)}, later)),
        "ASiC-S timestamp": packed(simple_one, mimetype=ASIC_S),
        "ASiC-S timestamp, archived": packed(archived(simple_one, later), mimetype=ASIC_S),
    }


# --- faulty ones ---------------------------------------------------------------------------------

Maker = Callable[[Kit], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A faulty container and what the judge says of it."""

    make: Maker
    codes: frozenset[Code]


VECTORS: dict[str, Vector] = {}


def refused(*codes: Code) -> Callable[[Maker], Maker]:
    """Enter a container under its function's name; any of the codes is right."""

    def enter(maker: Maker) -> Maker:
        name = maker.__name__.replace("_", "-")
        assert name not in VECTORS, name
        VECTORS[name] = Vector(make=maker, codes=frozenset(codes))
        return maker

    return enter


def with_file(contents: Mapping[str, bytes], name: str, content: bytes) -> dict[str, bytes]:
    assert name in contents
    return {**contents, name: content}


def first_file(contents: Mapping[str, bytes]) -> dict[str, bytes]:
    return with_file(contents, next(iter(FILES)), b"Pay 999 Baht")


@refused(Code.CHANGED_AFTER_SIGNING)
def cades_file_altered(kit: Kit) -> bytes:
    return packed(first_file({**FILES, **cades(kit.signer)}))


@refused(Code.CHANGED_AFTER_SIGNING)
def xades_file_altered(kit: Kit) -> bytes:
    return packed(first_file({**FILES, XADES: xades(kit.signer)}))


@refused(Code.CHANGED_AFTER_SIGNING)
def simple_file_altered(kit: Kit) -> bytes:
    contents = simple(p7s=signed(LETTER + b"!", kit.signer, detached=True))
    return packed(contents, mimetype=ASIC_S)


@refused(Code.CHANGED_AFTER_SIGNING)
def manifest_altered_with_the_file(kit: Kit) -> bytes:
    changed = first_file({**FILES, **cades(kit.signer)})
    names = {name: changed[name] for name in FILES}
    return packed(with_file(changed, MANIFEST, manifest(P7S, names)))


@refused(Code.CONTAINER_FILE_UNSIGNED)
def cades_file_added(kit: Kit) -> bytes:
    return packed({**FILES, **cades(kit.signer), "more.txt": b"unsigned"})


@refused(Code.CONTAINER_FILE_UNSIGNED)
def xades_file_added(kit: Kit) -> bytes:
    return packed({**FILES, XADES: xades(kit.signer), "more.txt": b"unsigned"})


@refused(Code.CONTAINER_FILE_UNSIGNED)
def file_added_in_meta_inf(kit: Kit) -> bytes:
    return packed({**FILES, **cades(kit.signer), "META-INF/readme.txt": b"unsigned"})


@refused(Code.CONTAINER_FILE_PARTLY_SIGNED)
def file_that_one_of_two_signed(kit: Kit) -> bytes:
    some = dict(list(FILES.items())[:1])
    other = cades(kit.pki.signers["rsa"], some, number=2)
    return packed({**FILES, **cades(kit.signer), **other})


@refused(Code.CONTAINER_FILE_MISSING)
def cades_file_removed(kit: Kit) -> bytes:
    kept = dict(list(FILES.items())[:1])
    return packed({**kept, **cades(kit.signer)})


@refused(Code.CONTENT_MISSING, Code.CONTAINER_FILE_MISSING)
def xades_file_removed(kit: Kit) -> bytes:
    kept = dict(list(FILES.items())[:1])
    return packed({**kept, XADES: xades(kit.signer)})


@refused(Code.CONTAINER_EMPTY)
def all_files_removed(kit: Kit) -> bytes:
    return packed(cades(kit.signer))


@refused(Code.CERTIFICATE_REVOKED)
def second_signer_revoked(kit: Kit) -> bytes:
    revoked = cades(kit.pki.signers["revoked"], number=2)
    return packed({**FILES, **cades(kit.signer), **revoked})


@refused(Code.UNKNOWN_ROOT)
def stranger_s_signature(kit: Kit) -> bytes:
    return packed({**FILES, **cades(kit.pki.signers["stranger"])})


@refused(Code.CONTENT_NOT_DETACHED)
def signature_encloses_a_manifest_of_its_own(kit: Kit) -> bytes:
    contents = {**FILES, **cades(kit.signer)}
    return packed(with_file(contents, P7S, signed(contents[MANIFEST], kit.signer)))


@refused(Code.CONTAINER_SIGNATURE_LOOSE)
def signature_without_manifest(kit: Kit) -> bytes:
    contents = {**FILES, **cades(kit.signer)}
    del contents[MANIFEST]
    return packed(contents)


@refused(Code.CONTAINER_SIGNATURE_LOOSE)
def two_manifests_name_one_signature(kit: Kit) -> bytes:
    contents = {**FILES, **cades(kit.signer)}
    return packed({**contents, "META-INF/ASiCManifest002.xml": contents[MANIFEST]})


@refused(Code.NO_SIGNATURE)
def signature_removed(kit: Kit) -> bytes:
    contents = {**FILES, **cades(kit.signer)}
    del contents[P7S]
    return packed(contents)


@refused(Code.CONTAINER_UNSAFE_NAME)
def signature_file_with_an_endless_name(kit: Kit) -> bytes:
    name = f"META-INF/signatures{'ก' * 200}.xml"
    return packed({**FILES, name: xades(kit.signer)})


@refused(Code.CONTAINER_MIXED)
def cades_beside_xades(kit: Kit) -> bytes:
    return packed({**FILES, **cades(kit.signer), XADES: xades(kit.signer)})


@refused(Code.CONTAINER_SEVERAL_FILES)
def simple_container_with_two_files(kit: Kit) -> bytes:
    contents = simple(p7s=signed(LETTER, kit.signer, detached=True))
    return packed({**contents, "more.txt": b""}, mimetype=ASIC_S)


@refused(Code.CONTAINER_FILE_PLACE)
def simple_container_with_a_folder(kit: Kit) -> bytes:
    p7s = signed(LETTER, kit.signer, detached=True)
    return packed({"folder/letter.txt": LETTER, "META-INF/signature.p7s": p7s}, mimetype=ASIC_S)


@refused(Code.CONTAINER_MIMETYPE_MISSING)
def no_mimetype(kit: Kit) -> bytes:
    return packed({**FILES, **cades(kit.signer)}, mimetype=None)


@refused(Code.CONTAINER_MIMETYPE_WRONG)
def mimetype_of_something_else(kit: Kit) -> bytes:
    office = b"application/vnd.oasis.opendocument.text"
    return packed({**FILES, **cades(kit.signer)}, mimetype=office)


@refused(Code.CONTAINER_MIMETYPE_WRONG)
def mimetype_with_a_newline(kit: Kit) -> bytes:
    return packed({**FILES, **cades(kit.signer)}, mimetype=ASIC_E + b"\n")


@refused(Code.KIND_UNKNOWN)
def plain_archive(kit: Kit) -> bytes:
    assert kit
    return packed(FILES, mimetype=None)


@refused(Code.NO_SIGNATURE)
def container_without_signatures(kit: Kit) -> bytes:
    assert kit
    return packed(FILES)


def _over(kit: Kit, over: bytes) -> bytes:
    """A container whose signed manifest is this."""
    p7s = signed(over, kit.signer, detached=True)
    return packed({**FILES, MANIFEST: over, P7S: p7s})


@refused(Code.CONTAINER_MANIFEST)
def manifest_with_a_document_type(kit: Kit) -> bytes:
    over = manifest(P7S, FILES)
    dtd = b'?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    return _over(kit, over.replace(b"?>", dtd, 1))


@refused(Code.CONTAINER_MANIFEST)
def manifest_that_names_a_file_twice(kit: Kit) -> bytes:
    over = manifest(P7S, FILES)
    start, end = over.index(b"<asic:Data"), over.index(b"</asic:DataObjectReference>") + 27
    return _over(kit, over[:end] + over[start:end] + over[end:])


@refused(Code.CONTAINER_MANIFEST)
def manifest_without_files(kit: Kit) -> bytes:
    return _over(kit, manifest(P7S, {}))


@refused(Code.CONTAINER_MANIFEST)
def manifest_with_a_critical_extension(kit: Kit) -> bytes:
    extension = (
        '<asic:ASiCManifestExtensions><asic:Extension Critical="true"/>'
        "</asic:ASiCManifestExtensions>"
    )
    return _over(kit, manifest(P7S, FILES, extension=extension))


@refused(Code.CONTAINER_MANIFEST)
def manifest_with_something_else(kit: Kit) -> bytes:
    return _over(kit, manifest(P7S, FILES, extension="<asic:More/>"))


@refused(Code.CONTAINER_MANIFEST)
def odf_manifest_that_is_none(kit: Kit) -> bytes:
    return packed({**FILES, XADES: xades(kit.signer), "META-INF/manifest.xml": b"<html/>"})


@refused(Code.WEAK_ALGORITHM)
def manifest_with_sha1(kit: Kit) -> bytes:
    return _over(kit, manifest(P7S, FILES, algorithm=SHA1))


@refused(Code.CONTAINER_ONLY_EVIDENCE_RECORD)
def evidence_record_only(kit: Kit) -> bytes:
    assert kit
    return packed({**FILES, "META-INF/evidencerecord001.ers": b"\x30\x00"})


# --- timestamps only -----------------------------------------------------------------------------


@refused(Code.CHANGED_AFTER_SIGNING)
def stamped_file_altered(kit: Kit) -> bytes:
    return packed(first_file({**FILES, **stamped(kit.stamp)}))


@refused(Code.TIMESTAMP_IMPRINT)
def simple_stamp_of_something_else(kit: Kit) -> bytes:
    return packed(simple(tst=token(kit.stamp, b"another letter")), mimetype=ASIC_S)


@refused(Code.TIMESTAMP_DAMAGED)
def simple_stamp_that_is_none(kit: Kit) -> bytes:
    assert kit
    return packed(simple(tst=b"0 no token at all"), mimetype=ASIC_S)


@refused(Code.CONTAINER_SIGNATURE_LOOSE)
def stamp_without_manifest(kit: Kit) -> bytes:
    contents = {**FILES, **stamped(kit.stamp)}
    del contents[MANIFEST]
    return packed(contents)


@refused(Code.TIMESTAMP_FROM_FUTURE)
def stamp_from_the_future(kit: Kit) -> bytes:
    return packed({**FILES, **stamped(kit.pki.timestamp(JUDGED_AT + timedelta(days=1)))})


@refused(Code.TIMESTAMP_UNIT)
def stamp_of_a_faulty_unit(kit: Kit) -> bytes:
    unit = cms_signers.faulty_units(kit.pki)["purpose not alone"]
    return packed({**FILES, **stamped(kit.pki.timestamp(SIGNED_AT, by=unit))})


@refused(Code.CONTAINER_FILE_UNSIGNED)
def stamped_file_added(kit: Kit) -> bytes:
    return packed({**FILES, **stamped(kit.stamp), "more.txt": b"not stamped"})


@refused(Code.TIMESTAMP_IMPRINT)
def second_stamp_of_something_else(kit: Kit) -> bytes:
    contents = archived(simple(tst=token(kit.stamp, LETTER)), kit.stamp)
    other = token(kit.stamp, b"another manifest")
    return packed(with_file(contents, "META-INF/timestamp900.tst", other), mimetype=ASIC_S)


@refused(Code.CONTAINER_FILE_PARTLY_SIGNED)
def second_stamp_without_the_file(kit: Kit) -> bytes:
    first = {"META-INF/timestamp.tst": token(kit.stamp, LETTER)}
    contents = {"letter.txt": LETTER, **archived(first, kit.stamp)}
    return packed(contents, mimetype=ASIC_S)


def members(contents: Mapping[str, bytes]) -> Sequence[zip_writing.Member]:
    """The same as `packed`, to be written in another way."""
    return [replace(one) for one in zip_writing.files({"mimetype": ASIC_E, **contents})]
