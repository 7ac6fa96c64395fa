"""What intake finds out, over the real API: who signed, what enclosures are, what a scanner says.

Each story ends with what a party reads: the answer, the marks, the evidence's facts, the report.
"""

import hashlib

import pytest

from tdh.domain.decide import decide
from tdh.domain.decisions import Decision, DeliveryChange
from tdh.domain.errors import JudgeUnavailable
from tdh.domain.evidence import facts_of
from tdh.domain.intake_policy import (
    EnclosureRule,
    IntakePolicy,
    Mismatch,
    ScannerDown,
    SenderRules,
    SignerRule,
)
from tdh.domain.policies import Policy
from tdh.domain.signers import MarkKind, SignerMark
from tests import builders, fakes
from tests.integration.api_service import (
    AGENCY,
    CITIZEN,
    COMPANY,
    STRANGER,
    ApiService,
    a_letter,
)

PDF = b"%PDF-1.7 a letter"
PNG = b"\x89PNG a scan"
BROKEN = b"neither of them"
LARGE = 1000
OWN = builders.signer(tax_id=builders.COMPANY.partition(":")[2])
FOREIGN = builders.signer(tax_id="0994000165510")
MINISTRY = builders.signer(organization="Ministry of  EXAMPLES")
SIGNERS = {b"own": OWN, b"foreign": FOREIGN, b"ministry": MINISTRY}


def service(**rules):
    """A service whose rules for everybody differ from the default ones in these."""
    more = {name: rules.pop(name) for name in ("scanner", "judged_bytes") if name in rules}
    one = SenderRules(**rules)
    started = ApiService(intake=IntakePolicy(agency=one, business=one, citizen=one), **more)
    started.judge.signers = SIGNERS
    return started


async def send(running, *documents, token=COMPANY, key="key-1"):
    """A letter of these documents, to the citizen."""
    names = ["main", *(f"enclosure{n}" for n in range(1, len(documents)))]
    return await running.submit(
        a_letter(enclosures=len(documents) - 1),
        list(zip(names, documents, strict=True)),
        key=key,
        token=token,
    )


def sealed_documents(running):
    """What is sealed of the documents of the one refused submission."""
    (command,) = running.memory.refusals.values()
    decision = decide(command, None, running.clock.now(), Policy())
    return facts_of(decision, Policy())[0].documents


async def test_the_letters_of_a_business_signed_with_its_own_number_say_so():
    async with service().running() as running:
        answer = await send(running, PDF + b" own")
        assert answer.status == 201
        (document,) = answer.json["documents"]
        assert document["signature"]["sender_match"] == "same-organisation"
        (read,) = (await running.call("GET", f"/v1/letters/{answer.json['id']}", COMPANY)).json[
            "documents"
        ]
        assert (read["verdict"], read["sender_match"]) == ("TOTAL_PASSED", "same-organisation")


async def test_a_strangers_signature_is_marked_or_refused_as_the_rules_say():
    async with service().running() as running:
        answer = await send(running, PDF + b" foreign")
        assert answer.status == 201
        assert answer.json["documents"][0]["signature"]["sender_match"] == "other"
    async with service(mismatch=Mismatch.REFUSE).running() as running:
        answer = await send(running, PDF + b" foreign")
        assert answer.problem == (422, "signer-is-not-sender")
        assert answer.json["evidence"]["event"] == "SubmissionRejection"
        (sealed,) = sealed_documents(running)
        assert (sealed.verdict, sealed.sender_match) == ("TOTAL_PASSED", "other")
        assert running.memory.writers[0].end == "dropped"
        again = await send(running, PDF + b" foreign")
        assert (again.status, again.json) == (422, answer.json)
        assert running.judge.judged == 1, "a repeated request is not judged again"
        assert (await send(running, PDF + b" own", key="key-2")).status == 201


async def test_a_certificate_that_says_nothing_of_its_holder_is_no_senders_certificate():
    async with service(mismatch=Mismatch.REFUSE).running() as running:
        running.judge.signers = {b"nameless": builders.signer()}
        answer = await send(running, PDF + b" nameless")
        assert answer.problem == (422, "signer-is-not-sender")
        assert sealed_documents(running)[0].sender_match == "unknown"


async def test_one_of_several_signatures_is_enough():
    async with service(mismatch=Mismatch.REFUSE).running() as running:
        answer = await send(running, PDF + b" own and foreign")
        assert answer.status == 201
        assert answer.json["documents"][0]["signature"]["sender_match"] == "same-organisation"


async def test_an_agency_is_known_by_what_is_registered_for_it():
    async with service(mismatch=Mismatch.REFUSE).running() as running:
        before = await send(running, PDF + b" ministry", token=AGENCY)
        assert before.problem == (422, "signer-is-not-sender")
        running.parties.marks[builders.AGENCY] = (
            SignerMark(kind=MarkKind.ORGANIZATION, value="ministry of examples"),
        )
        after = await send(running, PDF + b" ministry", token=AGENCY, key="key-2")
        assert after.status == 201
        assert after.json["documents"][0]["signature"]["sender_match"] == "same-organisation"


async def test_a_rule_for_persons_is_not_met_by_their_organisation():
    rules = {"signer": SignerRule.SAME_PERSON, "mismatch": Mismatch.REFUSE}
    async with service(**rules).running() as running:
        assert (await send(running, PDF + b" own")).problem == (422, "signer-is-not-sender")
    async with service(**rules | {"signer": SignerRule.ANY}).running() as running:
        assert (await send(running, PDF + b" foreign")).status == 201


@pytest.mark.parametrize(
    ("rule", "enclosure", "code"),
    [
        (EnclosureRule.ANY, BROKEN, None),
        (EnclosureRule.ANY, PNG, None),
        (EnclosureRule.ANY, PNG + bytes(LARGE), None),
        (EnclosureRule.UNSIGNED_OR_VALID, PNG, None),
        (EnclosureRule.UNSIGNED_OR_VALID, PDF, None),
        (EnclosureRule.UNSIGNED_OR_VALID, BROKEN, "enclosure-signature-not-valid"),
        (EnclosureRule.UNSIGNED_OR_VALID, PNG + bytes(LARGE), "enclosure-not-judged"),
        (EnclosureRule.VALID, PDF, None),
        (EnclosureRule.VALID, PNG, "enclosure-unsigned"),
        (EnclosureRule.VALID, BROKEN, "enclosure-signature-not-valid"),
    ],
)
async def test_enclosures_are_taken_in_as_their_rule_says(rule, enclosure, code):
    async with service(enclosures=rule, judged_bytes=LARGE).running() as running:
        answer = await send(running, PDF, enclosure)
        if code is None:
            assert answer.status == 201, answer.body
            assert running.memory.documents[answer.json["id"]][2] == enclosure
        else:
            assert answer.problem == (422, code)
            detail = next(iter(running.memory.refusals.values())).reasons[0].details[2]
            assert detail.startswith("2/enclosure/")
        assert running.judge.open == 0


async def test_every_document_tells_what_is_known_of_it():
    documents = (PDF, PNG, BROKEN, PDF + b" foreign", PNG + bytes(LARGE))
    async with service(judged_bytes=LARGE, scanner=fakes.Scanner()).running() as running:
        answer = await send(running, *documents)
        path = f"/v1/letters/{answer.json['id']}"
        read = (await running.call("GET", path, COMPANY)).json["documents"]
        assert [(one["verdict"], one["sender_match"]) for one in read] == [
            ("TOTAL_PASSED", None),
            ("NO_SIGNATURE", None),
            ("TOTAL_FAILED/FORMAT_FAILURE", None),
            ("TOTAL_PASSED", "other"),
            ("not-judged", None),
        ]
        assert {one["scanned_by"] for one in read} == {"TestScanner 1"}
        assert [one["signature"] is None for one in read] == [False] * 4 + [True]
        assert [one["report"] is None for one in read] == [False] * 4 + [True]


async def test_where_the_memory_for_enclosures_is_full_they_are_not_judged_or_wait():
    async with service().running() as running:
        running.judge.full_for = {"enclosures"}
        answer = await send(running, PDF, PNG)
        assert answer.status == 201
        assert [one["signature"] is None for one in answer.json["documents"]] == [False, True]
    async with service(enclosures=EnclosureRule.UNSIGNED_OR_VALID).running() as running:
        running.judge.full_for = {"enclosures"}
        answer = await send(running, PDF, PNG)
        assert answer.problem == (503, "service-unavailable")
        assert not running.memory.commands
        assert running.judge.open == 0


async def test_all_documents_of_a_letter_wait_among_those_of_its_sender():
    async with service().running() as running:
        assert (await send(running, PDF, PNG)).status == 201
        assert running.judge.senders == {builders.COMPANY}


async def test_a_main_document_that_does_not_fit_is_never_taken_in_unjudged():
    async with service(judged_bytes=LARGE).running() as running:
        assert (await send(running, PDF + bytes(LARGE))).problem == (413, "too-large")
        running.judge.full_for = {builders.COMPANY}
        assert (await send(running, PDF)).problem == (503, "service-unavailable")
        assert not running.memory.commands


async def test_what_the_scanner_finds_is_refused_and_sealed_before_anything_is_judged():
    scanner = fakes.Scanner()
    async with service(scanner=scanner).running() as running:
        answer = await send(running, PDF, b"a MALWARE")
        assert answer.problem == (422, "malware-found")
        (refused,) = running.memory.refusals.values()
        th, en, detail = refused.reasons[0].details
        assert (th, en) == (answer.json["title_th"], answer.json["title"])
        assert detail.endswith("Test.Malware TestScanner 1")
        assert detail.startswith("2/enclosure/")
        facts = sealed_documents(running)
        assert [one.scanned_by for one in facts] == ["TestScanner 1", None]
        assert [one.verdict for one in facts] == ["not-judged", "not-judged"]
        assert running.judge.judged == 0
        assert scanner.seen == [PDF, b"a MALWARE"]
        assert (await send(running, PDF, b"a MALWARE")).json == answer.json
        assert (await send(running, b"%PDF- DEEP", key="key-2")).problem == (422, "scan-incomplete")
        assert (scanner.open, running.judge.open) == (0, 0)


async def test_while_the_scanner_is_down_letters_wait_or_are_refused():
    scanner = fakes.Scanner()
    scanner.down = True
    async with service(scanner=scanner).running() as running:
        answer = await send(running, PDF)
        assert answer.problem == (503, "scanner-unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert answer.json["retryable"]
        assert not running.memory.commands, "nothing is recorded"
        scanner.down = False
        assert (await send(running, PDF)).status == 201
    scanner.down = True
    async with service(scanner=scanner, scanner_down=ScannerDown.REFUSE).running() as running:
        assert (await send(running, PDF)).problem == (422, "not-scanned")


async def test_malware_in_one_document_is_refused_though_another_could_not_be_scanned():
    class HalfDown(fakes.Scanner):
        def document(self):
            self.down = not self.seen
            return super().document()

    async with service(scanner=HalfDown()).running() as running:
        assert (await send(running, PDF, b"MALWARE")).problem == (422, "malware-found")


async def test_without_a_scanner_nothing_is_said_of_one():
    async with service().running() as running:
        answer = await send(running, PDF)
        read = (await running.call("GET", f"/v1/letters/{answer.json['id']}", COMPANY)).json
        assert read["documents"][0]["scanned_by"] is None


async def test_a_judge_that_fails_in_the_middle_leaves_nothing():
    scanner = fakes.Scanner()
    async with service(scanner=scanner).running() as running:
        running.judge.error = JudgeUnavailable("away")
        assert (await send(running, PDF, PNG)).problem == (503, "judge-unavailable")
        assert running.memory.writers[0].end == "dropped"
        assert (scanner.open, running.judge.open) == (0, 0)


# --- the report -----------------------------------------------------------------------------------


async def test_the_report_is_read_by_the_sender_and_by_who_may_read_the_content():
    async with service().running() as running:
        answer = await send(running, PDF, PNG)
        letter, delivery = answer.json["id"], answer.json["deliveries"][0]["id"]
        by_letter = f"/v1/letters/{letter}/documents/2/report"
        by_delivery = f"/v1/deliveries/{delivery}/documents/2/report"
        for path in (by_letter, by_delivery):
            found = await running.call("GET", path, COMPANY)
            assert (found.status, found.body) == (200, b"not-a-signed-kind" + PNG)
            assert found.headers["Content-Type"] == "application/json"
            for foreign in (CITIZEN, AGENCY, STRANGER):
                assert (await running.call("GET", path, foreign)).problem == (404, "not-found")
        await running.memory.forward_all(running.ids)
        for path in (by_letter, by_delivery):
            assert (await running.call("GET", path, CITIZEN)).body == found.body
            assert (await running.call("GET", path, AGENCY)).problem == (404, "not-found")
        item = (await running.call("GET", f"/v1/inbox/{delivery}", CITIZEN)).json["documents"][1]
        assert item["report"] == by_letter
        assert item["report_sha256"] == hashlib.sha256(found.body).hexdigest()
        assert item["verdict"] == "NO_SIGNATURE"
        for wrong in ("0", "3", "x", "99999"):
            path = f"/v1/letters/{letter}/documents/{wrong}/report"
            assert (await running.call("GET", path, COMPANY)).problem == (404, "not-found")


async def test_before_the_acceptance_the_recipient_sees_the_verdict_but_no_report():
    async with service().running() as running:
        answer = await running.submit(a_letter(mode="consent"), [("main", PDF)], token=COMPANY)
        letter, delivery = answer.json["id"], answer.json["deliveries"][0]["id"]
        await running.memory.forward_all(running.ids)
        (item,) = (await running.call("GET", f"/v1/inbox/{delivery}", CITIZEN)).json["documents"]
        assert (item["verdict"], item["report"]) == ("TOTAL_PASSED", None)
        path = f"/v1/letters/{letter}/documents/1/report"
        assert (await running.call("GET", path, CITIZEN)).problem == (404, "not-found")
        await running.call("POST", f"/v1/inbox/{delivery}/accept", CITIZEN, json={})
        assert (await running.call("GET", path, CITIZEN)).status == 200


async def test_the_report_on_a_refused_letter_is_kept_for_its_sender():
    async with service().running() as running:
        answer = await send(running, BROKEN)
        assert answer.problem == (422, "not-a-pdf")
        (stream,) = running.memory.refused
        path = f"/v1/deliveries/{stream}/documents/1/report"
        found = await running.call("GET", path, COMPANY)
        assert found.body == b"not-a-pdf" + BROKEN
        (sealed,) = sealed_documents(running)
        assert sealed.report == hashlib.sha256(found.body).digest()
        for foreign in (CITIZEN, AGENCY, STRANGER):
            assert (await running.call("GET", path, foreign)).problem == (404, "not-found")


async def test_accepted_evidence_names_the_report_of_each_judged_document():
    async with service().running() as running:
        answer = await send(running, PDF + b" own", PNG)
        (letter,) = running.memory.letters.values()
        for number, one in enumerate(letter.documents, start=1):
            path = f"/v1/letters/{answer.json['id']}/documents/{number}/report"
            report = (await running.call("GET", path, COMPANY)).body
            assert one.report.value == hashlib.sha256(report).digest()
        told = answer.json["documents"][0]["signature"]
        assert told["report_sha256"] == letter.documents[0].report.hex
        ((event,),) = running.memory.events.values()
        (dossier,) = running.memory.dossiers.values()
        change = DeliveryChange(dossier=dossier, after=dossier.delivery, events=(event,))
        (facts,) = facts_of(Decision(changes=(change,)), Policy())
        assert facts.event == "SubmissionAcceptance"
        assert [one.report for one in facts.documents] == [
            one.report.value for one in letter.documents
        ]
        assert [one.sender_match for one in facts.documents] == ["same-organisation", None]
