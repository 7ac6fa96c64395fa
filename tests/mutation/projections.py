"""What of a document is signed or shown, read by other programs than the judge's.

Two documents with equal projections say the same to a reader, under the same signatures. PDFs are
rendered by poppler; CMS is opened by OpenSSL; XML is canonicalised without its key and unsigned
parts; of a container it is the files with their names.
"""

import hashlib
import io
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

from lxml import etree

from signing.judge.kinds import Kind

_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
_NOT_SHOWN = (
    "{http://www.w3.org/2000/09/xmldsig#}KeyInfo",
    "{http://uri.etsi.org/01903/v1.3.2#}UnsignedProperties",
)
_SIGNATURE_VALUE = "{http://www.w3.org/2000/09/xmldsig#}SignatureValue"


def projection(kind: Kind, data: bytes) -> tuple[str, ...]:
    """Everything that must not differ, as digests. Raises what those programs' readers raise."""
    match kind:
        case Kind.PDF:
            return tuple(_of_pdf(data))
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


def _of_pdf(data: bytes) -> Iterator[str]:
    for match in _RANGE.finditer(data):
        length, second, rest = (int(group) for group in match.groups())
        yield _digest(data[:length] + data[second : second + rest])
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(data)
        file.flush()
        for command in (
            ["pdftoppm", "-r", "30", file.name],
            ["pdftotext", file.name, "-"],
            ["pdfinfo", file.name],
        ):
            done = subprocess.run(command, capture_output=True, check=True)
            yield _digest(done.stdout)


def _of_cms(data: bytes) -> Iterator[str]:
    form = "PEM" if data.startswith(b"-----") else "DER"
    command = ["openssl", "cms", "-verify", "-noverify", "-inform", form, "-binary", "-in"]
    with tempfile.TemporaryDirectory() as folder:
        message = Path(folder) / "message"
        message.write_bytes(data)
        shown = [*command, str(message), "-nosigs"]
        done = subprocess.run(shown, capture_output=True, check=False)
        yield _digest(done.stdout)
        printed = ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", form, "-in"]
        done = subprocess.run([*printed, str(message)], capture_output=True, check=False)
        yield _digest(_signed_fields(done.stdout))


def _signed_fields(printed: bytes) -> bytes:
    """Of OpenSSL's print of the signers, without what nobody signs."""
    signers = printed[printed.find(b"signerInfos:") :]
    return re.sub(rb"(?s)unsignedAttrs:.*?(?=\n {8}version:|\Z)", b"", signers)


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
        element.text = "".join((element.text or "").split())
    return _digest(etree.tostring(root, method="c14n", with_comments=False))


def _of_container(data: bytes) -> Iterator[str]:
    with ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            if not name.startswith("META-INF/"):
                yield _digest(name.encode() + b"\0" + archive.read(name))
