"""Each rule about PDFs is needed: without it, the document named beside it gets another answer."""

import asyncio
import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from signing.judge.careful import Inputs, judge
from signing.judge.chain import material_of
from signing.judge.policy import Policy
from signing.trust import load_trust
from tests.pki.make import JUDGED_AT, shared_pki
from tests.vectors.pdf_registry import VECTORS, kit

for family in (
    "forgery",
    "saving",
    "wrapping",
    "shadow",
    "certified",
    "structure",
    "content",
    "hybrid",
    "long_term",
):
    importlib.import_module(f"tests.vectors.pdf_{family}")

RULES = {
    "pdf_reading.check_header": "header-twice",
    "pdf_reading.check_archive": "polyglot-zip-around",
    "pdf_reading.check_encryption": "encrypted",
    "pdf_reading.check_offsets": "table-leads-beside-the-font",
    "pades.check_readings": "hybrid-page-text-in-two-versions",
    "hybrid._check_trailer": "hybrid-stream-names-another-root",
    "hybrid._check_shown": "hybrid-hides-an-annotation",
    "pdf.check_object_streams": "hybrid-hides-a-signature",
    "pdf._check_complete": "usf-contents-absent",
    "pdf.check_byte_range_shape": "usf-byte-range-zeros",
    "pdf.check_subfilter": "usf-subfilter-of-sha1",
    "pdf.check_type": "usf-type-says-timestamp",
    "pdf.check_gap_place": "swa-contents-moved",
    "content.check_page_tree": "page-tree-bites-its-tail",
    "content.check_no_xfa": "xfa-form",
    "content.check_no_files": "portfolio",
    "content.check_no_hidden_files": "file-associated-with-the-structure",
    "content.check_no_document_scripts": "javascript-of-the-document",
    "content.check_inactive": "program-started",
    "content.check_self_contained": "page-of-another-document",
    "pades.check_certification": "certification-after-another-signature",
    "revisions.check_nesting": "swa-two-signatures-over-the-same-bytes",
    "revisions.check_own_revision": "swa-first-signature-without-its-table",
    "revisions.check_changes": "shadow-between-two-signatures",
    "pades.check_updates": "isa-page-replaced",
    "long_term.updates._Update._check_trailer": "lta-title-changed",
    "long_term.updates._Update.check_rest_is_untouched": "shadow-gap-filled",
    "long_term.views.Views.check_same_but": "shadow-page-rotated",
    "long_term.record.check_version": "lta-version-goes-back",
    "long_term.record.check_extensions": "lta-extension-of-a-stranger",
    "long_term.record.check_information": "shadow-replace-title",
    "long_term.record.check_metadata": "shadow-replace-metadata",
    "long_term.fields.check_flags": "lta-signature-flags-taken-away",
    "long_term.fields._check_no_area": "lta-visible-timestamp",
    "long_term.fields._timestamp": "lta-empty-signature-field-added",
    "long_term.store._check_entries": "lta-store-with-an-unknown-entry",
    "tail.check_tail": "isa-objects-only",
    "tail._check_trailer": "lta-title-dropped-by-a-trailer",
    "tail._check_object_streams": "lta-unlisted-object-in-a-compressed-stream",
}
GIVES_OBJECTS = frozenset(
    {"check_extensions", "check_information", "check_metadata", "_timestamp"},
)


def code_of(document: bytes) -> str:
    trust = load_trust([shared_pki().trust_folder])
    inputs = Inputs(
        material=material_of(trust), trust_version=trust.version, policy=Policy(), at=JUDGED_AT
    )
    return asyncio.run(judge(document, inputs)).verdict.reason.code


def nothing(*_: Any, **__: Any) -> None:
    """Stand in for a rule that refuses."""


def no_objects(*_: Any, **__: Any) -> Iterator[Any]:
    """Stand in for a rule that gives the objects it explains."""
    return iter(())


@pytest.mark.parametrize("rule", RULES)
def test_without_a_rule_its_document_gets_another_answer(
    monkeypatch: pytest.MonkeyPatch, rule: str
) -> None:
    vector = VECTORS[RULES[rule]]
    document = vector.make(kit())
    assert code_of(document) in {code.value for code in vector.codes}
    stand_in = no_objects if rule.rsplit(".", 1)[1] in GIVES_OBJECTS else nothing
    monkeypatch.setattr(f"signing.judge.{rule}", stand_in)
    assert code_of(document) not in {code.value for code in vector.codes}
