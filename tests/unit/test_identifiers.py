"""Ids, party ids and tracking numbers."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import (
    ALPHABET,
    LetterId,
    event_of,
    evidence_of,
    has_right_check_digit,
    is_id,
    letter_month,
    made_at,
    make_body,
    make_tracking_number,
    parse_party_id,
    parse_tracking_number,
    party_of_slug,
    party_slug,
)

times = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive by the strategy's contract


@given(times, st.binary(min_size=9, max_size=9))
def test_an_id_gives_back_its_instant_to_the_millisecond(at, random):
    made = made_at("ltr_" + make_body(at, random))
    assert made == at.replace(microsecond=at.microsecond // 1000 * 1000)


@given(times, times, st.binary(min_size=9, max_size=9), st.binary(min_size=9, max_size=9))
def test_ids_sort_by_time(first, second, one, other):
    a, b = make_body(first, one), make_body(second, other)
    if made_at("ltr_" + a) < made_at("ltr_" + b):
        assert a < b


def test_the_month_of_a_letter_is_read_from_any_of_its_ids():
    body = make_body(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), b"123456789")
    assert letter_month("dlv_" + body) == date(2026, 11, 1)
    assert letter_month("evd_" + body) == date(2026, 11, 1)


def test_event_and_evidence_name_each_other():
    event = LetterId("evt_" + make_body(datetime(2026, 1, 1, tzinfo=UTC), b"123456789"))
    assert event_of(evidence_of(event)) == event
    assert is_id("evd", evidence_of(event))
    assert not is_id("evt", evidence_of(event))


@pytest.mark.parametrize(
    "text", ["", "ltr_", "ltr_" + "u" * 24, "xyz_" + "0" * 24, "ltr_" + "0" * 25]
)
def test_what_is_no_id_is_refused(text):
    with pytest.raises(InvalidValue):
        made_at(text)


@pytest.mark.parametrize(
    "text", ["th-agency:mdes", "th-tax-id:0105536000315", "th-citizen-id:1101700230708"]
)
def test_party_ids_survive_as_slugs(text):
    party = parse_party_id(text)
    assert party_of_slug(party_slug(party)) == party


@pytest.mark.parametrize(
    "text",
    [
        "th-citizen-id:110170023070",  # 12 digits
        "th-citizen-id:๑๑๐๑๗๐๐๒๓๐๗๐๘",  # Thai digits are folded by faces, not here
        "th-agency:",
        "th-agency:../x",
        "mailto:a",
        "",
    ],
)
def test_what_is_no_party_id_is_refused(text):
    with pytest.raises(InvalidValue):
        parse_party_id(text)


def test_a_mistyped_number_can_be_noticed_at_registration():
    assert has_right_check_digit(parse_party_id("th-citizen-id:1101700230708"))
    assert not has_right_check_digit(parse_party_id("th-citizen-id:1101700230709"))
    assert has_right_check_digit(parse_party_id("th-agency:mdes"))


@given(st.binary(min_size=10, max_size=10))
def test_a_tracking_number_is_read_however_it_is_typed(random):
    number = make_tracking_number(random)
    assert parse_tracking_number(number.lower().replace("-", " ")) == number
    assert parse_tracking_number(number.removeprefix("TDH-").replace("0", "O")) == number


@given(st.binary(min_size=10, max_size=10), st.integers(0, 15), st.sampled_from(ALPHABET.upper()))
def test_one_wrong_character_in_a_tracking_number_is_noticed(random, place, other):
    bare = make_tracking_number(random).removeprefix("TDH-").replace("-", "")
    typed = bare[:place] + other + bare[place + 1 :]
    if typed != bare:
        with pytest.raises(InvalidValue):
            parse_tracking_number(typed)


@given(st.binary(min_size=10, max_size=10), st.integers(0, 14))
def test_two_swapped_characters_in_a_tracking_number_are_noticed(random, place):
    bare = make_tracking_number(random).removeprefix("TDH-").replace("-", "")
    typed = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]
    if typed != bare:
        with pytest.raises(InvalidValue):
            parse_tracking_number(typed)
