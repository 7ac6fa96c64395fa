"""JSON in and out: what is taken, what is refused and where, one spelling for times."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.payloads import answers
from relay.payloads.fields import is_clean, parse_duration, print_time
from relay.payloads.reading import InvalidPayload, read
from relay.payloads.requests import AcknowledgeIn, LetterIn, RefuseIn, page_limit
from tdh.delivery.submission import Addressee
from tdh.domain.errors import InvalidValue
from tdh.domain.lifecycle import ConsignmentMode, DeliveryState
from tdh.domain.policies import Policy
from tdh.domain.records import DeliveryView
from tests import builders

LETTER = {
    "number": "ดศ 0201/1234",
    "date": "2026-11-22",
    "subject": "แจ้งผลการพิจารณา",
    "salutation": "เรียน อธิบดี",
    "documents": [
        {"part": "main", "role": "main", "filename": "1.pdf", "media_type": "application/pdf"}
    ],
    "recipients": [
        {"party": builders.CITIZEN, "consignment_mode": "consent", "accept_within": "P15D"}
    ],
}


def letter(**changes):
    return json.dumps({**LETTER, **changes}).encode()


def pointers(body, model=LetterIn):
    with pytest.raises(InvalidPayload) as refused:
        read(model, body)
    return [one.pointer for one in refused.value.errors]


def test_a_letter_is_read_into_domain_values():
    taken = read(LetterIn, letter())
    assert taken.envelope() == builders.envelope(salutation="เรียน อธิบดี")
    assert taken.addressees() == (
        Addressee(
            party=builders.CITIZEN,
            mode=ConsignmentMode.CONSENT,
            accept_within=timedelta(days=15),
        ),
    )


@pytest.mark.parametrize("field", ["number", "date", "subject", "salutation", "documents"])
def test_a_missing_field_is_named(field):
    without = {name: value for name, value in LETTER.items() if name != field}
    assert pointers(json.dumps(without).encode()) == [f"/{field}"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"number": ""}, "/number"),
        ({"number": 5}, "/number"),
        ({"subject": "x" * 1001}, "/subject"),
        ({"subject": "a\u202eb"}, "/subject"),
        ({"date": "22/11/2026"}, "/date"),
        ({"date": "2569-11-22"}, "/date"),
        ({"date": "2026-02-30"}, "/date"),
        ({"urgency": "hurry"}, "/urgency"),
        ({"references": ["a\n"]}, "/references/0"),
        ({"state": "accepted"}, "/state"),
        ({"a/b": 1}, "/a~1b"),
        ({"documents": [{**LETTER["documents"][0], "part": "a b"}]}, "/documents/0/part"),
        ({"documents": [{**LETTER["documents"][0], "size": 1}]}, "/documents/0/size"),
    ],
)
def test_a_wrong_field_is_named(changes, pointer):
    assert pointers(letter(**changes)) == [pointer]


@pytest.mark.parametrize(
    "name", ["../1.pdf", "a/b.pdf", "a\\b.pdf", "a\0.pdf", "a\r\n.pdf", "..", " a.pdf", "ก" * 86]
)
def test_a_file_name_is_a_name_and_never_a_path(name):
    documents = [{**LETTER["documents"][0], "filename": name}]
    assert pointers(letter(documents=documents)) == ["/documents/0/filename"]


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b'"x"', b"null", b"[]"])
def test_what_is_no_object_is_one_error(body):
    assert pointers(body) == [""]


def test_a_lone_surrogate_does_not_come_in():
    assert pointers(b'{"note": "\\ud800"}', RefuseIn) == [""]


@pytest.mark.parametrize(
    "twice", [b'"subject": "another"', b'"sub\\u006aect": "another"', b'"recipients": []']
)
def test_a_name_that_comes_twice_is_refused(twice):
    """Else two readers of the same request read two letters."""
    body = b"{" + twice + b"," + json.dumps(LETTER).encode()[1:]
    with pytest.raises(InvalidPayload):
        read(LetterIn, body)


def test_a_name_that_comes_twice_deep_inside_is_refused():
    body = json.dumps(LETTER).encode()
    known = b'"role": "main"'
    assert known in body
    with pytest.raises(InvalidPayload):
        read(LetterIn, body.replace(known, known + b"," + known))


def test_no_more_errors_are_listed_than_help():
    recipients = [{"party": 1, "consignment_mode": "basic"}] * 500
    assert len(pointers(letter(recipients=recipients))) == 20


def test_what_was_sent_is_never_repeated():
    with pytest.raises(InvalidPayload) as refused:
        read(LetterIn, letter(number={"secret": "ลับ"}))
    assert "ลับ" not in str(refused.value)


def test_digests_are_read_in_order():
    taken = read(AcknowledgeIn, json.dumps({"sha256": ["0" * 64, "a" * 64]}).encode())
    assert [one.hex for one in taken.digests()] == ["0" * 64, "a" * 64]
    assert pointers(b'{"sha256": ["A"]}', AcknowledgeIn) == ["/sha256/0"]


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("P15D", timedelta(days=15)),
        ("PT2S", timedelta(seconds=2)),
        ("P2W", timedelta(weeks=2)),
        ("P1DT12H30M5S", timedelta(days=1, hours=12, minutes=30, seconds=5)),
        ("P0D", timedelta()),
    ],
)
def test_terms_are_iso_8601_durations(text, length):
    assert parse_duration(text, "x") == length


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1DT", "P1Y", "P1M", "-P1D", "P1.5D", "15D", "p1d", "P1D ", "P1W1D", "P๕D"],
)
def test_a_term_without_an_exact_length_is_refused(text):
    with pytest.raises(InvalidValue):
        parse_duration(text, "x")


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - given its zone below
def test_a_time_is_printed_for_bangkok_and_read_back(naive):
    time = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    text = print_time(time)
    assert text.endswith("+07:00")
    assert datetime.fromisoformat(text) == time


@given(st.text())
def test_a_clean_text_can_be_sealed_in_xml(text):
    bad = any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in text)
    if bad:
        assert not is_clean(text)


@pytest.mark.parametrize("text", ["0", "201", "-1", "1.0", "๕", "9999", "x", ""])
def test_a_page_has_one_to_two_hundred_items(text):
    with pytest.raises(InvalidValue):
        page_limit(text)


def test_a_page_has_fifty_items_unless_asked_otherwise():
    assert (page_limit(None), page_limit("200")) == (50, 200)


def test_a_delivery_is_printed_with_its_next_deadline():
    ids = builders.SequentialIds()
    command = builders.submit(ids)
    from tdh.domain.decide import decide  # noqa: PLC0415 - only here

    change = decide(command, None, builders.NOW, Policy()).changes[0]
    view = DeliveryView(dossier=change.dossier, events=())
    printed = answers.DeliveryOut.of(view, Policy())
    assert printed.state == DeliveryState.ACCEPTED
    assert printed.due_at == "2027-02-20T14:00:00.000+07:00"
    assert printed.evidence == []
