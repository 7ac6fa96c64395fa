"""The list of CMS messages that must be refused, each with the answer it must get.

A function decorated with `refused` makes one from a `Kit`. All sign `CONTENT`; what a detached one
signs comes along unless the entry says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from asn1crypto import cms as asn1_cms
from asn1crypto import core

from signing.certificates import der
from signing.judge.codes import Code
from tests.pki.make import REVOKED_AT, Pki, TestSigner, shared_pki
from tests.vectors import cms_signers, cms_writing
from tests.vectors.cms_writing import Recipe, attribute, signed, signer_info

CONTENT = "ที่ ทส 0201/1234\nHello\n".encode()


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What the vectors are made of."""

    pki: Pki

    @property
    def signer(self) -> TestSigner:
        return self.pki.signers["good"]

    @cached_property
    def good(self) -> bytes:
        return signed(CONTENT, self.signer)


Maker = Callable[[Kit], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A faulty message and what the judge says of it."""

    make: Maker
    codes: frozenset[Code]
    content: bytes | None = None
    """What comes along with a detached signature."""


VECTORS: dict[str, Vector] = {}


def refused(*codes: Code, content: bytes | None = None) -> Callable[[Maker], Maker]:
    """Enter a message under its function's name; any of the codes is right."""

    def enter(maker: Maker) -> Maker:
        name = maker.__name__.replace("_", "-")
        assert name not in VECTORS, name
        VECTORS[name] = Vector(make=maker, codes=frozenset(codes), content=content)
        return maker

    return enter


def kit() -> Kit:
    return Kit(pki=shared_pki())


# --- content -------------------------------------------------------------------------------------


@refused(Code.CHANGED_AFTER_SIGNING)
def content_altered(kit: Kit) -> bytes:
    return kit.good.replace(b"Hello", b"Hallo")


@refused(Code.CHANGED_AFTER_SIGNING, content=CONTENT + b" ")
def detached_from_other_content(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, detached=True)


@refused(Code.CONTENT_MISSING)
def detached_without_content(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, detached=True)


@refused(Code.CONTENT_DIFFERS, content=b"something else")
def attached_beside_other_content(kit: Kit) -> bytes:
    return kit.good


@refused(Code.BYTES_AFTER_SIGNATURE)
def bytes_after_the_message(kit: Kit) -> bytes:
    return kit.good + b"\n"


@refused(Code.CONTENTS_DAMAGED)
def cut_off(kit: Kit) -> bytes:
    return kit.good[:-1]


@refused(Code.CONTENTS_DAMAGED)
def text_before_the_armor_s_end(kit: Kit) -> bytes:
    return cms_writing.armored(kit.good) + b"Pay 999 Baht\n"


@refused(Code.SIGNED_ATTRIBUTES)
def content_type_not_the_signed_one(kit: Kit) -> bytes:
    info = signer_info(CONTENT, kit.signer, Recipe(content_type="signed_data"))
    return cms_writing.message(CONTENT, [info], kit.signer.chain)


@refused(Code.CONTENTS_DAMAGED)
def octet_string_nested_without_end(kit: Kit) -> bytes:
    return b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + b"\xa0\x80" * 500


# --- signed attributes ---------------------------------------------------------------------------


@refused(Code.SIGNED_ATTRIBUTES)
def no_signed_attributes(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, recipe=Recipe(bare=True))


@refused(Code.SIGNED_ATTRIBUTES)
def message_digest_missing(kit: Kit) -> bytes:
    def edit(attributes: list[asn1_cms.CMSAttribute]) -> None:
        del attributes[1]

    return signed(CONTENT, kit.signer, recipe=Recipe(signed=edit))


@refused(Code.SIGNED_ATTRIBUTE_REPEATED)
def message_digest_twice(kit: Kit) -> bytes:
    def edit(attributes: list[asn1_cms.CMSAttribute]) -> None:
        attributes.append(attribute("message_digest", b"\0" * 32))

    return signed(CONTENT, kit.signer, recipe=Recipe(signed=edit))


@refused(Code.SIGNED_ATTRIBUTE_REPEATED)
def two_signing_certificates_of_one_kind(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, recipe=Recipe(ess=("v2", "v2")))


@refused(Code.SIGNED_ATTRIBUTE_REPEATED)
def two_signing_certificates_of_both_kinds(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, recipe=Recipe(ess=("v1", "v2")))


@refused(Code.SIGNING_CERTIFICATE_MISSING)
def bound_to_another_certificate(kit: Kit) -> bytes:
    other = kit.pki.signers["rsa"].chain[0]
    return signed(CONTENT, kit.signer, recipe=Recipe(ess_of=other))


@refused(Code.SIGNATURE_DOES_NOT_VERIFY)
def attributes_signed_in_another_order_than_der(kit: Kit) -> bytes:
    def edit(attributes: list[asn1_cms.CMSAttribute]) -> None:
        attributes.sort(key=lambda one: one.dump(), reverse=True)

    return signed(CONTENT, kit.signer, recipe=Recipe(signed=edit, signed_as_it_stands=True))


# --- signers -------------------------------------------------------------------------------------


@refused(Code.CERTIFICATE_REVOKED)
def second_signer_revoked(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, kit.pki.signers["revoked"])


@refused(Code.CHANGED_AFTER_SIGNING)
def second_signer_of_other_content(kit: Kit) -> bytes:
    other = kit.pki.signers["rsa"]
    infos = [
        signer_info(CONTENT, kit.signer, Recipe()),
        signer_info(CONTENT + b"!", other, Recipe()),
    ]
    return cms_writing.message(CONTENT, infos, [*kit.signer.chain, *other.chain])


@refused(Code.NO_SIGNATURE)
def certificates_only(kit: Kit) -> bytes:
    return cms_writing.message(b"", [], kit.signer.chain, detached=True)


@refused(Code.TOO_MANY_SIGNATURES)
def twenty_six_signers(kit: Kit) -> bytes:
    infos = [signer_info(CONTENT, kit.signer, Recipe()) for _ in range(26)]
    return cms_writing.message(CONTENT, infos, kit.signer.chain)


@refused(Code.TOO_MANY_CERTIFICATES)
def thirty_certificates(kit: Kit) -> bytes:
    info = signer_info(CONTENT, kit.signer, Recipe())
    many = [cms_signers.with_key(kit.pki, kit.signer.key, serial=300 + n) for n in range(30)]
    return cms_writing.message(CONTENT, [info], [*kit.signer.chain, *(m.chain[0] for m in many)])


@refused(Code.SIGNING_CERTIFICATE_MISSING)
def signer_s_certificate_left_out(kit: Kit) -> bytes:
    info = signer_info(CONTENT, kit.signer, Recipe())
    return cms_writing.message(CONTENT, [info], kit.signer.chain[1:])


@refused(Code.SIGNATURE_DOES_NOT_VERIFY)
def signature_altered(kit: Kit) -> bytes:
    return kit.good[:-1] + bytes([kit.good[-1] ^ 1])


# --- certificates --------------------------------------------------------------------------------


@refused(Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_EXPIRED_NOT_REVOKED)
def signer_expired(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["expired"])


@refused(Code.CERTIFICATE_NOT_YET_VALID)
def signer_not_yet_valid(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["not-yet-valid"])


@refused(Code.CERTIFICATE_REVOKED)
def signer_revoked_without_proof_of_time(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["revoked"])


@refused(Code.SIGNED_AFTER_REVOCATION)
def signed_after_revocation(kit: Kit) -> bytes:
    after = kit.pki.timestamp(REVOKED_AT + timedelta(days=1))
    return signed(CONTENT, kit.pki.signers["revoked"], recipe=Recipe(content_timestamp=after))


@refused(Code.CERTIFICATE_REVOKED)
def timestamped_after_revocation(kit: Kit) -> bytes:
    after = kit.pki.timestamp(REVOKED_AT + timedelta(days=1))
    return signed(CONTENT, kit.pki.signers["revoked"], recipe=Recipe(timestamp=after))


@refused(Code.UNKNOWN_ROOT)
def stranger_s_authority(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["stranger"])


@refused(Code.KEY_USAGE)
def timestamping_unit_signs(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["wrong-usage"])


@refused(Code.WEAK_ALGORITHM)
def key_of_1024_bits(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["weak-key"])


@refused(Code.WEAK_ALGORITHM)
def curve_of_224_bits(kit: Kit) -> bytes:
    return signed(CONTENT, cms_signers.short_curve(kit.pki))


@refused(Code.WEAK_ALGORITHM)
def digest_sha1(kit: Kit) -> bytes:
    return signed(CONTENT, kit.signer, recipe=Recipe(digest="sha1"))


@refused(Code.WEAK_ALGORITHM)
def digest_sha1_with_pss(kit: Kit) -> bytes:
    return signed(CONTENT, kit.pki.signers["rsa"], recipe=Recipe(digest="sha1", pss=True))


@refused(Code.WEAK_ALGORITHM)
def certified_with_sha1(kit: Kit) -> bytes:
    return _with_certificate(kit, *cms_signers.certified_with_sha1(kit.pki))


@refused(Code.CHAIN_INVALID, Code.UNKNOWN_ROOT)
def issued_by_a_person(kit: Kit) -> bytes:
    return signed(CONTENT, cms_signers.issued_by_nobody_s_authority(kit.pki))


@refused(Code.CHAIN_INVALID, Code.UNKNOWN_ROOT)
def certificate_signed_by_another_key(kit: Kit) -> bytes:
    return signed(CONTENT, cms_signers.wrongly_signed(kit.pki))


@refused(Code.CHAIN_INVALID, Code.UNKNOWN_ROOT)
def outside_the_name_constraint(kit: Kit) -> bytes:
    return signed(CONTENT, cms_signers.outside_name_constraint(kit.pki))


@refused(Code.CONTENTS_DAMAGED, Code.WEAK_ALGORITHM, Code.SIGNING_CERTIFICATE_MISSING)
def negative_modulus(kit: Kit) -> bytes:
    return _with_certificate(kit, *cms_signers.negative_modulus(kit.pki))


@refused(Code.UNKNOWN_ALGORITHM)
def key_on_an_unknown_curve(kit: Kit) -> bytes:
    known = der(kit.signer.chain[0])
    p256, unknown = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d030124")
    return _with_certificate(kit, kit.signer, known.replace(p256, unknown))


@refused(Code.UNKNOWN_ALGORITHM)
def key_of_an_unknown_kind(kit: Kit) -> bytes:
    known = der(kit.signer.chain[0])
    ec_key, unknown = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0209")
    return _with_certificate(kit, kit.signer, known.replace(ec_key, unknown))


def _with_certificate(kit: Kit, signer: TestSigner, certificate: bytes) -> bytes:
    info = signer_info(CONTENT, signer, Recipe(ess=()))
    return cms_writing.message(
        CONTENT, [info], [kit.pki.issuing.certificate], certificates_der=[certificate]
    )


# --- what is no signature ------------------------------------------------------------------------


@refused(Code.KIND_UNKNOWN)
def plain_data_in_armor(kit: Kit) -> bytes:
    plain = asn1_cms.ContentInfo({"content_type": "data", "content": core.OctetString(b"x")})
    return cms_writing.armored(plain.dump())
