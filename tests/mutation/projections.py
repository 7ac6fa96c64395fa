"""What of a document is signed or shown, read by other programs than the judge's.

Two documents with equal projections say the same to a reader, under the same signatures. PDFs are
rendered by poppler; CMS is walked through; XML is canonicalised without its key and unsigned
parts; of a container it is the files with their names.
"""

import base64
import hashlib
import io
import re
import subprocess
import tempfile
from collections.abc import Iterator
from zipfile import ZipFile

from lxml import etree

from signing.judge.kinds import Kind
from tests.mutation.asn1_places import signed_parts
from tests.mutation.places import binary, signatures_of

_SAID_BY_PROGRAMS = re.compile(rb"(?m)^(?:Producer|ModDate|File size|PDF version):.*\n")
"""What the last program says of itself and of its work: allowed to change with long-term data."""
_NOT_SHOWN = (
    "{http://www.w3.org/2000/09/xmldsig#}KeyInfo",
    "{http://uri.etsi.org/01903/v1.3.2#}UnsignedProperties",
)
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
_SIGNATURE_VALUE = "{http://www.w3.org/2000/09/xmldsig#}SignatureValue"


def projection(kind: Kind, data: bytes, like: bytes, *, drawn: bool = True) -> tuple[str, ...]:
    """Everything that must not differ, as digests. Raises what those programs' readers raise.

    `like`: the valid document, whose signatures say what of a PDF is signed. `drawn`: have a PDF
    rendered, which costs a tenth of a second.
    """
    match kind:
        case Kind.PDF:
            return (*_of_pdf(data, like), *(_drawn(data) if drawn else ()))
        case Kind.CMS:
            return tuple(_of_cms(data))
        case Kind.XML:
            return (_of_xml(data),)
        case Kind.CONTAINER:
            return tuple(_of_container(data))
        case _:
            return (_digest(data),)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _of_pdf(data: bytes, like: bytes) -> Iterator[str]:
    for length, second, rest, _ in signatures_of(like):
        yield _digest(data[:length] + data[second : second + rest])


def _drawn(data: bytes) -> Iterator[str]:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        for command in (
            ["pdftoppm", "-r", "30", file.name],
            ["pdftotext", file.name, "-"],
            ["pdfinfo", file.name],
        ):
            done = subprocess.run(command, capture_output=True, check=True)
            yield _digest(_SAID_BY_PROGRAMS.sub(b"", done.stdout))


def _of_cms(data: bytes) -> Iterator[str]:
    message = binary(data)
    yield from (_digest(part) for part in signed_parts(message))


def _of_xml(data: bytes) -> str:
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    for name in _NOT_SHOWN:
        for element in list(root.iter(name)):
            parent = element.getparent()
            if parent is not None:
                element.tail, kept = None, element.tail
                parent.remove(element)
                del kept
    for element in root.iter(_SIGNATURE_VALUE):
        octets = base64.b64decode("".join((element.text or "").split()))
        element.text = octets.hex()
        element.attrib.clear()
    for signature in root.iter(_SIGNATURE):  # between its parts white space means nothing
        for part in signature.iter():
            part.text = part.text if (part.text or "").strip() else None
            if part is not signature:
                part.tail = part.tail if (part.tail or "").strip() else None
    return _digest(etree.tostring(root, method="c14n", exclusive=True, with_comments=False))


def _of_container(data: bytes) -> Iterator[str]:
    with ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            if not name.startswith("META-INF/"):
                yield _digest(name.encode() + b"\0" + archive.read(name))
