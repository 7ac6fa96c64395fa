"""Files of named statements: read, or refused with the reason."""

import pytest

from storage.errors import StatementsMalformed
from storage.queries import parse_statements

GOOD = """-- What these are for.

-- name: first
-- A word about it.
SELECT 1;

-- name: second_one
SELECT 2;
SELECT 3;
"""


def test_statements_are_found_by_name_with_their_comments() -> None:
    assert parse_statements(GOOD, "good.sql") == {
        "first": "-- A word about it.\nSELECT 1;",
        "second_one": "SELECT 2;\nSELECT 3;",
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1;\n-- name: first\nSELECT 1;\n", "before the first name"),
        ("-- name: first\nSELECT 1;\n-- name: first\nSELECT 2;\n", "first stands twice"),
        ("-- name: first\n-- name: second\nSELECT 1;\n", "first is empty"),
        ("-- name: first\n-- a comment only\n", "first is empty"),
    ],
)
def test_a_malformed_file_is_named_with_its_problem(text: str, problem: str) -> None:
    with pytest.raises(StatementsMalformed, match=problem) as raised:
        parse_statements(text, "bad.sql")
    assert raised.value.file == "bad.sql"


def test_what_is_not_quite_a_name_does_not_begin_a_statement() -> None:
    text = "-- name: first\nSELECT 1\n  -- name: indented\n-- name:tight\n-- name: Upper\n;"
    assert list(parse_statements(text, "odd.sql")) == ["first"]
