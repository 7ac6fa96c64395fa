"""CMS messages whose form is no signer's: each must be refused, each signs `cms.CONTENT`."""

from collections.abc import Callable

from asn1crypto import core

from signing.judge.codes import Code
from tests.vectors import cms_writing, pdf_writing, zip_writing
from tests.vectors.cms import CONTENT, Kit, Vector
from tests.vectors.cms_writing import Recipe, elements, signer_info, spelled_length

Maker = Callable[[Kit], bytes]
VECTORS: dict[str, Vector] = {}


def refused(*codes: Code) -> Callable[[Maker], Maker]:
    """Enter a message under its function's name; any of the codes is right."""

    def enter(maker: Maker) -> Maker:
        name = maker.__name__.replace("_", "-")
        VECTORS[name] = Vector(make=maker, codes=frozenset(codes))
        return maker

    return enter


def _tagged(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + spelled_length(len(content)) + content


def _signed_data(message: bytes, change: Callable[[list[bytes]], None]) -> bytes:
    """The message with other fields of its SignedData."""
    (outer,) = elements(message)
    kind, explicit = elements(outer.content)
    (signed_data,) = elements(explicit.content)
    fields = [one.spelled for one in elements(signed_data.content)]
    change(fields)
    inner = _tagged(0x30, b"".join(fields))
    return _tagged(0x30, kind.spelled + _tagged(0xA0, inner))


@refused(Code.CONTENTS_DAMAGED)
def version_that_is_none(kit: Kit) -> bytes:
    def change(fields: list[bytes]) -> None:
        fields[0] = b"\x02\x01\x02"

    return _signed_data(kit.good, change)


@refused(Code.CONTENTS_DAMAGED)
def a_field_more_than_there_is(kit: Kit) -> bytes:
    def change(fields: list[bytes]) -> None:
        fields.insert(-1, _tagged(0xA3, b"\x05\x00"))

    return _signed_data(kit.good, change)


@refused(Code.CONTENTS_DAMAGED)
def content_that_is_no_octet_string(kit: Kit) -> bytes:
    """PKCS #7 before CMS: the digest is over the content of whatever is enclosed."""
    info = signer_info(CONTENT, kit.signer, Recipe())
    message = cms_writing.message(CONTENT, [info], kit.signer.chain)
    octets = core.OctetString(CONTENT).dump()
    text = _tagged(0x0C, CONTENT)
    assert message.count(octets) == 1
    return message.replace(octets, text)


@refused(Code.CONTENTS_DAMAGED)
def base64_with_something_in_it(kit: Kit) -> bytes:
    label = b"-----BEGIN CMS-----\n"
    return cms_writing.armored(kit.good).replace(label, label + b"Pay: 999\n")


@refused(Code.CONTENTS_DAMAGED)
def base64_cut_off(kit: Kit) -> bytes:
    end = b"\n-----END"
    armored = cms_writing.armored(kit.good)
    before, _, after = armored.partition(end)
    return before.rstrip(b"=")[:-1] + b"\n" + end + after


_EXTRA = _tagged(0xA3, b"\x05\x00")


def signer_with_a_field_more(message: bytes) -> bytes:
    """The only signer has something behind its last field, which nobody signs."""

    def change(fields: list[bytes]) -> None:
        (signers,) = elements(fields[-1])
        (signer,) = elements(signers.content)
        fields[-1] = _tagged(0x31, _tagged(0x30, signer.content + _EXTRA))

    return _signed_data(message, change)


def message_with_a_field_more(message: bytes) -> bytes:
    """Something stands behind the signers."""
    return _signed_data(message, lambda fields: fields.append(_EXTRA))


@refused(Code.CONTENTS_DAMAGED)
def a_field_behind_the_last_of_a_signer(kit: Kit) -> bytes:
    return signer_with_a_field_more(kit.good)


@refused(Code.CONTENTS_DAMAGED)
def a_field_behind_the_signers(kit: Kit) -> bytes:
    return message_with_a_field_more(kit.good)


# --- another document beside what was signed, which other programs would show --------------------


def _with_unsigned(kit: Kit, other: bytes, content: bytes = CONTENT) -> bytes:
    more = cms_writing.attribute("1.2.3.4.5", core.OctetString(other))
    return cms_writing.with_unsigned(cms_writing.signed(content, kit.signer), more)


@refused(Code.ALSO_ANOTHER_DOCUMENT)
def a_pdf_in_an_unsigned_attribute(kit: Kit) -> bytes:
    """What is signed is a PDF too, whose later "revision" nobody signed."""
    signed = pdf_writing.build(pdf_writing.letter_objects())
    later = pdf_writing.revision(signed, {4: pdf_writing.drawing(b"Pay 900 Baht")})
    return _with_unsigned(kit, later[len(signed) :], signed)


@refused(Code.ALSO_ANOTHER_DOCUMENT)
def an_archive_in_an_unsigned_attribute(kit: Kit) -> bytes:
    members = zip_writing.files({"letter.txt": b"Pay 900 Baht"})
    return _with_unsigned(kit, zip_writing.write(members))


@refused(Code.ALSO_ANOTHER_DOCUMENT)
def a_pdf_in_an_unsigned_attribute_in_pieces(kit: Kit) -> bytes:
    return cms_writing.in_ber(a_pdf_in_an_unsigned_attribute(kit), piece=4000)
