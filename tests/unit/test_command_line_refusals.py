"""A refusal at the command line says what to write there, not what a program should send."""

import pytest

from relay.problem_table import ROWS
from tdh.cli.client import Refused, shown_address
from tdh.cli.refusals import ADVICE

FOR_PROGRAMS = (
    "POST", "/v1/", "Bearer", "`errors`", "Idempotency-Key", "X-Request-Id", "header", "ส่วนหัว",
    "openapi", "application/", "multipart", "Content-",
)  # fmt: skip
SAID_OF_THE_REQUEST_ITSELF = {
    "digest-algorithm-not-supported",
    "expectation-failed",
}  # their titles name the header; no command sends one that is refused


def told(code, **more):
    row = ROWS[code]
    return Refused(
        {
            "code": code,
            "title": row.title,
            "title_th": row.title_th,
            "detail": row.title,
            "advice": row.advice,
            "advice_th": row.advice_th,
            **more,
        },
        1.0,
    ).words()


@pytest.mark.parametrize("code", sorted(ROWS.keys() - SAID_OF_THE_REQUEST_ITSELF))
def test_no_refusal_speaks_of_requests_and_headers(code):
    assert not [word for word in FOR_PROGRAMS if word in told(code)]


def test_every_advice_of_the_command_line_belongs_to_a_code_of_the_service():
    assert ADVICE.keys() <= ROWS.keys()


def test_a_delivery_that_must_be_accepted_first_names_the_command():
    assert "tdh accept" in told("not-accepted-yet")


def test_a_wrong_field_is_its_own_advice():
    error = {"pointer": "/subject", "detail": "is empty", "detail_th": "ว่าง"}
    assert told("invalid-request", errors=[error]).splitlines()[1:] == [
        "  /subject: ว่าง / is empty"
    ]


def test_a_password_in_an_address_is_not_shown():
    assert shown_address("https://me:secret@tdh.example:8/x") == "https://tdh.example:8/x"
