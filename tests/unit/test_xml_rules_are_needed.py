"""Each rule about XML is needed: without it, the document named beside it gets another answer.

Those marked ACCEPTED would pass: nothing but that rule stands between the attack and acceptance.
"""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

import pytest

from signing.judge import xml_reader
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.judgement import Inputs
from signing.judge.policy import Policy
from signing.judge.xml_transforms import LeftOut, Transforms
from signing.trust import load_trust
from tests.pki.make import JUDGED_AT, shared_pki
from tests.vectors import xml_markup, xml_wrapping, xml_wrong
from tests.vectors.xml_registry import FAULTS

SOURCES = (xml_markup, xml_wrapping, xml_wrong)
ACCEPTED = "signature-valid"


def nothing(*_: object, **__: object) -> None:
    """A rule that does not object."""


def elements(element: Any) -> tuple[Any, ...]:
    return tuple(child for child in element if isinstance(child.tag, str))


def first_of_name(document: Any, name: str) -> Any:
    return document.ids[name][0]


def without_itself(element: Any) -> Transforms:
    left_out = () if element is None else (LeftOut.OWN_SIGNATURE,)
    return Transforms(left_out=frozenset(left_out))


RULES: dict[str, tuple[str, Callable[..., Any], str | None]] = {
    # rule: the fault, what stands in its place, what the judge would say (None: something else)
    "xml_reader._check_encoding": ("bytes that are no characters", nothing, None),
    "xml_reader._check_comment": ("a comment inside a text", nothing, ACCEPTED),
    "xml_reader.XmlDocument.by_id": ("two parts of the same identifier", first_of_name, None),
    "xml_c14n.check_prefixes": (
        "a prefix in a value whose namespace was exchanged",
        nothing,
        ACCEPTED,
    ),
    "xml_signature.children": ("text between the parts of a signature", elements, ACCEPTED),
    "xades.check_references": ("a changed amount", nothing, ACCEPTED),
    "xades.check_value": ("another value", nothing, ACCEPTED),
    "xades.check_coverage": ("only a harmless part is signed", nothing, ACCEPTED),
    "xml_coverage._check_outside": ("an instruction outside a named root", nothing, ACCEPTED),
    "xml_coverage._check_content": ("an object added after signing", nothing, ACCEPTED),
    "xml_coverage._check_vocabulary": (
        "something hidden in the key information",
        nothing,
        ACCEPTED,
    ),
    "xml_transforms._read_xpath": (
        "an xpath that leaves out more",
        lambda _: LeftOut.ALL_SIGNATURES,
        ACCEPTED,
    ),
    "xml_signature.read_transforms": (
        "a stylesheet as transform",
        without_itself,
        ACCEPTED,
    ),
    "xades_properties._check_signed": ("properties that no reference signs", nothing, ACCEPTED),
    "xades_properties._check_issuer": ("another serial number", nothing, ACCEPTED),
    "xades.bound_certificate": (
        "another certificate of the same key",
        lambda _, candidates: candidates[0],
        ACCEPTED,
    ),
}


def code_of(document: bytes) -> str:
    trust = load_trust([shared_pki().trust_folder])
    inputs = Inputs(
        material=material_of(trust), trust_version=trust.version, policy=Policy(), at=JUDGED_AT
    )
    return asyncio.run(judge(document, inputs)).verdict.reason.code


@pytest.mark.parametrize("rule", RULES)
def test_without_the_rule_the_answer_is_another(monkeypatch: pytest.MonkeyPatch, rule: str) -> None:
    fault, instead, answer = RULES[rule]
    maker, code = FAULTS[fault]
    document = maker(shared_pki())
    assert code_of(document) == code.value

    module, _, path = rule.partition(".")
    holder: Any = importlib.import_module(f"signing.judge.{module}")
    *owners, name = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    monkeypatch.setattr(holder, name, instead)

    found = code_of(document)
    assert found != code.value
    assert answer is None or found == answer


def test_neither_look_for_a_document_type_lets_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before parsing and after it: each alone refuses."""
    document = FAULTS["identifiers declared by a document type"][0](shared_pki())
    monkeypatch.setattr(xml_reader, "_PROLOG", xml_reader._DECLARATION)
    assert code_of(document) == "xml-document-type"
