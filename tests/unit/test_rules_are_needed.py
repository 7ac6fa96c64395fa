"""Every rule is needed: with it its document is refused, without it the answer is another.

The rules, their documents and what happens without them are listed in `tests/rules/`, a file a
subject; `signing/README.md` shows the lists.
"""

from pathlib import Path

import pytest

from signing.judge import xml_reader
from tests.pki.make import shared_pki
from tests.rules.asking import careful
from tests.rules.rule import Rule, take_away
from tests.rules.table import END, SUBJECTS, drawn
from tests.vectors.xml_registry import FAULTS

MANUAL = Path(__file__).resolve().parents[2] / "signing" / "README.md"
EVERY = [
    pytest.param(rule, id=f"{subject}: {rule.function.rpartition('.')[2]}, {rule.vector}")
    for subject, rules in SUBJECTS.items()
    for rule in rules
]


@pytest.mark.parametrize("rule", EVERY)
def test_without_a_rule_its_document_gets_another_answer(
    monkeypatch: pytest.MonkeyPatch, rule: Rule
) -> None:
    assert rule.ask() in rule.answers
    assert rule.without not in rule.answers
    take_away(rule, monkeypatch)
    assert rule.ask() == rule.without


def test_no_rule_is_listed_twice_with_the_same_document() -> None:
    for rules in SUBJECTS.values():
        pairs = [(rule.function, rule.vector) for rule in rules]
        assert len(set(pairs)) == len(pairs)


def test_the_manual_shows_the_rules_as_they_are() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert drawn(text) == text, "run: python -m tests.rules signing/README.md"


def test_a_text_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=END):
        drawn("nothing here")


def test_neither_look_for_a_document_type_lets_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before parsing and after it: each alone refuses."""
    make, code = FAULTS["identifiers declared by a document type"]
    ask = careful(lambda: make(shared_pki()))
    monkeypatch.setattr(xml_reader, "_PROLOG", xml_reader._DECLARATION)
    assert ask() == code.value
