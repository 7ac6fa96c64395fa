"""Signed documents that were tampered with, each named by its fault; and long-term ones.

All start from a well-signed document. Who needs a fault that is not here adds a function.
"""

import io
import re
from collections.abc import Sequence

from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore

from signing import pades
from signing.certificates import der
from tests.pki.make import TestSigner, sign_pdf, simple_pdf

CONTENTS = re.compile(rb"/Contents <([0-9a-fA-F]+)>")
BYTE_RANGE = re.compile(rb"/ByteRange \[(\d+) (\d+) (\d+) (\d+)\]")


def altered_byte(signed: bytes) -> bytes:
    """One letter of the page's text is another one."""
    place = signed.index(b"Tj ET") - 3
    return signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]


def altered_signature(signed: bytes) -> bytes:
    """The signature value has one bit changed; the digest still agrees."""
    start, contents = gap(signed)
    message = bytearray(bytes.fromhex(contents.decode()))
    length = int.from_bytes(message[2:4], "big") + 4
    message[length - 1] ^= 1
    return signed[:start] + message.hex().encode() + signed[start + len(contents) :]


def appended_bytes(signed: bytes, tail: bytes = b"% and one more line\n") -> bytes:
    """Something follows the end of the file."""
    return signed + tail


def appended_copy_of_the_end(signed: bytes) -> bytes:
    """An unlisted object, and the old end once more, so that the file ends as it should."""
    start = re.findall(rb"startxref\n(\d+)\n%%EOF", signed)[-1]
    hidden = b"4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj\n"
    return signed + hidden + b"startxref\n%s\n%%%%EOF\n" % start


def changed_by_revision(signed: bytes, text: bytes = b"Another text") -> bytes:
    """A later revision draws another page (incremental saving attack)."""
    writer = IncrementalPdfFileWriter(io.BytesIO(signed))
    page = writer.root["/Pages"]["/Kids"][0]
    content = page.raw_get("/Contents").reference
    drawing = b"BT /F1 24 Tf 72 720 Td (%s) Tj ET" % text
    stream = generic.StreamObject(stream_data=drawing)
    writer.mark_update(content)
    writer.objects[(content.generation, content.idnum)] = stream
    return _written(writer)


def widened_gap(signed: bytes) -> bytes:
    """The byte range leaves out one byte more than /Contents."""
    match = BYTE_RANGE.search(signed)
    first, length, second, rest = (int(group) for group in match.groups())
    changed = b"/ByteRange [%d %d %d %d]" % (first, length, second + 1, rest - 1)
    return signed[: match.start()] + changed + signed[match.end() :]


def second_byte_range(signed: bytes) -> bytes:
    """The name stands once more in the unsigned gap's neighbourhood: as a comment at the end."""
    return signed + b"%/ByteRange [0 1 2 3]\n"


def emptied_contents(signed: bytes) -> bytes:
    """Universal forgery: a signature of zeros."""
    return with_contents(signed, b"")


def header_not_first(signed: bytes) -> bytes:
    """Something stands before the header."""
    return b"\n" + signed


def gap(signed: bytes) -> tuple[int, bytes]:
    """Where the hexadecimal signature begins, and the digits."""
    match = CONTENTS.search(signed)
    return match.start(1), match.group(1)


def with_contents(signed: bytes, message: bytes) -> bytes:
    """Put another CMS into the gap, padded."""
    start, contents = gap(signed)
    digits = message.hex().encode().ljust(len(contents), b"0")
    assert len(digits) == len(contents), "the new CMS is too long"
    return signed[:start] + digits + signed[start + len(contents) :]


def signed_part(signed: bytes) -> bytes:
    """The bytes that the byte range covers."""
    match = BYTE_RANGE.search(signed)
    first, length, second, rest = (int(group) for group in match.groups())
    return signed[first:length] + signed[second : second + rest]


def resigned(
    signed: bytes, *signers: TestSigner, digest: hashes.HashAlgorithm | None = None
) -> bytes:
    """Replace the CMS by one of plain PKCS#7: no signing-certificate attribute, any signers."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(signed_part(signed))
    for signer in signers:
        assert isinstance(signer.key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        builder = builder.add_signer(signer.chain[0], signer.key, digest or hashes.SHA256())
        for extra in signer.chain[1:]:
            builder = builder.add_certificate(extra)
    message = builder.sign(
        serialization.Encoding.DER,
        [
            pkcs7.PKCS7Options.DetachedSignature,
            pkcs7.PKCS7Options.Binary,
            pkcs7.PKCS7Options.NoCapabilities,
        ],
    )
    return with_contents(signed, message)


def with_validation_data(
    signed: bytes, *, certificates: Sequence[x509.Certificate], lists: Sequence[bytes]
) -> bytes:
    """A revision with a document security store (B-LT)."""
    stream = io.BytesIO(signed)
    DocumentSecurityStore.add_dss(
        stream,
        sig_contents=None,
        certs=[asn1_x509.Certificate.load(der(item)) for item in certificates],
        crls=[asn1_crl.CertificateList.load(item) for item in lists],
    )
    return stream.getvalue()


def with_document_timestamp(signed: bytes, reply: pades.TimestampReply) -> bytes:
    """A revision with a document timestamp (B-LTA)."""
    stamper: TimeStamper = pades._Stamper(reply)
    output = PdfTimeStamper(stamper, field_name="Timestamp").timestamp_pdf(
        IncrementalPdfFileWriter(io.BytesIO(signed)), md_algorithm="sha256"
    )
    return output.getvalue()


def _written(writer: IncrementalPdfFileWriter) -> bytes:
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def with_object_stream(signer: TestSigner, *, hides_signature: bool = False) -> bytes:
    """A signed document with a compressed object stream, as most programs write them today.

    In it may hide one more signature dictionary.
    """
    name = "/ByteRange" if hides_signature else "/Numbers"
    writer = PdfFileWriter(stream_xrefs=True)
    drawing = writer.add_object(generic.StreamObject(stream_data=b"BT ET"))
    writer.insert_page(PageObject(contents=drawing, media_box=(0, 0, 595, 842)))
    hidden = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Sig"),
            generic.pdf_name(name): generic.ArrayObject(
                generic.NumberObject(number) for number in (0, 1, 2, 3)
            ),
        }
    )
    stream = writer.prepare_object_stream()
    writer.root["/Hidden"] = writer.add_object(hidden, obj_stream=stream)
    output = io.BytesIO()
    writer.write(output)
    return sign_pdf(output.getvalue(), signer)


def hybrid(signer: TestSigner) -> bytes:
    """A revision whose trailer names a second cross-reference, as word processors write."""
    plain = sign_pdf(simple_pdf(), signer)
    start = int(re.findall(rb"startxref\n(\d+)\n", plain)[-1])
    place = len(plain)
    entries = b"\x00" + (0).to_bytes(4, "big") + b"\xff"
    second = (
        b"60 0 obj\n<< /Type /XRef /Size 61 /Index [0 1] /W [1 4 1] /Length %d >>\nstream\n%s\n"
        b"endstream\nendobj\n"
    ) % (len(entries), entries)
    table = b"xref\n60 1\n%010d 00000 n \n" % place
    trailer = b"trailer\n<< /Size 61 /Root 1 0 R /Prev %d /XRefStm %d >>\n" % (start, place)
    end = b"startxref\n%d\n%%%%EOF\n" % (place + len(second))
    return plain + second + table + trailer + end
