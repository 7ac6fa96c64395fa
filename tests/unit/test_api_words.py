"""What people read and write at the command line: days, times, sizes, recipients, names."""

from argparse import ArgumentTypeError
from datetime import UTC, date, datetime, timedelta

import pytest

from tdh.cli import words
from tdh.cli.receive_http import local_name
from tdh.cli.send import day_argument, recipient
from tdh.domain.events import EVENTS
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState


@pytest.mark.parametrize(
    "text", ["22/11/2569", "22/11/2026", "2026-11-22", "๒๒/๑๑/๒๕๖๙", "2569-11-22"]
)
def test_a_day_is_read_in_either_era_and_in_thai_digits(text):
    assert words.parse_day(text) == date(2026, 11, 22)


@pytest.mark.parametrize("text", ["", "22.11.2026", "31/02/2569", "22/11/69", "tomorrow"])
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        words.parse_day(text)


def test_a_moment_is_told_in_bangkok_and_in_the_era_of_people():
    told = words.moment("2026-12-31T18:05:00.000+00:00")
    assert told == "1 มกราคม พ.ศ. 2570 เวลา 01.05 น."
    assert words.moment(None) == "-"
    assert words.today(datetime(2026, 12, 31, 18, tzinfo=UTC)) == date(2027, 1, 1)


def test_every_state_and_every_event_has_words():
    assert set(words.STATES) == {one.value for one in DeliveryState}
    assert set(words.EVENTS) == {one.__name__ for one in EVENTS}
    assert set(words.MODES) == {one.value for one in ConsignmentMode}
    assert set(words.DUE) < set(words.STATES)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB")]
)
def test_a_size_is_told_in_units(count, said):
    assert words.size(count) == said


def test_a_recipient_may_name_its_mode():
    assert recipient("th-tax-id:0105536000315") == (
        "th-tax-id:0105536000315",
        ConsignmentMode.BASIC,
    )
    assert recipient("th-agency:mdes:consent") == ("th-agency:mdes", ConsignmentMode.CONSENT)


def test_a_mode_that_does_not_exist_is_named():
    with pytest.raises(ArgumentTypeError, match="no such consignment mode: 'registered'"):
        recipient("th-agency:mdes:registered")


def test_a_time_of_checking_needs_its_offset():
    told = words.instant("2026-11-22T14:05:00+07:00")
    assert told == datetime(2026, 11, 22, 14, 5, tzinfo=words.BANGKOK)
    assert told.utcoffset() == timedelta(hours=7)


@pytest.mark.parametrize("text", ["", "soon", "2026-11-22", "2026-11-22T14:05:00"])
def test_what_is_no_time_with_an_offset_is_refused_in_words(text):
    with pytest.raises(ArgumentTypeError, match="ไม่ใช่เวลา"):
        words.instant(text)


def test_a_day_of_a_letter_is_refused_in_words():
    with pytest.raises(ArgumentTypeError, match="not a day: '31/02/2569'"):
        day_argument("31/02/2569")


@pytest.mark.parametrize(
    ("name", "local"),
    [
        ("1.pdf", "01-1.pdf"),
        ("../../etc/passwd", "01-.._.._etc_passwd"),
        ("a\0b\n.pdf", "01-a_b_.pdf"),
        ("หนังสือ.pdf", "01-หนังสือ.pdf"),
        ("..", "01-.."),
    ],
)
def test_a_name_from_the_network_never_leaves_its_folder(name, local):
    assert local_name(1, name) == local


def test_a_long_name_keeps_its_end():
    assert local_name(1, "ก" * 100 + ".pdf").endswith("ก.pdf")
    assert len(local_name(1, "ก" * 100 + ".pdf").encode()) <= 255
