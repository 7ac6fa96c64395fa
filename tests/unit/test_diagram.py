"""The manual's picture of the lifecycle is drawn from the table, and is the one in the manual."""

from pathlib import Path

import pytest

from tdh.domain.diagram import BEGIN, END, diagram, drawn, main
from tdh.domain.lifecycle import TRANSITIONS, ConsignmentMode, DeliveryState

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "DESIGN.md"


def test_the_manual_shows_the_table_as_it_is():
    text = MANUAL.read_text(encoding="utf-8")
    assert drawn(text) == text, "run: python -m tdh.domain.diagram docs/DESIGN.md"


def test_every_step_of_the_table_is_in_the_picture_and_nothing_else():
    arrows = 0
    for line in diagram().splitlines():
        if "-->" in line and not line.endswith("[*]"):
            arrows += len(line.partition(": ")[2].split(", "))
    basic = sum(
        len(row) for (state, mode), row in TRANSITIONS.items() if mode is ConsignmentMode.BASIC
    )
    consent = sum(
        len(row) for (_, mode), row in TRANSITIONS.items() if mode is ConsignmentMode.CONSENT
    )
    everywhere = diagram().count("In every state, and moving none: SignatureStatus.")
    assert everywhere == 2
    assert arrows + everywhere * len(DeliveryState) == basic + consent


def test_the_two_modes_drawn_as_one_have_the_same_table():
    for (state, mode), row in TRANSITIONS.items():
        if mode is ConsignmentMode.SIGNED:
            assert row == TRANSITIONS[state, ConsignmentMode.CONSENT]


def test_the_rest_of_a_text_stays_as_it_is(tmp_path, capsys):
    file = tmp_path / "manual.md"
    file.write_text(f"before ก\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    assert main([str(file)]) == 0
    written = file.read_text(encoding="utf-8")
    assert written == f"before ก\n{BEGIN}\n{diagram()}{END}\nafter\n"
    assert drawn(written) == written
    assert main([]) == 0
    assert capsys.readouterr().out == diagram()


def test_a_text_without_the_marks_is_refused():
    with pytest.raises(ValueError, match="lifecycle"):
        drawn("nothing here")
