"""Who acted for a party, the system outside, and the envelope's digest, from commands to XML."""

import json
from dataclasses import replace
from hashlib import sha256

import builders as make
import evidence_samples as sample
import pytest

from signing.evidence_document import write_evidence
from signing.evidence_reader import read_evidence
from tdh.domain import commands as cmd
from tdh.domain import events as ev
from tdh.domain.decide import decide
from tdh.domain.decisions import Decision
from tdh.domain.envelope import envelope_text
from tdh.domain.errors import InvalidValue
from tdh.domain.evidence import EvidenceFacts, facts_of
from tdh.domain.identifiers import parse_delegate_id
from tdh.domain.letters import Dossier
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.parties import AssuranceLevel, Delegate
from tdh.domain.policies import Policy

POLICY = Policy()
ISSUER = sample.sealing_keys().issuer
OFFICER = Delegate(
    id=parse_delegate_id("th-officer:mdes.1042"),
    name_th="นางสาวสมศรี รักงาน",
    name_en="Ms Somsri Rakngan",
    assurance=AssuranceLevel.HIGH,
    capacity="registrar",
)


def awaiting(ids) -> Dossier:
    """A delivery whose recipient has been asked."""
    letter = make.letter(ids)
    to = make.recipient(ids, letter.id, make.party(), ConsignmentMode.CONSENT)
    submitted = decide(make.submit(ids, to, of=letter), None, make.NOW, POLICY)
    dossier = dossier_after(submitted)
    notify = cmd.Forward(delivery=dossier.delivery.id, event=ids.event(dossier.delivery.id))
    return dossier_after(decide(notify, dossier, make.NOW, POLICY))


def dossier_after(decision) -> Dossier:
    assert isinstance(decision, Decision)
    change = decision.changes[0]
    return replace(change.dossier, delivery=change.after)


def accepted(ids, dossier: Dossier, by) -> tuple[EvidenceFacts, ...]:
    delivery = dossier.delivery.id
    command = cmd.Accept(
        delivery=delivery,
        event=ids.event(delivery),
        consignment_event=ids.event(delivery),
        by=by,
        received_at=make.NOW,
    )
    decision = decide(command, dossier, make.NOW, POLICY)
    assert isinstance(decision, Decision)
    return facts_of(decision, POLICY)


def test_evidence_says_that_a_delegate_accepted_and_not_the_party_itself() -> None:
    ids = make.SequentialIds()
    acceptance, consignment = accepted(ids, awaiting(ids), replace(make.by(), delegate=OFFICER))
    delegate = acceptance.recipient_delegate
    assert delegate is not None
    assert (delegate.id, delegate.capacity) == (OFFICER.id, "registrar")
    assert (delegate.authenticated_at, delegate.authentication_method) == (
        make.NOW,
        "bearer-token",
    )
    assert acceptance.recipients[0].authenticated_at is None
    assert acceptance.sender_delegate is None
    assert consignment.recipient_delegate is None, "the service consigned, nobody acted"


def test_a_party_that_acts_itself_has_no_delegate() -> None:
    ids = make.SequentialIds()
    acceptance, _ = accepted(ids, awaiting(ids), make.by())
    assert acceptance.recipient_delegate is None
    assert acceptance.recipients[0].authenticated_at == make.NOW


def test_what_two_people_of_one_party_read_counts_for_each() -> None:
    ids = make.SequentialIds()
    delivery = awaiting(ids).delivery.id
    event = ev.ContentAccessTracking(
        id=ids.event(delivery),
        delivery=delivery,
        sequence=3,
        time=make.NOW,
        by=make.by(),
        document=1,
    )
    by_officer = replace(event, by=replace(event.by, delegate=OFFICER))
    assert (event.cause, by_officer.cause) == (f"1:{make.CITIZEN}", "1:th-officer:mdes.1042")


def test_evidence_with_delegates_and_an_outside_system_is_read_back_whole() -> None:
    facts = sample.by_delegates()
    content = read_evidence(write_evidence(facts, ISSUER))
    assert content.facts == facts


def test_the_envelope_has_one_spelling_and_evidence_seals_its_digest() -> None:
    ids = make.SequentialIds()
    dossier = awaiting(ids)
    text = envelope_text(dossier.letter)
    plain = json.loads(text)
    assert plain["subject"] == dossier.letter.envelope.subject
    assert [one["sha256"] for one in plain["documents"]] == [
        one.digest.hex for one in dossier.letter.documents
    ]
    again = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    assert again.encode() == text
    for facts in accepted(ids, dossier, make.by()):
        assert dict(facts.particulars)["envelope"] == sha256(text).hexdigest()


def test_another_subject_gives_another_digest() -> None:
    letter = make.letter(make.SequentialIds())
    other = replace(letter, envelope=replace(letter.envelope, subject="เรื่องอื่น"))
    assert envelope_text(letter) != envelope_text(other)


@pytest.mark.parametrize("text", ["officer", "Th:1", "th-officer:", "th-officer:a b", "x:1\n"])
def test_a_delegates_id_out_of_its_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        parse_delegate_id(text)
