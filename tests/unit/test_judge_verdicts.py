"""The judge's answers, document by document: each fault of `tests/pki` and what it is called."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from signing.certificates import der
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.judgement import Inputs, Judgement
from signing.judge.policy import Policy, RevocationMode
from signing.trust import load_trust
from tdh.domain.verdicts import Indication, SignatureLevel, SubIndication
from tests.pki import faults, make
from tests.vectors import cms_odd, cms_writing

REQUIRE, IF_PRESENT = RevocationMode.REQUIRE, RevocationMode.IF_PRESENT


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


@pytest.fixture(scope="session")
def letter(pki: make.Pki) -> bytes:
    """A well-signed B-B letter."""
    return make.sign_pdf(make.simple_pdf(), pki.signers["good"])


@pytest.fixture(scope="session")
def stamped(pki: make.Pki) -> bytes:
    """A well-signed B-T letter, with room for a larger CMS."""
    stamp = pki.timestamp(make.SIGNED_AT)
    return make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)


def judged(
    document: bytes,
    trust: Path | None = None,
    *,
    mode: RevocationMode = REQUIRE,
    at: datetime = make.JUDGED_AT,
    policy: Policy | None = None,
) -> Judgement:
    folder = load_trust([trust or make.shared_pki().trust_folder])
    inputs = Inputs(
        material=material_of(folder),
        trust_version=folder.version,
        policy=policy or Policy(revocation=mode),
        at=at,
    )
    return asyncio.run(judge(document, inputs))


def code_of(judgement: Judgement) -> str:
    return judgement.verdict.reason.code


def outcome(judgement: Judgement) -> tuple[Indication, SubIndication | None, str]:
    verdict = judgement.verdict
    return verdict.indication, verdict.sub_indication, verdict.reason.code


def notes_of(judgement: Judgement) -> set[str]:
    return {note.code.value for note in judgement.notes}


SHA_256 = bytes.fromhex("0609608648016503040201")
NULL = b"\x05\x00"
PASSED = (Indication.TOTAL_PASSED, None, "signature-valid")


# --- good ones -----------------------------------------------------------------------------------


@pytest.mark.parametrize("signer", ["good", "rsa", "ed25519", "without-source"])
def test_a_well_signed_letter_passes(pki: make.Pki, signer: str) -> None:
    result = judged(make.sign_pdf(make.simple_pdf(), pki.signers[signer]))
    assert outcome(result) == PASSED
    (signature,) = result.verdict.signatures
    assert signature.level is SignatureLevel.B_B
    assert signature.claimed_time == make.SIGNED_AT
    assert signature.proven_time is None
    assert signature.signer is not None
    assert signature.signer.serial == f"{pki.signers[signer].chain[0].serial_number:x}"
    assert not result.notes


@pytest.mark.parametrize("signer", ["good", "rsa"])
def test_a_timestamp_makes_it_b_t_and_proves_the_time(pki: make.Pki, signer: str) -> None:
    stamp = pki.timestamp(make.SIGNED_AT)
    document = make.sign_pdf(make.simple_pdf(), pki.signers[signer], timestamp=stamp)
    result = judged(document)
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is SignatureLevel.B_T
    assert result.verdict.signatures[0].proven_time == make.SIGNED_AT


def test_a_plain_pkcs7_signature_passes_by_policy_and_has_no_level(pki: make.Pki) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers["good"], pades_profile=False)
    result = judged(document)
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is None
    strict = judged(document, policy=Policy(allow_plain_pkcs7=False))
    assert code_of(strict) == "signature-format-not-accepted"
    assert strict.verdict.policy != result.verdict.policy


def test_a_second_signature_may_follow_the_first(pki: make.Pki, letter: bytes) -> None:
    document = make.sign_pdf(letter, pki.signers["rsa"], field_name="Signature2")
    result = judged(document)
    assert outcome(result) == PASSED
    assert [signature.field for signature in result.verdict.signatures] == [
        "Signature1",
        "Signature2",
    ]


def test_long_term_data_may_follow_and_serve_without_a_trust_folder_s_lists(
    pki: make.Pki, stamped: bytes
) -> None:
    lists = list(make.revocation_lists(pki).values())
    long_term = faults.with_validation_data(
        stamped, certificates=[pki.issuing.certificate], lists=lists
    )
    result = judged(long_term, pki.trust_without_lists)
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is SignatureLevel.B_LT
    archived = faults.with_document_timestamp(long_term, pki.timestamp(make.JUDGED_AT))
    result = judged(archived, pki.trust_without_lists)
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is SignatureLevel.B_LTA


@pytest.mark.parametrize(
    "change", [cms_odd.signer_with_a_field_more, cms_odd.message_with_a_field_more]
)
def test_a_field_that_no_standard_knows_is_refused_in_signatures_and_tokens(
    pki: make.Pki, stamped: bytes, change: Callable[[bytes], bytes]
) -> None:
    part, signer = faults.signed_part(stamped), pki.signers["good"]
    good = cms_writing.signed(part, signer, detached=True)
    assert code_of(judged(faults.with_contents(stamped, good))) == "signature-valid"
    assert code_of(judged(faults.with_contents(stamped, change(good)))) == "contents-damaged"

    token = cms_writing.token(pki.timestamp(make.SIGNED_AT), b"letter").dump()
    assert code_of(judged(token)) == "timestamp-valid"
    assert code_of(judged(change(token))) in {"timestamp-damaged", "contents-damaged"}


def test_lists_inside_the_message_serve_like_those_of_the_store(
    pki: make.Pki, letter: bytes
) -> None:
    part, signer = faults.signed_part(letter), pki.signers["good"]
    info = cms_writing.signer_info(part, signer, cms_writing.Recipe())
    lists = tuple(make.revocation_lists(pki).values())
    message = cms_writing.message(part, [info], signer.chain, detached=True, lists=lists)
    document = faults.with_contents(letter, message)
    assert outcome(judged(document, pki.trust_without_lists)) == PASSED
    assert code_of(judged(letter, pki.trust_without_lists)) == "revocation-unknown"


def test_the_same_inputs_give_the_same_judgement(stamped: bytes) -> None:
    assert judged(stamped) == judged(stamped)


# --- what it is not ------------------------------------------------------------------------------


def test_an_unsigned_document_is_told_as_unsigned() -> None:
    assert outcome(judged(make.simple_pdf())) == (Indication.NO_SIGNATURE, None, "no-signature")


def test_a_timestamp_alone_is_nobody_s_signature(pki: make.Pki) -> None:
    document = faults.with_document_timestamp(make.simple_pdf(), pki.timestamp(make.SIGNED_AT))
    assert outcome(judged(document)) == (Indication.NO_SIGNATURE, None, "only-a-timestamp")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK", b"\x00" * 4096])
def test_what_is_no_pdf_is_called_so(content: bytes) -> None:
    expected = (Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE, "not-a-signed-kind")
    assert outcome(judged(content)) == expected


# --- changed -------------------------------------------------------------------------------------


def test_one_altered_byte_is_a_hash_failure(letter: bytes) -> None:
    expected = (Indication.TOTAL_FAILED, SubIndication.HASH_FAILURE, "changed-after-signing")
    assert outcome(judged(faults.altered_byte(letter))) == expected


def test_an_altered_signature_value_is_a_crypto_failure(letter: bytes) -> None:
    assert outcome(judged(faults.altered_signature(letter))) == (
        Indication.TOTAL_FAILED,
        SubIndication.SIG_CRYPTO_FAILURE,
        "signature-does-not-verify",
    )


FORMAT_FAULTS = {
    faults.appended_bytes: "bytes-after-signature",
    faults.appended_copy_of_the_end: "bytes-after-signature",
    faults.changed_by_revision: "revision-after-signing",
    faults.widened_gap: "byte-range-gap",
    faults.second_byte_range: "signatures-disagree",
    faults.emptied_contents: "contents-empty",
    faults.header_not_first: "header-misplaced",
}


@pytest.mark.parametrize("fault", FORMAT_FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_clause_is_a_format_failure_with_its_name(fault, letter: bytes) -> None:
    expected = (Indication.TOTAL_FAILED, SubIndication.FORMAT_FAILURE, FORMAT_FAULTS[fault])
    assert outcome(judged(fault(letter))) == expected


def test_a_change_between_two_signatures_is_refused(pki: make.Pki, letter: bytes) -> None:
    changed = faults.changed_by_revision(letter)
    document = make.sign_pdf(changed, pki.signers["good"], field_name="Signature2")
    assert code_of(judged(document)) == "changed-between-signatures"


def test_every_byte_of_the_signed_part_counts(letter: bytes) -> None:
    """A coarse walk here; the whole one belongs to the mutation tests."""
    start, contents = faults.gap(letter)
    for place in range(0, len(letter), 97):
        if start - 1 <= place <= start + len(contents):
            continue
        mutant = letter[:place] + bytes([letter[place] ^ 0x20]) + letter[place + 1 :]
        assert not judged(mutant).verdict.accepted, place


def test_a_hidden_object_inside_a_long_term_revision_is_found(
    pki: make.Pki, stamped: bytes
) -> None:
    document = faults.with_validation_data(
        stamped, certificates=[pki.issuing.certificate], lists=[]
    )
    assert judged(document).verdict.accepted
    place = document.rindex(b"\nxref\n")
    hidden = b"\n4 0 obj\n<< /Length 0 >>\nstream\n\nendstream\nendobj"
    moved = document[:place] + hidden + document[place:]
    moved = moved.replace(
        b"startxref\n%d\n" % (place + 1), b"startxref\n%d\n" % (place + 1 + len(hidden))
    )
    assert code_of(judged(moved)) == "bytes-after-signature"


# --- the form of the signature -------------------------------------------------------------------


def test_a_pades_signature_without_its_certificate_attribute_is_refused(
    pki: make.Pki, stamped: bytes
) -> None:
    document = faults.resigned(stamped, pki.signers["good"])
    assert code_of(judged(document)) == "signing-certificate-attribute-missing"


def test_two_signers_in_one_signature_are_refused(pki: make.Pki, stamped: bytes) -> None:
    document = faults.resigned(stamped, pki.signers["good"], pki.signers["rsa"])
    assert code_of(judged(document)) == "several-signers"


def test_data_behind_the_cms_is_refused(letter: bytes) -> None:
    start, contents = faults.gap(letter)
    end = start + len(contents)
    assert code_of(judged(letter[: end - 2] + b"41" + letter[end:])) == "byte-range-gap"


def test_a_cms_that_reaches_into_its_padding_is_refused(letter: bytes) -> None:
    _, contents = faults.gap(letter)
    message = bytearray.fromhex(contents.decode())
    message[3] += 8  # the low byte of the outer length
    assert code_of(judged(faults.with_contents(letter, bytes(message)))) == "contents-damaged"


def test_inside_a_signature_only_what_nobody_signs_may_differ(pki: make.Pki, letter: bytes) -> None:
    """Version numbers, the announced digests, a certificate that trust already has: no more."""
    _, contents = faults.gap(letter)
    message = bytes.fromhex(contents.decode()).rstrip(b"\0")
    helper = der(pki.issuing.certificate)
    helper_begin = message.index(helper)
    announced_end = message.index(SHA_256) + len(SHA_256) + len(NULL)
    embedded = [der(certificate) for certificate in pki.signers["good"].chain]
    signer_begin = max(message.index(item) + len(item) for item in embedded)
    signer_begin = message.index(b"\x02\x01\x01", signer_begin)
    signer_end = message.index(SHA_256, signer_begin) + len(SHA_256) + len(NULL)
    free = {
        *range(message.index(b"\x02\x01\x01"), announced_end),
        *range(helper_begin, helper_begin + len(helper)),
        *range(signer_begin, signer_begin + 4),
        *range(signer_end - len(NULL), signer_end),
    }
    for place in set(range(len(message))) - free:
        mutant = bytearray(message)
        mutant[place] ^= 0x08
        verdict = judged(faults.with_contents(letter, bytes(mutant))).verdict
        assert not verdict.accepted, place


@pytest.mark.parametrize("message", [b"0", b"\x30\x03\x02\x01\x01", b"\x30\x84\xff\xff\xff\xff"])
def test_a_damaged_cms_is_refused(letter: bytes, message: bytes) -> None:
    assert code_of(judged(faults.with_contents(letter, message))) == "contents-damaged"


def test_the_signature_of_another_document_does_not_fit(pki: make.Pki, letter: bytes) -> None:
    other = make.sign_pdf(make.simple_pdf("Other"), pki.signers["good"])
    _, contents = faults.gap(other)
    document = faults.with_contents(letter, bytes.fromhex(contents.decode()).rstrip(b"\0"))
    assert code_of(judged(document)) == "changed-after-signing"


def test_more_signatures_than_allowed_are_refused(pki: make.Pki, letter: bytes) -> None:
    document = make.sign_pdf(letter, pki.signers["rsa"], field_name="Signature2")
    assert code_of(judged(document, policy=Policy(max_signatures=1))) == "too-many-signatures"


def test_more_certificates_than_allowed_are_refused(letter: bytes) -> None:
    assert code_of(judged(letter, policy=Policy(max_certificates=1))) == "too-many-certificates"


def test_a_signature_hidden_in_an_object_stream_is_found(pki: make.Pki) -> None:
    document = faults.with_object_stream(pki.signers["good"], hides_signature=True)
    assert code_of(judged(document)) == "signature-in-object-stream"
    assert outcome(judged(faults.with_object_stream(pki.signers["good"]))) == PASSED


def test_a_later_revision_with_two_cross_references_is_refused(pki: make.Pki) -> None:
    document = faults.hybrid(pki.signers["good"])
    assert outcome(judged(document)) == (
        Indication.TOTAL_FAILED,
        SubIndication.FORMAT_FAILURE,
        "revision-after-signing",
    )


# --- what else is in the document ----------------------------------------------------------------

CONTENT_FAULTS = {
    b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >> ": "active-content",
    b"/OpenAction << /S /Launch /F (calc.exe) >> ": "active-content",
    b"/AA << /WC << /S /JavaScript /JS (1) >> >> ": "active-content",
    b"/Names << /JavaScript << /Names [] >> >> ": "active-content",
    b"/Names << /EmbeddedFiles << /Names [] >> >> ": "embedded-files",
    b"/AF [] ": "embedded-files",
}


@pytest.mark.parametrize("catalog", CONTENT_FAULTS, ids=lambda catalog: catalog.decode()[:30])
def test_content_that_acts_or_carries_files_is_refused(pki: make.Pki, catalog: bytes) -> None:
    document = make.sign_pdf(make.simple_pdf(catalog=catalog), pki.signers["good"])
    assert code_of(judged(document)) == CONTENT_FAULTS[catalog]
    lenient = Policy(allow_active_content=True, allow_embedded_files=True)
    assert outcome(judged(document, policy=lenient)) == PASSED


def test_an_xfa_form_is_refused(pki: make.Pki) -> None:
    form = b"/AcroForm << /Fields [] /XFA (x) >> "
    document = make.sign_pdf(make.simple_pdf(catalog=form), pki.signers["good"])
    assert code_of(judged(document)) == "xfa-form"


def test_an_encrypted_document_is_refused() -> None:
    secret = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O (x) /U (x) /P -1 >> "
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        make.PAGE,
    ]
    assert code_of(judged(make.assemble(objects, trailer=secret))) == "document-encrypted"


def test_a_page_tree_that_bites_its_tail_ends_quickly(pki: make.Pki) -> None:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 2 >>",
        make.PAGE,
    ]
    document = make.sign_pdf(make.assemble(objects), pki.signers["good"])
    assert judged(document).verdict.indication in Indication


# --- whom, and when ------------------------------------------------------------------------------


def test_an_unknown_root_cannot_be_judged(pki: make.Pki) -> None:
    assert outcome(judged(make.sign_pdf(make.simple_pdf(), pki.signers["stranger"]))) == (
        Indication.INDETERMINATE,
        SubIndication.NO_CERTIFICATE_CHAIN_FOUND,
        "unknown-root",
    )


def test_without_any_trust_nothing_passes(letter: bytes, tmp_path: Path) -> None:
    assert code_of(judged(letter, tmp_path)) == "unknown-root"


def test_an_intermediate_is_no_anchor(pki: make.Pki, letter: bytes, tmp_path: Path) -> None:
    helpers = tmp_path / "intermediates"
    helpers.mkdir()
    source = pki.trust_folder / "intermediates" / "issuing.pem"
    (helpers / "issuing.pem").write_bytes(source.read_bytes())
    assert code_of(judged(letter, tmp_path)) == "unknown-root"


def test_an_expired_certificate_needs_a_proof_of_its_time(pki: make.Pki) -> None:
    signer = pki.signers["expired"]
    document = make.sign_pdf(make.simple_pdf(), signer)
    assert outcome(judged(document)) == (
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NOT_REVOKED,
        "certificate-expired-not-revoked",
    )
    assert outcome(judged(document, pki.trust_without_lists)) == (
        Indication.INDETERMINATE,
        SubIndication.OUT_OF_BOUNDS_NO_POE,
        "certificate-expired",
    )
    # The lists are younger than that time: they count for a judgement as of then, by policy only.
    as_of_then = Policy(accept_later_data=True)
    assert outcome(judged(document, at=make.SIGNED_AT, policy=as_of_then)) == PASSED
    assert code_of(judged(document, at=make.SIGNED_AT)) == "revocation-unknown"
    proven = make.sign_pdf(make.simple_pdf(), signer, timestamp=pki.timestamp(make.SIGNED_AT))
    assert outcome(judged(proven)) == PASSED


def test_a_revoked_certificate_needs_a_proof_of_its_time(pki: make.Pki) -> None:
    signer = pki.signers["revoked"]
    document = make.sign_pdf(make.simple_pdf(), signer)
    expected = (
        Indication.INDETERMINATE,
        SubIndication.REVOKED_NO_POE,
        "certificate-revoked",
    )
    assert outcome(judged(document)) == expected
    assert outcome(judged(document, mode=IF_PRESENT)) == expected
    before = make.sign_pdf(make.simple_pdf(), signer, timestamp=pki.timestamp(make.SIGNED_AT))
    assert outcome(judged(before)) == PASSED
    late = make.REVOKED_AT + timedelta(days=1)
    after = make.sign_pdf(make.simple_pdf(), signer, timestamp=pki.timestamp(late))
    assert outcome(judged(after)) == expected


@pytest.mark.parametrize("mode", [REQUIRE, IF_PRESENT])
def test_an_operator_s_list_counts_for_a_certificate_that_names_no_source(
    pki: make.Pki, mode: RevocationMode
) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers["revoked-without-source"])
    assert code_of(judged(document, mode=mode)) == "certificate-revoked"


def test_an_old_list_that_says_revoked_still_counts(pki: make.Pki, tmp_path: Path) -> None:
    trust = old_lists(pki, tmp_path)
    document = make.sign_pdf(make.simple_pdf(), pki.signers["revoked"])
    assert code_of(judged(document, trust, mode=IF_PRESENT)) == "certificate-revoked"


def test_an_old_list_is_not_enough_where_revocation_data_are_required(
    pki: make.Pki, letter: bytes, tmp_path: Path
) -> None:
    trust = old_lists(pki, tmp_path)
    assert outcome(judged(letter, trust)) == (
        Indication.INDETERMINATE,
        SubIndication.TRY_LATER,
        "revocation-unknown",
    )
    lenient = judged(letter, trust, mode=IF_PRESENT)
    assert outcome(lenient) == PASSED
    assert notes_of(lenient) == {"revocation-data-old"}


def test_missing_revocation_data_are_asked_for_or_noted(pki: make.Pki, letter: bytes) -> None:
    assert outcome(judged(letter, pki.trust_without_lists)) == (
        Indication.INDETERMINATE,
        SubIndication.TRY_LATER,
        "revocation-unknown",
    )
    lenient = judged(letter, pki.trust_without_lists, mode=IF_PRESENT)
    assert outcome(lenient) == PASSED
    assert notes_of(lenient) == {"revocation-not-checked"}


def old_lists(pki: make.Pki, folder: Path) -> Path:
    lists = make.revocation_lists(pki, next_update=make.JUDGED_AT - timedelta(days=30))
    for name, content in lists.items():
        (folder / name).write_bytes(content)
    (folder / "root.pem").write_bytes((pki.trust_folder / "root.pem").read_bytes())
    return folder


def test_a_certificate_that_begins_later_did_not_sign_yet(pki: make.Pki) -> None:
    assert outcome(judged(make.sign_pdf(make.simple_pdf(), pki.signers["not-yet-valid"]))) == (
        Indication.TOTAL_FAILED,
        SubIndication.NOT_YET_VALID,
        "certificate-not-yet-valid",
    )


def test_a_timestamp_from_before_the_certificate_shows_a_back_dated_signature(
    pki: make.Pki,
) -> None:
    signer = pki.signers["not-yet-valid"]
    document = make.sign_pdf(make.simple_pdf(), signer, timestamp=pki.timestamp(make.SIGNED_AT))
    later = signer.chain[0].not_valid_before_utc + timedelta(days=1)
    assert code_of(judged(document, at=later)) == "certificate-not-yet-valid"


def test_a_key_for_something_else_signs_no_document(pki: make.Pki) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers["wrong-usage"])
    assert outcome(judged(document)) == (
        Indication.INDETERMINATE,
        SubIndication.CHAIN_CONSTRAINTS_FAILURE,
        "key-usage",
    )


@pytest.mark.parametrize(("signer", "digest"), [("good", "sha1"), ("weak-key", "sha256")])
def test_weak_cryptography_is_not_accepted(pki: make.Pki, signer: str, digest: str) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers[signer], digest=digest)
    assert outcome(judged(document)) == (
        Indication.INDETERMINATE,
        SubIndication.CRYPTO_CONSTRAINTS_FAILURE,
        "weak-algorithm",
    )


# --- timestamps that do not verify ---------------------------------------------------------------


def bad_timestamps(pki: make.Pki) -> dict[str, bytes]:
    """The good letter with a timestamp that must not count."""
    good = pki.signers["good"]
    stranger = pki.timestamp(make.SIGNED_AT, by=pki.stranger_timestamper)
    future = pki.timestamp(make.JUDGED_AT + timedelta(days=1))
    no_unit = make.timestamp_reply(pki.signers["rsa"], make.SIGNED_AT)
    replies = {"unknown root": stranger, "future": future, "no timestamping unit": no_unit}
    return {
        name: make.sign_pdf(make.simple_pdf(), good, timestamp=reply)
        for name, reply in replies.items()
    }


@pytest.mark.parametrize("fault", ["unknown root", "future", "no timestamping unit"])
def test_a_timestamp_that_does_not_verify_neither_helps_nor_hurts(
    pki: make.Pki, fault: str
) -> None:
    result = judged(bad_timestamps(pki)[fault])
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is SignatureLevel.B_B
    assert result.verdict.signatures[0].proven_time is None
    assert notes_of(result) == {"timestamp-not-counted"}


def test_a_strange_timestamp_does_not_save_an_expired_certificate(pki: make.Pki) -> None:
    stamp = pki.timestamp(make.SIGNED_AT, by=pki.stranger_timestamper)
    document = make.sign_pdf(make.simple_pdf(), pki.signers["expired"], timestamp=stamp)
    assert code_of(judged(document)) == "certificate-expired-not-revoked"


def test_a_strange_document_timestamp_is_left_out(pki: make.Pki, stamped: bytes) -> None:
    stamp = pki.timestamp(make.JUDGED_AT, by=pki.stranger_timestamper)
    result = judged(faults.with_document_timestamp(stamped, stamp))
    assert outcome(result) == PASSED
    assert result.verdict.signatures[0].level is SignatureLevel.B_T
    assert notes_of(result) == {"timestamp-not-counted"}


def test_evaluation_time_and_trust_are_kept_with_the_verdict(letter: bytes) -> None:
    at = datetime(2026, 8, 1, tzinfo=UTC)
    verdict = judged(letter, at=at).verdict
    assert verdict.evaluated_at == at
    assert verdict.trust_version == load_trust([make.shared_pki().trust_folder]).version
    assert verdict.policy == "tdh-pdf/1+require"
