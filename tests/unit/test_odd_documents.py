"""Documents in forms that no standard has: each is refused by its name, whatever its kind."""

import pytest

from signing.judge.codes import Code
from tests.pki.make import shared_pki
from tests.rules.asking import Make, careful, codes
from tests.vectors import (
    cms,
    cms_odd,
    containers,
    containers_odd,
    containers_packed,
    xml,
    xml_odd,
    xml_registry,
)

CMS = {
    f"CMS: {name}": (lambda one=one: one.make(cms.kit()), codes(one.codes))
    for name, one in cms_odd.VECTORS.items()
}
CONTAINERS = {
    f"container: {name}": (lambda one=one: one.make(containers.kit()), codes(one.codes))
    for name, one in (containers_odd.VECTORS | containers_packed.VECTORS).items()
}
XML = {
    f"XML: {name}": (lambda maker=maker: maker(shared_pki()), codes([code]))
    for name, (maker, code) in xml_odd.VECTORS.items()
}
DOCUMENTS: dict[str, tuple[Make, frozenset[str]]] = CMS | CONTAINERS | XML


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_odd_document_is_refused_by_its_name(name: str) -> None:
    make, answers = DOCUMENTS[name]
    found = careful(make)()
    assert found != Code.SIGNATURE_VALID.value
    assert found in answers


def test_a_signature_is_not_left_out_of_another_file() -> None:
    def make() -> bytes:
        other = xml.Reference(uri="letter.txt", octets=b"x")
        return xml_registry.good(shared_pki(), xml.Plan(references=(other,)), xml.SIGNATURE_MARK)

    assert careful(make, content=b"x")() == Code.XML_TRANSFORM.value
