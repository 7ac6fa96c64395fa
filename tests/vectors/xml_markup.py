"""Hostile markup: document types, encodings, comments, and what costs time and memory."""

from collections.abc import Callable

from signing.judge.codes import Code
from tests.pki import make
from tests.vectors import pdf_writing, xml
from tests.vectors.xml import DS, INVOICE, Plan, Reference
from tests.vectors.xml_registry import (
    ROOT,
    fault,
    good,
    swapped,
)


def _with_type(pki: make.Pki, declaration: str) -> bytes:
    return swapped(good(pki), "?>\n<rsm", f"?>\n{declaration}\n<rsm")


@fault(Code.XML_DOCTYPE)
def a_document_type(pki: make.Pki) -> bytes:
    return _with_type(pki, f"<!DOCTYPE {ROOT}>")


@fault(Code.XML_DOCTYPE)
def an_external_document_type(pki: make.Pki) -> bytes:
    return _with_type(pki, f'<!-- x --><!DOCTYPE {ROOT} SYSTEM "http://127.0.0.1:9/a.dtd">')


@fault(Code.XML_DOCTYPE)
def an_external_entity(pki: make.Pki) -> bytes:
    data = _with_type(pki, '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>')
    return swapped(data, "107.00", "&b;")


@fault(Code.XML_DOCTYPE)
def a_billion_laughs(pki: make.Pki) -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    return swapped(_with_type(pki, f"<!DOCTYPE a [{entities}]>"), "107.00", "&e9;")


@fault(Code.XML_DOCTYPE)
def identifiers_declared_by_a_document_type(pki: make.Pki) -> bytes:
    return _with_type(pki, "<!DOCTYPE a [<!ATTLIST a b ID #IMPLIED>]>")


@fault(Code.XML_ENCODING)
def two_bytes_a_character(pki: make.Pki) -> bytes:
    return good(pki).decode().replace('encoding="UTF-8"', 'encoding="UTF-16"').encode("utf-16")


@fault(Code.XML_ENCODING)
def another_encoding(pki: make.Pki) -> bytes:
    return good(pki).decode().replace("UTF-8", "windows-874").encode("cp874")


@fault(Code.XML_ENCODING)
def another_version_of_xml(pki: make.Pki) -> bytes:
    return swapped(good(pki), 'version="1.0"', 'version="1.1"')


@fault(Code.XML_ENCODING)
def bytes_that_are_no_characters(pki: make.Pki) -> bytes:
    return good(pki).replace(b"107.00", b"107\xff")


@fault(Code.XML_MALFORMED)
def half_a_document(pki: make.Pki) -> bytes:
    return good(pki)[:1500]


@fault(Code.XML_MALFORMED)
def an_entity_that_nobody_declared(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "&b;")


@fault(Code.XML_COMMENT_IN_TEXT)
def a_comment_inside_a_text(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "107<!-- -->.00")


@fault(Code.XML_COMMENT_IN_TEXT)
def a_comment_before_a_text(pki: make.Pki) -> bytes:
    return swapped(good(pki), "107.00", "<!-- -->107.00")


# --- time and memory ---


@fault(Code.ALSO_ANOTHER_DOCUMENT)
def a_pdf_in_a_comment(pki: make.Pki) -> bytes:
    """No signature covers the comment; PDF readers forgive what stands before it."""
    other = pdf_writing.build(pdf_writing.letter_objects(), header=b"%PDF-1.7\n")
    return good(pki) + b"<!--" + b" " * 1024 + other + b"-->"


def _around(inside: str) -> str:
    return f"<Signature>{inside}</Signature>"


def _attributes(prefix: str, count: int) -> str:
    return " ".join(f'{prefix}{n}="urn:{n}"' for n in range(count))


SIGN_OF_LIFE = f'<ds:Signature xmlns:ds="{DS}"/>'
BOMBS: dict[str, tuple[Callable[[], str], Code]] = {
    "100,000 elements in each other": (
        lambda: "<Signature>" * 100_000 + "</Signature>" * 100_000,
        Code.XML_TOO_COMPLEX,
    ),
    "a million elements": (
        lambda: f"<Signature>{'<b/>' * 1_000_000}</Signature>",
        Code.XML_TOO_COMPLEX,
    ),
    "150,000 elements": (
        lambda: f"<Signature>{'<b/>' * 150_000}</Signature>",
        Code.XML_TOO_COMPLEX,
    ),
    "a huge attribute": (lambda: f'<Signature b="{"x" * 20_000_000}"/>', Code.XML_TOO_COMPLEX),
    "a huge text": (lambda: _around("x" * 20_000_000), Code.XML_TOO_COMPLEX),
    "100,000 attributes": (
        lambda: f"<Signature {_attributes('a', 100_000)}/>",
        Code.XML_TOO_COMPLEX,
    ),
    "many attributes on many elements": (
        lambda: "<Signature>" + f"<b {_attributes('a', 200)}/>" * 2_000 + "</Signature>",
        Code.XML_TOO_COMPLEX,
    ),
    "thousands of namespaces in scope": (
        lambda: f"<Signature {_attributes('xmlns:a', 5_000)}>{'<b/>' * 9_000}</Signature>",
        Code.XML_TOO_COMPLEX,
    ),
    "a namespace as long as a book": (
        lambda: f'<Signature xmlns:b="urn:{"x" * 10_000}">{"<b:c/>" * 90_000}</Signature>',
        Code.XML_TOO_COMPLEX,
    ),
    "129 references": (lambda: _with_references(128), Code.XML_TOO_COMPLEX),
    "26 signatures": (lambda: f"<a>{SIGN_OF_LIFE * 26}</a>", Code.TOO_MANY_SIGNATURES),
    "a comment for each of 90,000 elements": (
        lambda: f"<Signature>{'<b/><!-- -->' * 90_000}</Signature>",
        Code.NO_SIGNATURE,
    ),
    "a prolog of comments": (
        lambda: f"{'<!-- x --><?y z?>' * 90_000}<Signature/>",
        Code.NO_SIGNATURE,
    ),
    "a prolog that never ends": (
        lambda: "<!--" * 90_000 + "<?" * 90_000 + "Signature",
        Code.XML_MALFORMED,
    ),
}
"""Name to who makes it and what it is called; each must be told in seconds. All with the word
that makes the judge look closer."""


def _with_references(count: int) -> str:
    return xml.sign(
        INVOICE, make.shared_pki().signers["good"], Plan(references=(Reference(),) * count)
    ).decode()
