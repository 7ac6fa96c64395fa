"""The judge's small parts: the second reading, hexadecimal strings, sentences, trust, budget."""

import fcntl
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyhanko.pdf_utils.misc import PdfError

from signing.certificates import pem
from signing.judge import child, hexstrings, scan, selftest, wire
from signing.judge.budget import DocumentBudget, JudgeBusy
from signing.judge.chain import material_of
from signing.judge.facts import Brought, ChainFact, Need, NeedKind, Purpose
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy, RevocationMode
from signing.judge.reasons import ANSWERS, NOTES, Code, NoteCode, note, reason
from signing.judge.report import Note, Report
from signing.trust import Anchor, TrustError, TrustFolder, load_trust
from tdh.domain.verdicts import Indication, SignatureKind, Signer, Verdict
from tests.pki import make

# --- the second reading --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"/ByteRange [0 10 20 30]",
        b"/ByteRange[0 10 20 30]",
        b"/Byte#52ange [0 10 20 30]",
        b"/#42#79#74#65#52#61#6e#67#65 [0 10 20 30]",
        b"/#42yteRang#65\n[ 0\t10 \r20\x0030 ]",
    ],
)
def test_every_spelling_of_byte_range_is_found(text: bytes) -> None:
    (found,) = scan.find_byte_ranges(b"<< " + text + b" >>")
    assert found.numbers == (0, 10, 20, 30)


@pytest.mark.parametrize("text", [b"/ByteRangeX [0 1 2 3]", b"/Byterange [0 1 2 3]", b"ByteRange"])
def test_other_names_are_not_byte_ranges(text: bytes) -> None:
    assert scan.find_byte_ranges(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        b"/ByteRange [0 1 2]",
        b"/ByteRange [0 1 2 3 4]",
        b"/ByteRange 7 0 R",
        b"/ByteRange [-1 1 2 3]",
        b"/ByteRange [0 1.0 2 3]",
        b"/ByteRange % comment\n[0 1 2 3]",
        b"/ByteRange",
    ],
)
def test_a_byte_range_of_another_shape_is_found_without_numbers(text: bytes) -> None:
    (found,) = scan.find_byte_ranges(text)
    assert found.numbers is None


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_a_byte_range_is_found_whatever_stands_around_it(before: bytes, after: bytes) -> None:
    places = [f.offset for f in scan.find_byte_ranges(before + b"/ByteRange [0 1 2 3]" + after)]
    assert len(before) in places


@pytest.mark.parametrize("gap", [b"<30>", b"<3a3B>", b"<>"])
def test_a_gap_of_plain_hexadecimal_is_read(gap: bytes) -> None:
    data = b"xx" + gap + b"yy"
    digits = gap[1:-1].decode()
    assert scan.hex_string_in_gap(data, (0, 2, 2 + len(gap), 2)) == bytes.fromhex(digits)


@pytest.mark.parametrize("gap", [b"<3>", b"<3 0>", b"<30", b"30>", b"<30>>", b" <30>", b"(30)"])
def test_a_gap_that_holds_anything_else_is_not(gap: bytes) -> None:
    assert scan.hex_string_in_gap(b"xx" + gap + b"yy", (0, 2, 2 + len(gap), 2)) is None


@given(st.text(alphabet="0123456789abcdefABCDEF \n\t\0%<>zg", max_size=60))
def test_the_quick_reading_of_hexadecimal_agrees_with_the_slow_one(text: str) -> None:
    content = b"<" + text.encode("ascii") + b"> rest"
    results = []
    for read in (hexstrings.read_hex_string, hexstrings.read_slowly):
        stream = io.BytesIO(content)
        try:
            value = read(stream)
            results.append((type(value), value.original_bytes, stream.tell()))
        except PdfError as problem:
            results.append((type(problem), str(problem)))
    assert results[0] == results[1]


# --- sentences -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", Code)
def test_every_answer_has_a_thai_and_an_english_sentence(code: Code) -> None:
    answer = reason(code)
    assert answer.code == code.value
    assert any("ก" <= character <= "๛" for character in answer.th)
    assert answer.en.isascii()
    assert answer.en.endswith(".")


def test_only_one_answer_accepts_and_a_timestamp_alone_does_not() -> None:
    passing = {c for c, a in ANSWERS.items() if a.indication is Indication.TOTAL_PASSED}
    assert passing == {Code.SIGNATURE_VALID, Code.TIMESTAMP_VALID}
    accepting = {
        code
        for code, row in ANSWERS.items()
        if Verdict(
            indication=row.indication,
            sub_indication=row.sub_indication,
            reason=reason(code),
            kind=None,
            policy="",
            trust_version="",
            evaluated_at=datetime(2026, 11, 22, tzinfo=UTC),
        ).accepted
    }
    assert accepting == {Code.SIGNATURE_VALID}
    assert set(ANSWERS) == set(Code)
    assert set(NOTES) == set(NoteCode)


# --- what travels --------------------------------------------------------------------------------


def test_messages_survive_the_way_between_processes() -> None:
    verdict = Verdict(
        indication=Indication.NO_SIGNATURE,
        sub_indication=None,
        reason=reason(Code.NO_SIGNATURE),
        kind=SignatureKind.PADES,
        policy="p",
        trust_version="t",
        evaluated_at=make.JUDGED_AT,
    )
    noted = Note(field="f", reason=note(NoteCode.TIMESTAMP_NOT_COUNTED))
    need = Need(kind=NeedKind.OCSP, url="http://a", request=b"\0", certificate_sha256="00")
    signer = Signer(common_name="n", serial="1", subject=(("C", "TH"),))
    fact = ChainFact(
        purpose=Purpose.SIGN,
        certificate_sha256="00",
        material="m",
        not_before=make.BEGIN,
        not_after=make.END,
        signer=signer,
    )
    report = Report(verdict=verdict, notes=(noted,), seen="s", needs=(need,), facts=(fact,))
    assert wire.answer_from_bytes(wire.answer_to_bytes(report)) == report
    brought = Brought(kind=NeedKind.CRL, data=b"\1")
    extra = wire.Extra(revocation=(brought,))
    assert wire.Extra.from_bytes(extra.to_bytes()) == extra
    setup = wire.Setup(
        policy=Policy(revocation=RevocationMode.IF_PRESENT), limits=Limits(), trust_bytes=3
    )
    assert wire.Setup.from_bytes(setup.to_bytes()) == setup
    request = wire.Request(number=1, size=2, at=make.JUDGED_AT, extra=3, content=0)
    assert wire.Request.from_bytes(request.to_bytes()) == request
    reply = wire.Reply(number=1, outcome=wire.Outcome.ANSWERED, answer=b'{"a":\n1}')
    assert wire.Reply.from_bytes(reply.to_bytes()) == reply


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"report": 1, "needs": [], "facts": []}',
        b'{"report": {"signatures": ["no mapping"]}, "needs": [], "facts": []}',
    ],
)
def test_whatever_a_taken_over_child_says_is_an_answer_or_a_value_error(said: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its text
        wire.answer_from_bytes(said)


def test_a_mapping_that_is_none_is_a_value_error_deep_inside_too() -> None:
    trust = load_trust([make.shared_pki().trust_folder])
    bench = child.Bench(
        material=material_of(trust), trust_version="", policy=Policy(), limits=Limits()
    )
    letter = make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"])
    plain = json.loads(wire.answer_to_bytes(child.judge_document(bench, letter, make.JUDGED_AT)))
    plain["report"]["signatures"] = ["text"]
    with pytest.raises(ValueError, match="no answer"):
        wire.answer_from_bytes(json.dumps(plain).encode())


# --- memory --------------------------------------------------------------------------------------


def test_a_sealed_document_can_no_longer_change() -> None:
    with Memfd(b"content") as memfd:
        memfd.seal()
        with pytest.raises(PermissionError):
            memfd.write(b"more")
        with pytest.raises(PermissionError):
            os.ftruncate(memfd.fd, 1)
        with pytest.raises(PermissionError):
            fcntl.fcntl(memfd.fd, fcntl.F_ADD_SEALS, 0)
        assert os.pread(memfd.fd, 99, 0) == b"content"


def test_the_budget_refuses_what_would_not_fit_and_takes_nothing_then() -> None:
    budget = DocumentBudget(100)
    budget.reserve(50, "a")
    budget.reserve(30, "b")
    with pytest.raises(JudgeBusy, match="80 of 100") as refusal:
        budget.reserve(21, "c")
    assert refusal.value.retryable
    budget.reserve(20, "c")
    for count, holder in ((50, "a"), (30, "b"), (20, "c")):
        budget.release(count, holder)
    assert budget.used == 0


def test_one_holder_has_at_most_half_of_the_budget() -> None:
    budget = DocumentBudget(100)
    budget.reserve(40, "a")
    with pytest.raises(JudgeBusy, match="a: 40 of 50"):
        budget.reserve(11, "a")
    budget.reserve(50, "b")
    budget.release(40, "a")
    budget.reserve(50, "a")
    assert budget.used == 100


def test_a_largest_document_fits_the_share_of_everyone_by_default() -> None:
    assert DocumentBudget().share >= Limits().document_bytes


# --- trust ---------------------------------------------------------------------------------------


def test_a_trust_folder_survives_packing() -> None:
    folder = load_trust([make.shared_pki().trust_folder])
    assert (len(folder.anchors), len(folder.intermediates), len(folder.crls)) == (1, 1, 2)
    assert TrustFolder.from_bytes(folder.to_bytes()) == folder


def test_the_version_of_trust_tells_contents_not_names_or_order(tmp_path: Path) -> None:
    pki = make.shared_pki()
    whole = load_trust([pki.trust_folder])
    (tmp_path / "intermediates").mkdir()
    (tmp_path / "intermediates" / "z.crt").write_bytes(pem(pki.issuing.certificate))
    (tmp_path / "other-name.pem").write_bytes(pem(pki.root.certificate))
    assert load_trust([tmp_path]).version != whole.version
    for name, content in make.revocation_lists(pki).items():
        (tmp_path / f"renamed-{name}").write_bytes(content)
    same_kinds = load_trust([tmp_path])
    assert same_kinds.anchors == whole.anchors
    assert same_kinds.intermediates == whole.intermediates
    assert load_trust([pki.trust_folder, pki.trust_folder]).version == whole.version
    exchanged = TrustFolder(
        anchors=tuple(Anchor(der=der) for der in whole.intermediates),
        intermediates=tuple(anchor.der for anchor in whole.anchors),
    )
    assert (
        exchanged.version
        != TrustFolder(anchors=whole.anchors, intermediates=whole.intermediates).version
    )


@pytest.mark.parametrize("name", ["bad.pem", "bad.crt", "bad.crl", "bad.ocsp"])
@pytest.mark.parametrize(
    "content", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_unusable_trust_material_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TrustError) as refusal:
        load_trust([tmp_path])
    assert refusal.value.path == tmp_path / name


def test_a_missing_trust_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrustError):
        load_trust([tmp_path / "absent.pem"])


# --- the program's test of itself ----------------------------------------------------------------


def test_a_judge_that_is_always_content_does_not_start() -> None:
    with pytest.raises(selftest.SelfTestFailed):
        selftest.run(lambda trust, document, at: Code.SIGNATURE_VALID)


def test_a_judge_that_is_never_content_does_not_start() -> None:
    with pytest.raises(selftest.SelfTestFailed):
        selftest.run(lambda trust, document, at: Code.UNEXPECTED)
