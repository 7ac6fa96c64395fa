"""Revocation by the book: what each list and answer counts for, and what is asked for."""

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp

from signing.certificates import (
    Authority,
    LeafUse,
    Sources,
    Subject,
    Validity,
    der,
    make_intermediate,
    make_leaf,
    new_p256_key,
    new_rsa_key,
)
from signing.judge.careful import judge
from signing.judge.chain import ChainFinding, Question, judge_chain, material_of
from signing.judge.codes import Code, NoteCode
from signing.judge.facts import Brought, NeedKind
from signing.judge.judgement import Inputs, Judgement
from signing.judge.policy import Policy, RevocationMode
from signing.judge.revocation_data import Origin, RevocationDatum
from signing.judge.signer_rules import after_the_fact
from tdh.domain.verdicts import RevocationFinding, RevocationStatus
from tests.pki import faults, make
from tests.pki.revocation import (
    ALWAYS,
    BEGIN,
    DAY,
    HOUR,
    NOW,
    Extensions,
    Line,
    Web,
    issuer_itself,
    make_answer,
    make_list,
    make_responder,
    make_web,
)
from tests.vectors.revocation import ANSWERS, LISTS, SIGNER, WEB, WEEK, scope, url

LENIENT = Policy(revocation=RevocationMode.IF_PRESENT)
OLDER = Policy(revocation=RevocationMode.ACCEPT_OLDER, max_revocation_age_seconds=7 * 86400)
SERIAL = SIGNER.serial_number
ROOT_LIST = make_list(WEB.root)


def found(
    *data: bytes,
    name: str = "both",
    proven: datetime | None = None,
    policy: Policy | None = None,
    at: datetime = NOW,
    web: Web = WEB,
    root_list: bytes | None = ROOT_LIST,
) -> ChainFinding:
    """Judge a signer's chain with data that a fetcher brought."""
    lists = () if root_list is None else (root_list,)
    brought = [Brought(kind=kind_of(item), data=item) for item in (*lists, *data)]
    material = material_of(web.trust).with_fetched(brought)
    issuing = asn1_x509.Certificate.load(der(web.issuing.certificate))
    question = Question(
        certificate=asn1_x509.Certificate.load(der(web.certificate(name))),
        material=material.plus(certificates=[issuing]),
        policy=policy or Policy(),
        at=at,
    )
    return asyncio.run(judge_chain(question, proven))


def kind_of(data: bytes) -> NeedKind:
    """An OCSP response begins with an ENUMERATED."""
    head = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
    return NeedKind.OCSP if data[head] == 0x0A else NeedKind.CRL


def of_signer(finding: ChainFinding) -> RevocationFinding:
    return finding.revocation[0]


def revoked(at: datetime, reason: x509.ReasonFlags | None = None, **more: object) -> list[Line]:
    return [Line(serial=SERIAL, at=at, reason=reason, **more)]  # type: ignore[arg-type]  # fields by name


# --- what is good --------------------------------------------------------------------------------


def test_a_fresh_list_of_each_authority_is_enough_and_is_named() -> None:
    listed = make_list(WEB.issuing)
    finding = found(listed)
    assert finding.code is None
    assert finding.notes == frozenset()
    assert finding.needs == ()
    signer, issuing = finding.revocation
    assert signer == RevocationFinding(
        certificate_sha256=hashlib.sha256(der(SIGNER)).hexdigest(),
        subject="Common Name: Signer both, Country: TH",
        status=RevocationStatus.GOOD,
        source="crl fetched",
        data_sha256=hashlib.sha256(listed).hexdigest(),
        this_update=NOW - HOUR,
        next_update=NOW + DAY,
    )
    assert issuing.data_sha256 == hashlib.sha256(ROOT_LIST).hexdigest()


@pytest.mark.parametrize("by_name", [False, True], ids=["by-key", "by-name"])
@pytest.mark.parametrize("delegated", [False, True], ids=["issuer", "delegated"])
def test_an_answer_of_who_may_answer_is_enough(*, delegated: bool, by_name: bool) -> None:
    if delegated:
        responder = make_responder(WEB.issuing, by_name=by_name)
    else:
        responder = issuer_itself(WEB.issuing, by_name=by_name)
    finding = found(make_answer(SIGNER, WEB.issuing, responder))
    assert finding.code is None
    assert of_signer(finding).source == "ocsp fetched"


def test_the_newest_fresh_datum_decides_and_its_origin_is_told() -> None:
    older, newer = make_list(WEB.issuing, this_update=NOW - DAY), make_list(WEB.issuing)
    material = material_of(WEB.trust).with_data(
        RevocationDatum(kind=NeedKind.CRL, der=item, origin=origin)
        for item, origin in (
            (ROOT_LIST, Origin.TRUST),
            (newer, Origin.TRUST),
            (older, Origin.DOCUMENT),
        )
    )
    question = Question(
        certificate=asn1_x509.Certificate.load(der(SIGNER)),
        material=material.plus(
            certificates=[asn1_x509.Certificate.load(der(WEB.issuing.certificate))]
        ),
        policy=Policy(),
        at=NOW,
    )
    finding = asyncio.run(judge_chain(question, None))
    assert of_signer(finding).source == "crl trust"
    assert of_signer(finding).this_update == NOW - HOUR


def test_the_order_of_data_changes_nothing() -> None:
    data = [
        make_list(WEB.issuing),
        make_list(WEB.issuing, next_update=NOW + 2 * DAY),
        make_answer(SIGNER, WEB.issuing),
    ]
    one, other = found(*data), found(*reversed(data))
    assert one.revocation == other.revocation


def test_a_certificate_that_names_no_source_needs_no_data() -> None:
    finding = found(name="none")
    assert finding.code is None
    assert of_signer(finding).status is RevocationStatus.NOT_NEEDED
    assert finding.needs == ()


# --- what is missing -----------------------------------------------------------------------------


def test_what_is_missing_is_asked_for_the_answer_before_the_list() -> None:
    finding = found(root_list=None)
    assert finding.code is Code.REVOCATION_UNKNOWN
    assert [(need.kind, need.url) for need in finding.needs] == [
        (NeedKind.OCSP, "http://ca.example/ocsp"),
        (NeedKind.CRL, "http://ca.example/issuing.crl"),
        (NeedKind.CRL, "http://ca.example/root.crl"),
    ]
    assert all(status.status is RevocationStatus.UNKNOWN for status in finding.revocation)


def test_the_request_is_one_that_others_read_and_never_changes() -> None:
    (need, *_), (again, *_) = found().needs, found().needs
    assert need.request == again.request
    asked = ocsp.load_der_ocsp_request(need.request)
    assert asked.serial_number == SERIAL
    assert isinstance(asked.hash_algorithm, hashes.SHA1)
    assert list(asked.extensions) == []
    built = ocsp.OCSPRequestBuilder()
    built = built.add_certificate(SIGNER, WEB.issuing.certificate, hashes.SHA1())  # noqa: S303 - as responders expect
    same = built.build()
    assert (asked.issuer_key_hash, asked.issuer_name_hash) == (
        same.issuer_key_hash,
        same.issuer_name_hash,
    )


def test_addresses_that_are_no_web_addresses_are_not_asked_for() -> None:
    urls = [
        "ldap://ca.example/cn=list",
        "file:///etc/passwd",
        "HTTP://ca.example/one.crl",
        "http://ca.example/two.crl",
        "http://ca.example/three.crl",
        "http://ca.example/" + "x" * 2000,
    ]
    web = with_signer(make_points(urls))
    finding = found(web=web, root_list=make_list(web.root))
    assert [need.url for need in finding.needs] == [
        "HTTP://ca.example/one.crl",
        "http://ca.example/two.crl",
    ]


def test_where_only_other_addresses_are_named_the_status_stays_unknown() -> None:
    web = with_signer(make_points(["ldap://ca.example/cn=list"]))
    finding = found(web=web, root_list=make_list(web.root))
    assert finding.code is Code.REVOCATION_UNKNOWN
    assert finding.needs == ()


def test_missing_data_are_only_noted_by_policy_but_asked_for_all_the_same() -> None:
    finding = found(policy=LENIENT)
    assert finding.code is None
    assert finding.notes == {NoteCode.REVOCATION_NOT_CHECKED}
    assert len(finding.needs) == 2


# --- what is revoked -----------------------------------------------------------------------------


@pytest.mark.parametrize("policy", [Policy(), LENIENT, OLDER], ids=lambda policy: policy.name)
@pytest.mark.parametrize("source", ["list", "answer"])
def test_a_revocation_counts_whatever_else_is_said(policy: Policy, source: str) -> None:
    at = NOW - 30 * DAY
    reason = x509.ReasonFlags.key_compromise
    bad = (
        make_list(WEB.issuing, revoked(at, reason))
        if source == "list"
        else make_answer(SIGNER, WEB.issuing, revoked_at=at, reason=reason)
    )
    good = (make_answer(SIGNER, WEB.issuing), make_list(WEB.issuing, this_update=NOW))
    finding = found(bad, *good, policy=policy)
    assert finding.code is Code.CERTIFICATE_REVOKED
    assert finding.revoked_at == at
    assert of_signer(finding).status is RevocationStatus.REVOKED
    assert of_signer(finding).revocation_reason == "keyCompromise"
    assert finding.needs == ()


def test_a_revocation_on_a_list_that_has_run_out_counts() -> None:
    old = make_list(
        WEB.issuing,
        revoked(NOW - 100 * DAY),
        this_update=NOW - 99 * DAY,
        next_update=NOW - 90 * DAY,
    )
    assert found(old, make_answer(SIGNER, WEB.issuing)).code is Code.CERTIFICATE_REVOKED


@pytest.mark.parametrize("source", ["list", "answer"])
def test_what_was_revoked_after_the_proven_time_was_good_then(source: str) -> None:
    at = NOW - DAY
    bad = (
        make_list(WEB.issuing, revoked(at))
        if source == "list"
        else make_answer(SIGNER, WEB.issuing, revoked_at=at)
    )
    before = found(bad, proven=at - HOUR)
    assert before.code is None
    assert of_signer(before).status is RevocationStatus.GOOD
    assert of_signer(before).revoked_at == at
    assert found(bad, proven=at + HOUR).code is Code.CERTIFICATE_REVOKED
    assert found(bad).code is Code.CERTIFICATE_REVOKED


def test_a_revoked_authority_is_told_as_such_also_where_the_signer_is_unknown() -> None:
    serial = WEB.issuing.certificate.serial_number
    bad = make_list(WEB.root, [Line(serial=serial, at=NOW - DAY)])
    assert found(bad, make_list(WEB.issuing)).code is Code.AUTHORITY_REVOKED
    assert found(bad, root_list=None).code is Code.AUTHORITY_REVOKED


@pytest.mark.parametrize("source", ["list", "answer"])
def test_a_certificate_on_hold_is_to_be_tried_later(source: str) -> None:
    hold = x509.ReasonFlags.certificate_hold
    held = (
        make_list(WEB.issuing, revoked(NOW - DAY, hold))
        if source == "list"
        else make_answer(SIGNER, WEB.issuing, revoked_at=NOW - DAY, reason=hold)
    )
    before = make_list(WEB.issuing, this_update=NOW - 2 * DAY)
    finding = found(held, before)
    assert finding.code is Code.CERTIFICATE_SUSPENDED
    assert of_signer(finding).revocation_reason == "certificateHold"
    assert finding.needs  # a newer answer may say that the hold has ended
    assert found(held, policy=LENIENT).code is Code.CERTIFICATE_SUSPENDED


def test_a_hold_ends_where_a_newer_list_no_longer_tells_of_it() -> None:
    hold = revoked(NOW - DAY, x509.ReasonFlags.certificate_hold)
    held = make_list(WEB.issuing, hold, this_update=NOW - 5 * HOUR)
    assert found(held, make_list(WEB.issuing)).code is None


@pytest.mark.parametrize("reason", list(x509.ReasonFlags))
def test_whatever_the_reason_a_line_is_never_good(reason: x509.ReasonFlags) -> None:
    finding = found(make_list(WEB.issuing, revoked(NOW - DAY, reason)))
    hold = reason is x509.ReasonFlags.certificate_hold
    assert finding.code is (Code.CERTIFICATE_SUSPENDED if hold else Code.CERTIFICATE_REVOKED)


def test_a_line_with_a_critical_extension_means_revoked() -> None:
    strange = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    listed = make_list(WEB.issuing, revoked(NOW - DAY, extensions=[(strange, True)]))
    assert found(listed).code is Code.CERTIFICATE_REVOKED


# --- what counts for nothing ---------------------------------------------------------------------


@pytest.mark.parametrize("fault", LISTS)
def test_a_list_that_does_not_count_leaves_the_status_unknown(fault: str) -> None:
    finding = found(LISTS[fault])
    assert finding.code is Code.REVOCATION_UNKNOWN
    assert finding.needs
    assert of_signer(finding).status is RevocationStatus.UNKNOWN


@pytest.mark.parametrize(
    "fields",
    [
        {"only_contains_user_certs": True},
        {"full_name": url("http://ca.example/issuing.crl")},
    ],
    ids=["for users", "of this distribution point"],
)
def test_a_list_whose_scope_has_the_certificate_counts(fields: dict[str, object]) -> None:
    assert found(make_list(WEB.issuing, extensions=scope(**fields))).code is None


def test_a_list_signed_by_a_key_that_may_not_sign_lists_does_not_count() -> None:
    web = with_issuing_that_signs_no_lists()
    finding = found(make_list(web.issuing), web=web, root_list=make_list(web.root))
    assert finding.code is Code.REVOCATION_UNKNOWN


@pytest.mark.parametrize("fault", ANSWERS)
def test_an_answer_that_does_not_count_leaves_the_status_unknown(fault: str) -> None:
    finding = found(ANSWERS[fault])
    assert finding.code is Code.REVOCATION_UNKNOWN
    assert [need.kind for need in finding.needs] == [NeedKind.OCSP, NeedKind.CRL]


def test_a_responder_that_can_be_revoked_is_looked_up_in_its_list() -> None:
    responder = make_responder(WEB.issuing, never_checked=False, crl_url="http://ca.example/r.crl")
    answer = make_answer(SIGNER, WEB.issuing, responder)
    unknown = found(answer)
    assert unknown.code is Code.REVOCATION_UNKNOWN
    assert unknown.needs[0].url == "http://ca.example/r.crl"
    outdated = make_list(WEB.issuing, revoked(NOW + DAY), this_update=NOW - DAY)
    assert of_signer(found(answer, outdated)).source == "ocsp fetched"
    serial = responder.certificate.serial_number
    bad = make_list(WEB.issuing, [Line(serial=serial, at=NOW - DAY)], this_update=NOW - DAY)
    assert of_signer(found(answer, bad)).source == "crl fetched"


def test_a_responder_whose_certificate_names_no_source_may_answer() -> None:
    responder = make_responder(WEB.issuing, never_checked=False)
    assert found(make_answer(SIGNER, WEB.issuing, responder)).code is None


# --- time ----------------------------------------------------------------------------------------


def test_an_answer_of_this_moment_without_next_update_counts() -> None:
    answer = make_answer(SIGNER, WEB.issuing, this_update=NOW, next_update=None)
    assert found(answer).code is None


def test_an_issuer_s_clock_may_run_a_little_ahead() -> None:
    assert found(make_list(WEB.issuing, this_update=NOW + timedelta(minutes=4))).code is None


def test_for_a_time_gone_by_later_data_may_count_by_policy() -> None:
    then = NOW - 30 * DAY
    root = make_list(WEB.root)
    assert found(make_list(WEB.issuing), root_list=root, at=then).code is Code.REVOCATION_UNKNOWN
    policy = Policy(accept_later_data=True)
    assert found(make_list(WEB.issuing), root_list=root, at=then, policy=policy).code is None


def test_a_maximum_age_is_stricter_than_a_next_update() -> None:
    strict = Policy(max_revocation_age_seconds=1800)
    fresh = make_list(WEB.root, this_update=NOW)
    old, new = make_list(WEB.issuing), make_list(WEB.issuing, this_update=NOW - HOUR / 3)
    assert found(old, root_list=fresh, policy=strict).code is Code.REVOCATION_UNKNOWN
    assert found(new, root_list=fresh, policy=strict).code is None


@pytest.mark.parametrize(
    ("age", "policy", "code", "notes"),
    [
        (5 * DAY, OLDER, None, {NoteCode.REVOCATION_DATA_OLD}),
        (8 * DAY, OLDER, Code.REVOCATION_UNKNOWN, set()),
        (5 * DAY, Policy(), Code.REVOCATION_UNKNOWN, set()),
        (800 * DAY, LENIENT, None, {NoteCode.REVOCATION_DATA_OLD}),
    ],
    ids=["within the age", "beyond the age", "hard", "if present"],
)
def test_older_data_are_accepted_up_to_a_maximum_age_only(
    age: timedelta, policy: Policy, code: Code | None, notes: set[NoteCode]
) -> None:
    old = make_list(WEB.issuing, this_update=NOW - age, next_update=NOW - age + HOUR)
    finding = found(old, policy=policy)
    assert finding.code is code
    assert finding.notes == notes
    assert finding.needs  # newer ones are asked for all the same


def test_accepting_older_data_needs_an_age_and_is_part_of_the_policy_s_name() -> None:
    with pytest.raises(ValueError, match="maximum age"):
        Policy(revocation=RevocationMode.ACCEPT_OLDER)
    with pytest.raises(ValueError, match="above 0"):
        Policy(max_revocation_age_seconds=0)
    assert OLDER.name == "tdh-pdf/1+accept-older+age-604800s"


def test_data_that_had_run_out_before_a_proven_time_do_not_prove_it() -> None:
    proven = NOW - 30 * DAY
    before = make_list(WEB.issuing, this_update=proven - WEEK, next_update=proven - DAY)
    after = make_list(WEB.issuing, this_update=proven + DAY, next_update=proven + WEEK)
    root = make_list(WEB.root, this_update=proven + DAY, next_update=proven + WEEK)
    assert found(before, root_list=root, proven=proven).code is Code.REVOCATION_UNKNOWN
    assert found(after, root_list=root, proven=proven).code is None


def test_a_list_from_after_a_certificate_s_end_says_nothing_of_it() -> None:
    """It was perhaps revoked, and left the list when it expired (EN 319 102-1, 5.2.5)."""
    ended = NOW - 30 * DAY
    web = with_signer((), validity=Validity(not_before=BEGIN, not_after=ended), crl=True)
    root = make_list(web.root)
    proven = ended - WEEK
    silent = found(make_list(web.issuing), web=web, root_list=root, proven=proven)
    assert silent.code is Code.REVOCATION_UNKNOWN
    stated = b"\x18\x0f20200101000000Z"
    keeps = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), stated)
    telling = make_list(web.issuing, extensions=[(keeps, False)])
    assert found(telling, web=web, root_list=root, proven=proven).code is None
    assert found(telling, web=web, root_list=root).code is Code.CERTIFICATE_EXPIRED_NOT_REVOKED


# --- makers --------------------------------------------------------------------------------------


def make_points(urls: Sequence[str]) -> Extensions:
    points = [x509.DistributionPoint(url(text), None, None, None) for text in urls]
    return [(x509.CRLDistributionPoints(points), False)]


def with_signer(extensions: Extensions, *, validity: Validity = ALWAYS, crl: bool = False) -> Web:
    """The same authorities with another signer."""
    key = new_p256_key()
    sources = Sources(crl_url="http://ca.example/issuing.crl") if crl else Sources()
    plain = make_leaf(
        issuer=WEB.issuing,
        subject=Subject(common_name="Another Signer"),
        public_key=key.public_key(),
        serial=99,
        validity=validity,
        sources=sources,
    )
    builder = x509.CertificateBuilder(
        plain.issuer,
        plain.subject,
        plain.public_key(),
        plain.serial_number,
        plain.not_valid_before_utc.replace(tzinfo=None),
        plain.not_valid_after_utc.replace(tzinfo=None),
    )
    for item in plain.extensions:
        builder = builder.add_extension(item.value, item.critical)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    certificate = builder.sign(WEB.issuing.key, hashes.SHA256())  # type: ignore[arg-type]  # a P-256 key
    signer = type(WEB.signers["both"])(key=key, chain=(certificate, WEB.issuing.certificate))
    return Web(base=WEB.base, root=WEB.root, issuing=WEB.issuing, signers={"both": signer})


def with_issuing_that_signs_no_lists() -> Web:
    """An authority whose key usage is keyCertSign only."""
    key = new_p256_key()
    like = make_intermediate(
        issuer=WEB.root,
        subject=Subject(common_name="Signs No Lists"),
        key=key,
        serial=3,
        validity=ALWAYS,
    ).certificate
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    builder = x509.CertificateBuilder(
        like.issuer,
        like.subject,
        like.public_key(),
        like.serial_number,
        like.not_valid_before_utc.replace(tzinfo=None),
        like.not_valid_after_utc.replace(tzinfo=None),
    )
    for item in like.extensions:
        value = usage if item.oid == x509.KeyUsage.oid else item.value
        builder = builder.add_extension(value, item.critical)
    certificate = builder.sign(WEB.root.key, hashes.SHA256())  # type: ignore[arg-type]  # a P-256 key
    issuing = Authority(certificate=certificate, key=key)
    leaf = new_p256_key()
    signer = make_leaf(
        issuer=issuing,
        subject=Subject(common_name="Signer"),
        public_key=leaf.public_key(),
        serial=4,
        validity=ALWAYS,
        sources=Sources(crl_url="http://ca.example/issuing.crl"),
    )
    both = type(WEB.signers["both"])(key=leaf, chain=(signer, certificate))
    return Web(base=WEB.base, root=WEB.root, issuing=issuing, signers={"both": both})


# --- whole documents -----------------------------------------------------------------------------


def judged(document: bytes, *data: bytes, policy: Policy | None = None) -> Judgement:
    brought = [Brought(kind=kind_of(item), data=item) for item in data]
    inputs = Inputs(
        material=material_of(WEB.trust).with_fetched(brought),
        trust_version="",
        policy=policy or Policy(),
        at=NOW,
    )
    return asyncio.run(judge(document, inputs))


def letter(name: str = "both") -> bytes:
    return make.sign_pdf(make.simple_pdf(), WEB.signers[name], signed_at=NOW - HOUR)


def test_a_verdict_tells_what_was_found_and_the_judgement_what_is_missing() -> None:
    document = letter()
    first = judged(document)
    assert first.verdict.reason.code == "revocation-unknown"
    assert len(first.needs) == 3
    second = judged(document, ROOT_LIST, make_answer(SIGNER, WEB.issuing))
    assert second.verdict.reason.code == "signature-valid"
    assert second.needs == ()
    (signature,) = second.verdict.signatures
    assert [item.source for item in signature.revocation] == ["ocsp fetched", "crl fetched"]
    assert not second.verdict.provisional


def test_a_verdict_on_older_data_is_provisional() -> None:
    old = make_list(WEB.issuing, this_update=NOW - WEEK + HOUR, next_update=NOW - DAY)
    judgement = judged(letter(), ROOT_LIST, old, policy=OLDER)
    assert judgement.verdict.accepted
    assert judgement.verdict.provisional
    assert {note.code for note in judgement.notes} == {NoteCode.REVOCATION_DATA_OLD}
    assert judgement.needs


def test_a_document_that_has_failed_for_good_asks_nobody_anything() -> None:
    assert judged(faults.altered_byte(letter())).needs == ()


def test_a_certificate_of_nobody_known_asks_nobody_anything() -> None:
    stranger = make_web("http://victim.example")
    document = make.sign_pdf(make.simple_pdf(), stranger.signers["both"], signed_at=NOW - HOUR)
    judgement = judged(document)
    assert judgement.verdict.reason.code == "unknown-root"
    assert judgement.needs == ()


def test_what_is_missing_of_a_timestamping_unit_is_asked_for_too() -> None:
    key = new_rsa_key()
    unit = make_leaf(
        issuer=WEB.root,
        subject=Subject(common_name="Unit"),
        public_key=key.public_key(),
        serial=50,
        validity=ALWAYS,
        sources=Sources(crl_url="http://ca.example/units.crl"),
        use=LeafUse.TIMESTAMP,
    )
    stamper = make.TestSigner(key=key, chain=(unit,))
    document = make.sign_pdf(
        make.simple_pdf(),
        WEB.signers["none"],
        signed_at=NOW - HOUR,
        timestamp=make.timestamp_reply(stamper, NOW - HOUR),
    )
    first = judged(document, make_list(WEB.root, extensions=scope(only_contains_ca_certs=True)))
    assert first.verdict.signatures[0].proven_time is None
    assert [need.url for need in first.needs] == ["http://ca.example/units.crl"]
    second = judged(document, ROOT_LIST)
    assert second.verdict.signatures[0].proven_time == NOW - HOUR
    assert second.needs == ()
    named = {item.certificate_sha256 for item in second.verdict.signatures[0].revocation}
    assert hashlib.sha256(der(unit)).hexdigest() in named


def test_a_content_timestamp_proves_that_signing_came_after_revocation_or_expiry() -> None:
    certificate = asn1_x509.Certificate.load(der(SIGNER))
    at, ends = NOW - DAY, certificate.not_valid_after
    revoked_code, expired_code = Code.CERTIFICATE_REVOKED, Code.CERTIFICATE_EXPIRED
    for code, started, expected in (
        (revoked_code, None, revoked_code),
        (revoked_code, at - HOUR, revoked_code),
        (revoked_code, at + HOUR, Code.SIGNED_AFTER_REVOCATION),
        (expired_code, ends - HOUR, expired_code),
        (expired_code, ends + HOUR, Code.SIGNED_AFTER_EXPIRY),
        (Code.CERTIFICATE_EXPIRED_NOT_REVOKED, ends + HOUR, Code.SIGNED_AFTER_EXPIRY),
        (None, ends + HOUR, None),
    ):
        assert after_the_fact(code, certificate, at, started) is expected
