"""Rules about signatures in XML. The documents are in `tests/vectors/xml_*.py`."""

from collections.abc import Callable
from typing import Any

from signing.judge.algorithms import DIGESTS
from signing.judge.xml_transforms import LeftOut, Transforms
from tests.pki.make import shared_pki
from tests.rules.asking import careful, codes
from tests.rules.rule import ACCEPTED, Rule, always, nothing
from tests.vectors import xml_markup, xml_wrapping, xml_wrong
from tests.vectors.xml_registry import FAULTS

SOURCES = (xml_markup, xml_wrapping, xml_wrong)
"""Who enters documents into the registry."""


def elements(element: Any) -> tuple[Any, ...]:
    return tuple(child for child in element if isinstance(child.tag, str))


def first_of_name(document: Any, name: str) -> Any:
    return document.ids[name][0]


def without_itself(element: Any) -> Transforms:
    left_out = () if element is None else (LeftOut.OWN_SIGNATURE,)
    return Transforms(left_out=frozenset(left_out))


def first_candidate(_: object, candidates: Any) -> Any:
    return candidates[0]


def _rule(  # noqa: PLR0917 - a row of the table
    function: str,
    vector: str,
    about: str,
    source: str,
    without: str = ACCEPTED,
    instead: Callable[..., Any] | object = nothing,
) -> Rule:
    maker, code = FAULTS[vector]
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=vector,
        ask=careful(lambda: maker(shared_pki())),
        answers=codes([code]),
        without=without,
        instead=instead,
    )


RULES = (
    _rule(
        "xml_reader._check_encoding",
        "bytes that are no characters",
        "The text is UTF-8.",
        "our rule; XML 1.0, 4.3.3",
        "xml-malformed",
    ),
    _rule(
        "disguise.check_no_pdf",
        "a pdf in a comment",
        "What no signature covers holds no other document.",
        "our rule; ISO 32000-2, 7.5.5",
    ),
    _rule(
        "xml_reader._check_comment",
        "a comment inside a text",
        "No comment stands inside a text, which programs read only up to it.",
        "our rule; Canonical XML 1.1, 2.1",
    ),
    _rule(
        "xml_reader.XmlDocument.by_id",
        "an identifier given to what nobody signs too",
        "An identifier names one part.",
        "XML Signature 1.1, 4.4.3.2; XML 1.0, 3.3.1",
        instead=first_of_name,
    ),
    _rule(
        "xml_prefixes.check_prefixes",
        "a prefix in a value whose namespace was exchanged",
        "A prefix in a value keeps its namespace, which exclusive canonical XML does not sign.",
        "Exclusive XML Canonicalization 1.0, 1.3",
    ),
    _rule(
        "xml_reader.children",
        "text between the parts of a signature",
        "Nothing stands between the parts of a signature.",
        "XML Signature 1.1, 4 (schema)",
        instead=elements,
    ),
    _rule(
        "xml_signature.check_references",
        "a changed amount",
        "Each digest is that of its part.",
        "XML Signature 1.1, 3.2.1",
    ),
    _rule(
        "xml_signature.check_value",
        "another value",
        "The value is the key's over the signed information.",
        "XML Signature 1.1, 3.2.2",
    ),
    _rule(
        "xml_signature.check_value",
        "a code made with the public key as secret",
        "A code with a shared secret is no signature.",
        "our rule; XML Signature 1.1, 6.3.1",
    ),
    _rule(
        "xml_signature.check_value",
        "a method for another kind of key",
        "The method decides the scheme, and the key is of that kind.",
        "XML Signature 1.1, 6.4",
    ),
    _rule(
        "xml_signature.STRONG",
        "sha 1 in the method",
        "Digests of method and parts are strong.",
        "rule 7; TS 119 312; RFC 9231, 2",
        instead=DIGESTS | {"sha1"},
    ),
    _rule(
        "algorithms.key_is_strong",
        "a short key",
        "The key is long enough.",
        "rule 7; TS 119 312, 6.2",
        instead=always(value=True),
    ),
    _rule(
        "xml_signature.check_references",
        "a file on this machine",
        "What is outside comes along; nothing is fetched.",
        "our rule; XML Signature 1.1, 8.1",
    ),
    _rule(
        "xml_coverage.check_coverage",
        "only a harmless part is signed",
        "What is signed is what is read.",
        "our rule; XML Signature 1.1, 8.1",
    ),
    _rule(
        "xml_coverage._check_outside",
        "an instruction outside a named root",
        "Outside the signed element there is no instruction.",
        "our rule; Canonical XML 1.1, 2.1",
    ),
    _rule(
        "xml_coverage._check_content",
        "an object added after signing",
        "Every object that is content is signed.",
        "our rule; XML Signature 1.1, 8.1",
    ),
    _rule(
        "xml_coverage._check_vocabulary",
        "something hidden in the key information",
        "Beside what is signed there are only words of signatures.",
        "our rule",
    ),
    _rule(
        "xml_transforms._read_xpath",
        "an xpath that leaves out more",
        "Three XPaths are known letter by letter; none is evaluated.",
        "our rule; XML Signature 1.1, 6.6.3, 8.1.1",
        instead=lambda _: LeftOut.ALL_SIGNATURES,
    ),
    _rule(
        "xml_transforms.read_transforms",
        "a stylesheet as transform",
        "Transforms leave out signatures and canonicalise, no more.",
        "our rule; XML Signature 1.1, 6.6, 8.1.1",
        instead=without_itself,
    ),
    _rule(
        "xades_properties._check_signed",
        "properties that no reference signs",
        "A reference of its type signs this signature's properties.",
        "EN 319 132-1, 4.4",
    ),
    _rule(
        "xades_properties._check_signed",
        "the typed reference leads elsewhere",
        "And that reference leads to them.",
        "EN 319 132-1, 4.4",
    ),
    _rule(
        "xades_properties._check_issuer",
        "another serial number",
        "The bound certificate's issuer and number are the signer's.",
        "EN 319 132-1, 5.2.2",
    ),
    _rule(
        "xades_properties.bound_certificate",
        "another certificate of the same key",
        "One property binds one certificate.",
        "EN 319 132-1, 5.2.2",
        instead=first_candidate,
    ),
)
