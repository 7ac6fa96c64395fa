"""The evidence as XML: one canonical spelling, and back again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from evidence_samples import (
    NOW,
    any_facts,
    facts,
    issuer_of,
    party,
    rejection,
    sealing_keys,
    signature_status,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from signing.evidence_document import EvidenceDocumentError, write_evidence
from signing.evidence_reader import read_evidence
from signing.xml_canonical import NotXmlText, text
from tdh.domain.events import EventReason

KEYS = sealing_keys()
ISSUER = KEYS.issuer


@given(any_facts())
@settings(deadline=None, max_examples=150)
def test_any_facts_are_written_canonically_and_read_back(one) -> None:
    document = write_evidence(one, ISSUER)

    assert etree.tostring(etree.fromstring(document), method="c14n") == document
    content = read_evidence(document)
    assert content.facts == one
    assert content.issuer == ISSUER
    assert content.seal == b""


def test_the_event_is_named_by_its_uri_and_own_events_by_ours() -> None:
    accepted = write_evidence(facts(), ISSUER)
    withdrawn = write_evidence(facts(event="Withdrawal", due=None), ISSUER)

    assert b">http://uri.etsi.org/19522/Event/SubmissionAcceptance<" in accepted
    assert b">https://tdh.example/ns/event/Withdrawal<" in withdrawn
    assert b">https://tdh.example/ns/event/SignatureStatus<" in write_evidence(
        signature_status(), ISSUER
    )


def test_reasons_of_the_standard_have_its_uri_and_others_ours() -> None:
    document = write_evidence(rejection(), ISSUER)

    assert (
        b"<Code>http://uri.etsi.org/19522/EventReason/R_ERDS_MessageRejectedByRecipient</Code>"
        in document
    )
    assert b"<Code>https://tdh.example/ns/reason/holding-time-ended</Code>" in document


def test_an_evidence_names_the_log_and_its_merge_delay() -> None:
    document = write_evidence(facts(), ISSUER)

    assert b"<tdh:Origin>log.tdh.example/2026</tdh:Origin>" in document
    assert b"<tdh:Due>2027-03-14</tdh:Due>" in document
    assert b"<tdh:MergeDelaySeconds>60</tdh:MergeDelaySeconds>" in document


def test_a_party_that_did_not_authenticate_is_said_not_to_have() -> None:
    document = write_evidence(facts(), ISSUER)

    assert document.count(b"<GlobalAssuranceLevel>") == 1
    assert document.count(b">https://tdh.example/ns/assurance/not-authenticated<") == 1


def test_only_evidence_of_one_recipient_refers_to_it() -> None:
    many = facts(event="SubmissionRejection", due=None, recipients=(party(), party()))

    assert b"<EvidenceRefersToRecipient>1<" in write_evidence(facts(), ISSUER)
    assert b"EvidenceRefersToRecipient" not in write_evidence(many, ISSUER)


def test_a_policy_is_named_once_also_where_facts_and_issuer_name_the_same() -> None:
    same = replace(ISSUER, policies=(facts().policy, "urn:oid:1.2.3"))

    document = write_evidence(facts(), same)

    assert document.count(b"<PolicyID>") == 2
    assert read_evidence(document).issuer.policies == ("urn:oid:1.2.3",)


@pytest.mark.parametrize(
    ("time", "written"),
    [
        (datetime(2026, 11, 22, 9, 30, tzinfo=UTC), "2026-11-22T09:30:00.000Z"),
        (datetime(2026, 11, 22, 9, 30, 1, 120_000, tzinfo=UTC), "2026-11-22T09:30:01.120Z"),
        (datetime(2026, 11, 22, 9, 30, 1, 120_001, tzinfo=UTC), "2026-11-22T09:30:01.120001Z"),
        (
            datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=7))),
            "2026-11-22T02:30:00.000Z",
        ),
    ],
)
def test_times_are_exact_and_in_utc(time: datetime, written: str) -> None:
    document = write_evidence(facts(time=time), ISSUER)

    assert f"<EventTime>{written}</EventTime>".encode() in document
    assert read_evidence(document).facts.time == time


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1f", "\ud800", "\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused(character: str) -> None:
    with pytest.raises(NotXmlText):
        text(f"a{character}b")
    with pytest.raises(EvidenceDocumentError):
        write_evidence(facts(letter_number=f"1{character}"), ISSUER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "evd_1"},
        {"id": "evt_" + "0" * 24},
        {"message": "dlv_" + "0" * 24},
        {"event": "Lost"},
        {"time": NOW.replace(tzinfo=None)},
        {"submitted_at": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14)))},
        {"pseudonym": "AB" * 16},
        {"sequence": 0},
        {"sequence": 10**8},
        {"due": None},
        {"event": "ContentHandover"},
        {"policy": "no uri"},
        {"reasons": (EventReason(code="Not A Word"),)},
        {"recipients": ()},
        {"recipients": (party("nobody"),)},
        {"sender": party(authenticated_at=NOW)},
        {"sender": party(authenticated_at=NOW, authentication_method="a b")},
        {"sender": party(capacity="registrar")},
        {"sender_delegate": party()},
        {"recipients": (party(), party()), "recipient_delegate": party(capacity="attorney")},
        {"documents": ()},
        {"documents": (replace(facts().documents[0], sha256=b"short"),)},
        {"particulars": (("two words", "x"),)},
        {"letter_number": "x" * (4 * 1024 * 1024)},
    ],
    ids=str,
)
def test_facts_out_of_their_form_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EvidenceDocumentError):
        write_evidence(facts(**wrong), ISSUER)


@pytest.mark.parametrize("base", ["https://tdh.example/", "", "no base", "https://tdh.example/<"])
def test_an_issuer_has_a_usable_uri_base(base: str) -> None:
    with pytest.raises(EvidenceDocumentError):
        replace(ISSUER, uri_base=base)


DOCUMENT = write_evidence(facts(), ISSUER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<ev:Evidence ", b"<!DOCTYPE x [<!ENTITY a 'b'>]><ev:Evidence "),
        (b"<ev:Evidence ", b"<?xml version='1.0'?><ev:Evidence "),
        (b"<ev:EvidenceIdentifier>", b"<!-- c --><ev:EvidenceIdentifier>"),
        (b"</ev:Evidence>", b"</ev:Evidence>\n"),
        (b"</ev:Evidence>", b""),
        (b"<EventTime>", b" <EventTime>"),
        (b"<EventTime>", b'<EventTime xml:space="preserve">'),
        (b".123456Z", b".123456000Z"),
        (b".123456Z", b".123456+00:00"),
        (b"<tdh:Sequence>1<", b"<tdh:Sequence>01<"),
        (b"<tdh:Sequence>1<", "<tdh:Sequence>๑<".encode()),
        (b"/Event/SubmissionAcceptance", b"/Event/Withdrawal"),
        (b"19522/Event/", b"19523/Event/"),
        (b"EN319522v1.1.1", b"EN319522v1.2.1"),
        (b"<tdh:Due>2027-03-14</tdh:Due>", b""),
        (b'part="1"', b'part="2"'),
        (b"<ev:SubmissionTime>", b"<ev:SubmissionTime/><ev:SubmissionTime>"),
        (b"urn:tdh:evidence:1", b"urn:tdh:evidence:2"),
        (b"&lt;1&gt;", b"&lt;1>"),
        (b"LoA/high", b"LoA/none"),
        (b"DocumentS", b"\xff"),
    ],
)
def test_an_evidence_in_any_other_spelling_is_refused(old: bytes, new: bytes) -> None:
    changed = DOCUMENT.replace(old, new, 1) if old in DOCUMENT else DOCUMENT + new
    assert changed != DOCUMENT

    with pytest.raises(EvidenceDocumentError):
        read_evidence(changed)


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_noise_is_refused_with_our_error(data) -> None:
    place = data.draw(st.integers(0, len(DOCUMENT) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != DOCUMENT[place]))
    changed = DOCUMENT[:place] + bytes((byte,)) + DOCUMENT[place + 1 :]

    try:
        content = read_evidence(changed)
    except EvidenceDocumentError:
        return
    # Another letter in a name is another evidence in good form; the seal tells them apart.
    assert write_evidence(content.facts, content.issuer) == changed


def test_an_entity_bomb_and_an_outside_file_are_not_read(tmp_path) -> None:
    (tmp_path / "secret").write_text("secret")
    bomb = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file://%s">]><ev>&a;</ev>' % bytes(tmp_path / "secret")

    with pytest.raises(EvidenceDocumentError, match="elements and text only"):
        read_evidence(bomb)


def test_two_issuers_write_different_evidence() -> None:
    other = issuer_of(sealing_keys().seal.chain[0])

    assert write_evidence(facts(), other) != DOCUMENT
