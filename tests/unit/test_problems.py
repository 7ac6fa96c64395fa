"""Every error has an answer, in both languages; answers say nothing that they should not."""

import importlib
import json
import pkgutil
import re
from pathlib import Path

import pytest

import relay
import signing.judge
import storage
import tdh.delivery
import tdh.domain
from relay.field_words import ALWAYS_TRUE, in_thai
from relay.payloads import fields
from relay.problem_table import ROWS
from relay.problems import EvidenceNote, problem_of, problem_of_refusal
from tdh.domain.errors import InvalidValue, NotFound, RecipientNotRegistered, TDHError
from tdh.domain.identifiers import parse_party_id
from tdh.domain.verdicts import Reason


def every_error():
    for package in (relay, signing.judge, storage, tdh.delivery, tdh.domain):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    found, waiting = set(), [TDHError]
    while waiting:
        one = waiting.pop()
        if one.__module__.split(".")[0] in {"relay", "signing", "storage", "tdh"}:
            found.add(one)
        waiting.extend(one.__subclasses__())
    return sorted(found, key=lambda one: (one.__module__, one.__name__))


MEETS_REQUESTS = (
    "tdh.domain.errors",
    "tdh.delivery",
    "relay.api",
    "relay.auth",
    "relay.payloads",
    "signing.judge",
    "storage.vault",
)
"""Whose errors can reach a caller; those of set-up, audit and the broker's side cannot."""


@pytest.mark.parametrize("error", every_error(), ids=lambda one: one.__name__)
def test_every_error_that_meets_a_request_has_a_row_that_agrees_with_it(error):
    if f"{error.__module__}.".startswith(tuple(f"{one}." for one in MEETS_REQUESTS)):
        assert error.code in ROWS
        assert ROWS[error.code].retryable == error.retryable
    elif error.code not in ROWS:
        assert problem_of(error.__new__(error)).code == "internal"


@pytest.mark.parametrize("code", ROWS)
def test_every_row_speaks_both_languages(code):
    row = ROWS[code]
    for english in (row.title, row.advice):
        assert english
    for thai in (row.title_th, row.advice_th):
        assert any("ก" <= letter <= "๙" for letter in thai)
    assert 400 <= row.status < 600
    if row.retry_after is not None:
        assert row.retryable


def test_an_error_without_a_row_is_internal_and_says_nothing():
    class Strange(TDHError):
        code = "strange"

    problem = problem_of(Strange("a secret"))
    assert (problem.status, problem.code) == (500, "internal")
    assert b"secret" not in problem.body()


def test_two_things_that_are_not_found_are_the_same_bytes():
    assert problem_of(NotFound("letter")).body() == problem_of(NotFound("document")).body()


def test_a_wrong_value_is_pointed_at():
    said = json.loads(problem_of(InvalidValue("/date", "must be a date")).body())
    assert said["code"] == "invalid-request"
    assert said["errors"][0]["pointer"] == "/date"
    assert said["errors"][0]["detail"] == "must be a date"


def test_a_detail_is_given_only_where_it_was_written_for_the_caller():
    unknown = problem_of(RecipientNotRegistered("th-agency:nobody"))
    assert "th-agency:nobody" in unknown.detail


def test_a_judged_refusal_speaks_the_judges_words_and_names_its_evidence():
    note = EvidenceNote(id="evd_1", event="SubmissionRejection")
    problem = problem_of_refusal(Reason(code="expired", th="หมดอายุ", en="Expired."), note)
    said = json.loads(problem.body())
    assert (said["status"], said["code"], said["title_th"]) == (422, "expired", "หมดอายุ")
    assert said["evidence"] == {
        "id": "evd_1",
        "event": "SubmissionRejection",
        "href": "/v1/evidence/evd_1",
    }
    assert not said["retryable"]


@pytest.mark.parametrize(
    ("said", "thai"),
    [
        ("must have 1 to 1000 characters", "ต้องมี 1 ถึง 1000 อักขระ"),
        ("must be 13 digits", "ต้องเป็นตัวเลข 13 หลัก"),
        ("must be 1 to 200", "ต้องเป็นตัวเลข 1 ถึง 200"),
        ("Input should be 'normal' or 'urgent'", "ต้องเป็นค่าใดค่าหนึ่งใน 'normal' or 'urgent'"),
        ("something that nobody thought of", ALWAYS_TRUE),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_thai(said, thai):
    assert in_thai(said) == thai


def test_the_rules_of_fields_all_have_thai_words():
    source = Path(fields.__file__).read_text(encoding="utf-8")
    said = re.findall(r'raise (?:ValueError\(|InvalidValue\(field, )"(must [^"]+)"', source)
    assert len(said) >= 5
    assert [one for one in said if in_thai(one) == ALWAYS_TRUE] == []
    for party in ("th-agency:", "th-citizen-id:12"):
        with pytest.raises(InvalidValue) as raised:
            parse_party_id(party)
        assert in_thai(raised.value.problem) != ALWAYS_TRUE
