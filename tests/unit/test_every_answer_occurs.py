"""Every answer and every note that the judge can give is given to some document of the tests.

An answer that no test produces would be one that nobody knows to be right, or one that can no
longer happen. Where a document may get one of several answers it proves none of them here.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signing.judge import careful as judging
from signing.judge.careful import JUDGES
from signing.judge.codes import Code, NoteCode
from signing.judge.kinds import Kind
from tests.pki import faults, make
from tests.rules import cms, containers, pdf
from tests.rules.asking import careful
from tests.rules.table import SUBJECTS
from tests.vectors.xml_registry import FAULTS

TESTS = Path(__file__).resolve().parents[1]


def by_documents() -> Iterator[str]:
    """Answers of documents that have one right answer."""
    for vectors in (pdf.VECTORS, cms.VECTORS, containers.VECTORS):
        yield from (next(iter(one.codes)) for one in vectors.values() if len(one.codes) == 1)
    yield from (code for _, code in FAULTS.values())
    for rule in (rule for rules in SUBJECTS.values() for rule in rules):
        yield rule.without
        if len(rule.answers) == 1:
            yield from rule.answers


def only_stamped() -> bytes:
    stamp = make.shared_pki().timestamp(make.SIGNED_AT)
    return faults.with_document_timestamp(make.simple_pdf(), stamp)


HERE: dict[Code, Callable[[], bytes]] = {
    Code.ONLY_A_TIMESTAMP: only_stamped,
    Code.CHANGE_FORBIDDEN_BY_SIGNER: (
        lambda: pdf.VECTORS["certified-p1-and-signed"].make(pdf.kit())
    ),
    Code.CHAIN_INVALID: lambda: cms.VECTORS["issued-by-a-person"].make(cms.kit()),
}
"""Shown by this file."""

XML, CMS, CONTAINERS = "unit/test_judge_xml.py", "unit/test_judge_cms.py", "unit/test_judge_asic.py"
VERDICTS, PDF, POOL = (
    "unit/test_judge_verdicts.py",
    "unit/test_pdf_attacks.py",
    "integration/test_judge_pool.py",
)
BY_TESTS: dict[Code | NoteCode, tuple[str, str]] = {
    Code.XML_TOO_COMPLEX: (XML, "test_many_expensive_references_end_early"),
    Code.TOO_LARGE: (POOL, "test_a_document_larger_than_allowed_is_told_so_without_being_kept"),
    Code.TIME_LIMIT: (
        POOL,
        "test_a_document_that_takes_too_long_is_refused_and_others_are_not_held_up",
    ),
    Code.MEMORY_LIMIT: (POOL, "test_a_document_that_needs_too_much_memory_is_refused"),
    Code.CRASHED: (POOL, "test_a_child_that_crashes_is_a_refusal_with_a_name"),
    NoteCode.TIMESTAMP_NOT_COUNTED: (
        CMS,
        "test_a_token_of_a_faulty_unit_neither_helps_nor_hurts",
    ),
    NoteCode.FORM_FILLED_LATER: (PDF, "test_what_a_later_signer_filled_in_is_told"),
    NoteCode.REVOCATION_NOT_CHECKED: (
        VERDICTS,
        "test_missing_revocation_data_are_asked_for_or_noted",
    ),
    NoteCode.REVOCATION_DATA_OLD: (
        VERDICTS,
        "test_an_old_list_is_not_enough_where_revocation_data_are_required",
    ),
    NoteCode.SIGNATURE_POLICY_NOT_APPLIED: (
        XML,
        "test_a_signature_policy_is_named_and_not_applied",
    ),
    NoteCode.COUNTERSIGNATURE_NOT_JUDGED: (CMS, "test_a_countersignature_is_noted_and_never_helps"),
    NoteCode.ARCHIVE_TIMESTAMP_NOT_JUDGED: (
        CMS,
        "test_an_archive_timestamp_over_something_else_does_not_count",
    ),
    NoteCode.CONTENT_NOT_COMPARED: (CMS, "test_a_timestamp_alone_is_valid_and_no_letter"),
    NoteCode.EVIDENCE_RECORD_NOT_JUDGED: (
        CONTAINERS,
        "test_an_evidence_record_beside_a_signature_is_noted",
    ),
    NoteCode.CONTAINER_MIMETYPE_MISPLACED: (CONTAINERS, "test_a_misplaced_mimetype_is_noted"),
}
"""Answers that need processes or a dozen megabytes, and notes: which test asserts them."""


def test_every_answer_is_given_to_some_document() -> None:
    shown = {*by_documents(), *HERE, *BY_TESTS, Code.UNEXPECTED}
    assert sorted(code for code in Code if code not in shown) == []


def test_every_note_is_made_somewhere() -> None:
    assert sorted(code for code in NoteCode if code not in BY_TESTS) == []


@pytest.mark.parametrize("code", HERE)
def test_a_document_gets_just_this_answer(code: Code) -> None:
    assert careful(HERE[code])() == code.value


@pytest.mark.parametrize("code", BY_TESTS)
def test_the_test_that_is_named_asserts_it(code: Code | NoteCode) -> None:
    file, name = BY_TESTS[code]
    text = (TESTS / file).read_text(encoding="utf-8")
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    (body,) = (
        ast.get_source_segment(text, node)
        for node in ast.parse(text).body
        if isinstance(node, kinds) and node.name == name
    )
    assert body is not None
    assert "assert" in body
    assert re.search(rf'"{code.value}"|{type(code).__name__}\.{code.name}\b', body)


def test_whatever_else_happens_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clause 10: an error that nobody thought of is an answer, and never acceptance."""

    def stumbles(*_: object) -> None:
        raise ZeroDivisionError

    _, kind = JUDGES[Kind.PDF]
    ask = careful(pdf.stamped_letter)
    assert ask() == Code.SIGNATURE_VALID.value
    monkeypatch.setattr(judging, "JUDGES", {Kind.PDF: (stumbles, kind)})
    assert ask() == Code.UNEXPECTED.value
