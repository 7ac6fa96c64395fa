"""Every class of attack on signed PDFs is refused by name; every harmless kind of file passes."""

import asyncio
import importlib

import pytest

from signing.judge.careful import Inputs, judge
from signing.judge.chain import material_of
from signing.judge.judgement import Judgement
from signing.judge.policy import Policy
from signing.trust import load_trust
from tdh.domain.verdicts import Indication
from tests.pki.make import JUDGED_AT, shared_pki
from tests.vectors import pdf_registry
from tests.vectors.pdf_registry import GOOD, VECTORS, Kit

FAMILIES = (
    "forgery",
    "saving",
    "wrapping",
    "shadow",
    "certified",
    "structure",
    "content",
    "hybrid",
    "long_term",
    "good",
)
for family in FAMILIES:
    importlib.import_module(f"tests.vectors.pdf_{family}")


@pytest.fixture(scope="session")
def kit() -> Kit:
    return pdf_registry.kit()


def judged(document: bytes) -> Judgement:
    trust = load_trust([shared_pki().trust_folder])
    inputs = Inputs(
        material=material_of(trust), trust_version=trust.version, policy=Policy(), at=JUDGED_AT
    )
    return asyncio.run(judge(document, inputs))


@pytest.mark.parametrize("name", VECTORS)
def test_an_attack_is_refused_by_its_name(kit: Kit, name: str) -> None:
    vector = VECTORS[name]
    verdict = judged(vector.make(kit)).verdict
    assert verdict.indication is not Indication.TOTAL_PASSED
    assert verdict.reason.code in {code.value for code in vector.codes}


@pytest.mark.parametrize("name", GOOD)
def test_a_harmless_document_passes(kit: Kit, name: str) -> None:
    good = GOOD[name]
    judgement = judged(good.make(kit))
    assert judgement.verdict.indication is Indication.TOTAL_PASSED, judgement.seen
    assert tuple(signature.level for signature in judgement.verdict.signatures) == good.levels


@pytest.mark.parametrize("name", ["form-filled-between-two-signatures", "two-signatures"])
def test_what_a_later_signer_filled_in_is_told(kit: Kit, name: str) -> None:
    notes = {(note.field, note.code.value) for note in judged(GOOD[name].make(kit)).notes}
    filled = {("Signature1", "form-filled-by-a-later-signer")}
    assert notes == (filled if name.startswith("form") else set())
