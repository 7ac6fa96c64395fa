"""The fast lane without its processes: it accepts the common letter, and only what holds.

Every acceptance is compared with the careful judge's report, to the byte.
"""

import importlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signing.judge.facts import ChainFact, Purpose
from signing.judge.fast import verdict
from signing.judge.fast.locate import Located, locate
from signing.judge.fast.memory import LONGEST, MAX_FACTS, ChainMemory
from signing.judge.fast.syntax import NotUnderstood, Tokens, read_value
from signing.judge.fast.verify import Party, material_digest, verify
from signing.judge.policy import Policy, RevocationMode
from signing.trust import TrustFolder, load_trust
from tdh.domain.verdicts import SignatureLevel, Signer
from tests.campaigns.fast_against_careful import attempt
from tests.fast_and_careful import BothJudges, judges_for
from tests.pki import faults, make
from tests.vectors import pdf_registry, pdf_writing
from tests.vectors.pdf_registry import GOOD, VECTORS, Kit

FAMILIES = (
    "forgery", "saving", "wrapping", "shadow", "certified", "structure", "content", "hybrid",
    "long_term", "good",
)  # fmt: skip
for family in FAMILIES:
    importlib.import_module(f"tests.vectors.pdf_{family}")

UNDERSTOOD = frozenset(
    {
        "level-b-b", "level-b-t", "larger", "compressed-objects", "compressed-page",
        "line-ends-crlf",
        "no-line-end-at-the-end", "empty-section-in-a-table", "free-objects-listed",
        "contents-in-capitals", "byte-range-padded", "visible-signature",
    }
)  # fmt: skip
"""Harmless documents that are of the plain kind; the others are left to the careful judge."""
CAMPAIGN = 2_000


@pytest.fixture(scope="session")
def both() -> BothJudges:
    return judges_for()


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


@pytest.fixture(scope="session")
def kit() -> Kit:
    return pdf_registry.kit()


@pytest.fixture(scope="session")
def letter(pki: make.Pki) -> bytes:
    return make.sign_pdf(make.simple_pdf(), pki.signers["good"])


@pytest.fixture(scope="session")
def stamped(pki: make.Pki) -> bytes:
    stamp = pki.timestamp(make.SIGNED_AT)
    return make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)


# --- what is accepted -----------------------------------------------------------------------------


@pytest.mark.parametrize("signer", ["good", "rsa", "without-source"])
@pytest.mark.parametrize("profile", [True, False])
def test_a_plain_letter_is_accepted_with_the_careful_report(
    both: BothJudges, pki: make.Pki, signer: str, *, profile: bool
) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers[signer], pades_profile=profile)
    assert both.learn(document)
    assert both.compare(document)


def test_a_timestamped_letter_is_accepted_with_its_proven_time(
    both: BothJudges, stamped: bytes
) -> None:
    assert both.learn(stamped)
    assert both.compare(stamped)
    report = both.fast(stamped)
    assert report is not None
    (signature,) = report.verdict.signatures
    assert signature.level is SignatureLevel.B_T
    assert signature.proven_time == make.SIGNED_AT


def test_object_streams_are_read(both: BothJudges, pki: make.Pki) -> None:
    assert both.compare(faults.with_object_stream(pki.signers["good"]))


@pytest.mark.parametrize("name", GOOD)
def test_a_harmless_document_is_judged_alike(both: BothJudges, kit: Kit, name: str) -> None:
    assert both.compare(GOOD[name].make(kit)) == (name in UNDERSTOOD)


def test_the_first_letter_of_a_signer_is_left_to_the_careful_judge(
    pki: make.Pki, letter: bytes
) -> None:
    both = BothJudges(load_trust([pki.trust_folder]))
    assert both.verified(letter) is not None
    assert both.fast(letter) is None
    assert both.learn(letter)
    assert both.compare(letter)


# --- what is not ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VECTORS)
def test_no_attack_is_accepted(both: BothJudges, kit: Kit, name: str) -> None:
    assert both.fast(VECTORS[name].make(kit)) is None


@pytest.mark.parametrize(
    "fault",
    [
        faults.altered_byte,
        faults.altered_signature,
        faults.appended_bytes,
        faults.appended_copy_of_the_end,
        faults.changed_by_revision,
        faults.widened_gap,
        faults.second_byte_range,
        faults.emptied_contents,
        faults.header_not_first,
    ],
)
def test_no_tampered_letter_is_accepted(
    both: BothJudges, letter: bytes, fault: Callable[[bytes], bytes]
) -> None:
    assert both.fast(fault(letter)) is None


@pytest.mark.parametrize(
    "signer", ["expired", "not-yet-valid", "revoked", "stranger", "weak-key", "wrong-usage"]
)
def test_nothing_is_learned_of_a_signer_who_is_not_good(pki: make.Pki, signer: str) -> None:
    both = BothJudges(load_trust([pki.trust_folder]))
    assert not both.learn(make.sign_pdf(make.simple_pdf(), pki.signers[signer]))
    assert len(both.memory) == 0


def test_a_signature_that_a_timestamp_alone_keeps_good_stays_with_the_careful_judge(
    pki: make.Pki,
) -> None:
    both = BothJudges(load_trust([pki.trust_folder]))
    stamp = pki.timestamp(make.SIGNED_AT)
    document = make.sign_pdf(make.simple_pdf(), pki.signers["revoked"], timestamp=stamp)
    assert both.careful(document).verdict.accepted
    assert not both.learn(document)


def test_a_timestamp_of_a_stranger_stays_with_the_careful_judge(
    both: BothJudges, pki: make.Pki
) -> None:
    stamp = pki.timestamp(make.SIGNED_AT, by=pki.stranger_timestamper)
    document = make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)
    assert both.careful(document).verdict.accepted
    assert not both.learn(document)
    assert both.fast(document) is None


def test_a_timestamp_from_the_future_stays_with_the_careful_judge(
    both: BothJudges, pki: make.Pki, stamped: bytes
) -> None:
    assert both.learn(stamped)
    stamp = pki.timestamp(both.at + timedelta(seconds=6))
    late = make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)
    assert both.verified(late) is not None
    assert both.fast(late) is None


def test_a_policy_without_plain_pkcs7_is_kept(pki: make.Pki) -> None:
    trust = load_trust([pki.trust_folder])
    plain = make.sign_pdf(make.simple_pdf(), pki.signers["good"], pades_profile=False)
    lax = BothJudges(trust)
    assert lax.learn(plain)
    strict = BothJudges(trust, policy=Policy(allow_plain_pkcs7=False))
    strict.memory = lax.memory
    assert strict.fast(plain) is None


@pytest.mark.parametrize("bound", [{"max_certificates": 3}, {"max_structure_nodes": 3}])
def test_a_policy_with_narrower_bounds_is_left_to_the_careful_judge(
    pki: make.Pki, letter: bytes, bound: dict[str, int]
) -> None:
    both = BothJudges(load_trust([pki.trust_folder]), policy=Policy(**bound))
    assert not both.learn(letter)


def test_a_short_campaign_finds_no_disagreement(both: BothJudges) -> None:
    outcomes = [attempt(both, 7, number) for number in range(CAMPAIGN)]
    assert sum(outcome.endswith("accepted by both") for outcome in outcomes) > CAMPAIGN / 20


# --- the locator is not believed ------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        {"length": 0},
        {"length": -1},
        {"length": 10**30},
        {"second": 10**30},
        {"second": 0},
    ],
)
def test_a_place_out_of_bounds_verifies_nothing(letter: bytes, lie: dict[str, int]) -> None:
    located = locate(letter)
    assert located is not None
    assert verify(letter, located) is not None
    assert verify(letter, replace(located, **lie)) is None


@pytest.mark.parametrize(
    "lie",
    [
        {"subfilter": "/adbe.pkcs7.detached"},
        {"made": "D:20270201093000Z"},
        {"field": "Somebody else"},
        {"field": "Signature1) /V 7 0 R (x"},
    ],
)
def test_what_does_not_stand_in_the_document_verifies_nothing(
    letter: bytes, lie: dict[str, str]
) -> None:
    located = locate(letter)
    assert located is not None
    assert verify(letter, replace(located, **lie)) is None


def test_no_other_gap_verifies(letter: bytes) -> None:
    located = locate(letter)
    assert located is not None
    for first in range(-2, 3):
        for second in range(-2, 3):
            moved = replace(located, length=located.length + first, second=located.second + second)
            assert (verify(letter, moved) is not None) == (first == second == 0)


def test_a_longer_gap_over_signed_bytes_verifies_nothing(letter: bytes) -> None:
    located = locate(letter)
    assert located is not None
    hole = bytearray(letter)
    hole[located.second : located.second] = b"3c00>"
    assert verify(bytes(hole), replace(located, second=located.second + 5)) is None


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"[]", b"[1,2,3,4,5]", b"[" * 100_000, b'["a","b",1.5,2,null]', b"\xff"]
)
def test_an_answer_in_another_form_is_none(answer: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        Located.from_bytes(answer)


def test_an_answer_survives_its_way(letter: bytes) -> None:
    located = locate(letter)
    assert located is not None
    assert Located.from_bytes(located.to_bytes()) == located


# --- bounded work ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b"<< /A " * 100_000,
        b"[" + b"1 " * 100_000 + b"]",
        b"(" + b"a" * 1_000_000,
        b"(" + b"\\" * 999_999,
        b"<" + b"00" * 1_000_000,
        b"/" + b"a" * 1_000_000,
        b"9" * 1_000_000,
    ],
    ids=["arrays", "dictionaries", "numbers", "text", "escapes", "digits", "name", "integer"],
)
def test_an_endless_value_is_not_understood(text: bytes) -> None:
    with pytest.raises(NotUnderstood):
        read_value(text, 0, Tokens())


def test_a_bomb_in_an_object_stream_is_not_unpacked(pki: make.Pki) -> None:
    objects = pdf_writing.letter_objects()
    loose = {number: objects.pop(number) for number in (4, 7)}
    loose[20] = pdf_writing.object_stream({**objects, 30: b"(" + b"a" * 40_000_000 + b")"})
    content, places = pdf_writing.body(loose, len(pdf_writing.HEADER))
    at = len(pdf_writing.HEADER) + len(content)
    entries = {number: (1, place, 0) for number, place in places.items()}
    entries |= {number: (2, 20, index) for index, number in enumerate(objects)}
    entries |= {0: (0, 0, 65_535), 21: (1, at, 0)}
    table = pdf_writing.cross_reference_stream(entries, size=22, trailer=b"/Root 1 0 R ")
    end = b"21 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (table, at)
    bomb = pdf_writing.complete(pdf_writing.HEADER + content + end, pki.signers["good"])
    assert len(bomb) < 100_000
    assert locate(bomb) is None


# --- facts ----------------------------------------------------------------------------------------


def with_lists(pki: make.Pki, *, next_update: datetime) -> TrustFolder:
    lists = make.revocation_lists(pki, next_update=next_update)
    return replace(load_trust([pki.trust_folder]), crls=tuple(sorted(lists.values())))


def the_fact(both: BothJudges, document: bytes) -> ChainFact:
    (fact,) = both.careful(document).facts
    return fact


def test_a_fact_ends_before_the_revocation_data_do(pki: make.Pki, letter: bytes) -> None:
    ends = make.JUDGED_AT + timedelta(days=3)
    fact = the_fact(BothJudges(with_lists(pki, next_update=ends)), letter)
    assert make.LISTED_AT < fact.not_before <= make.JUDGED_AT
    assert ends - timedelta(seconds=5) < fact.not_after < ends


def test_a_fact_ends_before_the_maximum_age_of_the_policy(pki: make.Pki, letter: bytes) -> None:
    age = timedelta(days=230)
    policy = Policy(max_revocation_age_seconds=int(age.total_seconds()))
    fact = the_fact(BothJudges(load_trust([pki.trust_folder]), policy=policy), letter)
    ends = make.LISTED_AT + age
    assert ends - timedelta(seconds=5) < fact.not_after < ends


def test_a_fact_ends_before_a_certificate_does(pki: make.Pki) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers["expired"])
    before = make.EXPIRED_AT - timedelta(days=1)
    policy = Policy(accept_later_data=True)
    both = BothJudges(load_trust([pki.trust_folder]), policy=policy, at=before)
    fact = the_fact(both, document)
    assert make.EXPIRED_AT - timedelta(seconds=5) < fact.not_after < make.EXPIRED_AT


def test_within_its_interval_a_fact_says_what_the_careful_judge_would(
    pki: make.Pki, letter: bytes, stamped: bytes
) -> None:
    trust = with_lists(pki, next_update=make.JUDGED_AT + timedelta(hours=30))
    both = BothJudges(trust)
    assert both.learn(letter)
    assert both.learn(stamped)
    fact = the_fact(both, letter)
    for hours in range(-30, 31, 6):
        later = BothJudges(trust, at=make.JUDGED_AT + timedelta(hours=hours))
        later.memory = both.memory
        inside = fact.not_before <= later.at <= fact.not_after
        expected = inside and abs(timedelta(hours=hours)) <= LONGEST
        assert later.compare(letter) == expected
        assert later.compare(stamped) == expected


def test_data_that_ran_out_make_no_fact(pki: make.Pki, letter: bytes) -> None:
    trust = with_lists(pki, next_update=make.JUDGED_AT - timedelta(days=1))
    both = BothJudges(trust, policy=Policy(revocation=RevocationMode.IF_PRESENT))
    report = both.careful(letter)
    assert report.verdict.accepted
    assert report.facts == ()


def a_fact(number: int = 0) -> ChainFact:
    return ChainFact(
        purpose=Purpose.SIGN,
        certificate_sha256=f"{number:064x}",
        material="m",
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1, tzinfo=UTC),
        signer=Signer(common_name="a", serial="1"),
    )


AT = datetime(2026, 6, 1, tzinfo=UTC)
PARTY = Party(certificate_sha256=f"{0:064x}", material="m")


@pytest.mark.parametrize(
    ("purpose", "party", "at", "known"),
    [
        (Purpose.SIGN, PARTY, AT, True),
        (Purpose.TIMESTAMP, PARTY, AT, False),
        (Purpose.SIGN, replace(PARTY, material="n"), AT, False),
        (Purpose.SIGN, replace(PARTY, certificate_sha256="b"), AT, False),
        (Purpose.SIGN, PARTY, AT + LONGEST, True),
        (Purpose.SIGN, PARTY, AT + LONGEST + timedelta(seconds=1), False),
        (Purpose.SIGN, PARTY, datetime(2025, 12, 31, tzinfo=UTC), False),
    ],
)
def test_a_fact_counts_for_its_certificate_use_material_and_time(
    purpose: Purpose, party: Party, at: datetime, *, known: bool
) -> None:
    memory = ChainMemory()
    memory.learn(a_fact(), AT)
    assert (memory.find(purpose, party, at) is not None) == known


def test_a_fact_does_not_outlive_its_interval() -> None:
    memory = ChainMemory()
    fact = replace(a_fact(), not_after=AT + timedelta(hours=1))
    memory.learn(fact, AT)
    assert memory.find(Purpose.SIGN, PARTY, AT + timedelta(hours=1)) is fact
    assert memory.find(Purpose.SIGN, PARTY, AT + timedelta(hours=1, seconds=1)) is None


def test_the_memory_is_bounded() -> None:
    memory = ChainMemory()
    for number in range(MAX_FACTS + 10):
        memory.learn(a_fact(number), AT)
    assert len(memory) == MAX_FACTS
    assert memory.find(Purpose.SIGN, PARTY, AT) is None


def test_material_is_named_by_every_certificate_and_their_order() -> None:
    assert material_digest([b"a", b"b"]) == material_digest([b"a", b"b", b"a"])
    assert material_digest([b"a", b"b"]) != material_digest([b"b", b"a"])
    assert material_digest([b"ab"]) != material_digest([b"a", b"b"])


# --- a careful child that lies --------------------------------------------------------------------


def test_a_child_cannot_teach_about_the_certificates_of_others(
    pki: make.Pki, letter: bytes
) -> None:
    both = BothJudges(load_trust([pki.trust_folder]))
    verified = both.verified(letter)
    assert verified is not None
    report = both.careful(letter)
    stranger = replace(report.facts[0], certificate_sha256="00" * 32)
    forged = replace(report, facts=(*report.facts, stranger))
    assert verdict.learn(verified, forged, both.memory, both.occasion)
    assert len(both.memory) == 1
    alone = replace(report, facts=(stranger,))
    assert not verdict.learn(verified, alone, ChainMemory(), both.occasion)


def test_facts_that_do_not_explain_their_report_are_not_kept(pki: make.Pki, letter: bytes) -> None:
    both = BothJudges(load_trust([pki.trust_folder]))
    verified = both.verified(letter)
    assert verified is not None
    report = both.careful(letter)
    fact = report.facts[0]
    other = replace(fact, signer=replace(fact.signer, common_name="Somebody else"))
    assert not verdict.learn(verified, replace(report, facts=(other,)), both.memory, both.occasion)
    refused = replace(report, verdict=replace(report.verdict, provisional=True))
    assert not verdict.learn(verified, refused, both.memory, both.occasion)
    assert len(both.memory) == 0
