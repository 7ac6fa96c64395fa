"""ASiC containers: every fault by name, and the good ones of every sort."""

import zipfile
from datetime import timedelta
from io import BytesIO

import pytest

from signing.judge import wire
from signing.judge.codes import Code
from signing.judge.policy import Coverage, Policy
from signing.judge.reasons import note
from signing.judge.report import Note, Report
from tdh.domain.verdicts import Indication, SignatureKind, SignatureLevel
from tests.pki import make
from tests.unit.test_judge_cms import code_of, judged, notes_of
from tests.vectors import cms_writing, containers, zip_writing
from tests.vectors.containers import FILES, LETTER, P7S

LATER = make.SIGNED_AT + timedelta(days=100)


@pytest.fixture(scope="session")
def kit() -> containers.Kit:
    return containers.kit()


@pytest.mark.parametrize("name", containers.VECTORS)
def test_every_faulty_container_is_refused_by_its_name(kit: containers.Kit, name: str) -> None:
    vector = containers.VECTORS[name]
    result = judged(vector.make(kit))
    assert not result.verdict.accepted
    assert result.verdict.indication is not Indication.TOTAL_PASSED
    assert code_of(result) in vector.codes, result.seen


def test_every_good_container_passes(kit: containers.Kit) -> None:
    for name, data in containers.good(kit).items():
        result = judged(data)
        assert code_of(result) is Code.SIGNATURE_VALID, (name, result.seen)
        assert result.verdict.accepted
        assert result.verdict.kind is SignatureKind[name[:6].replace("-", "_").upper()], name
        wanted = {"letter.txt"} if name.startswith("ASiC-S") else set(FILES)
        for one in result.verdict.signatures:
            assert set(one.covers) == wanted, name
        assert not notes_of(result), name
    assert len(result.verdict.signatures) == 1


def test_an_archive_that_is_no_container_is_called_none(kit: containers.Kit) -> None:
    result = judged(containers.VECTORS["plain-archive"].make(kit))
    assert code_of(result) is Code.KIND_UNKNOWN
    assert result.verdict.kind is None


def test_two_signers_have_two_verdicts(kit: containers.Kit) -> None:
    for name, data in containers.good(kit).items():
        count = 2 if "two signers" in name else 1
        assert len(judged(data).verdict.signatures) == count, name


def test_timestamps_alone_are_valid_and_no_letter(kit: containers.Kit) -> None:
    for name, data in containers.stamps_only(kit).items():
        result = judged(data)
        assert result.verdict.indication is Indication.TOTAL_PASSED, (name, result.seen)
        assert code_of(result) is Code.TIMESTAMP_VALID, name
        assert not result.verdict.accepted, name


def test_an_archive_manifest_proves_when_a_signature_existed(kit: containers.Kit) -> None:
    revoked = {**FILES, **containers.cades(kit.pki.signers["revoked"])}
    assert code_of(judged(containers.packed(revoked))) is Code.CERTIFICATE_REVOKED
    result = judged(containers.packed(containers.archived(revoked, kit.stamp)))
    assert code_of(result) is Code.SIGNATURE_VALID
    (one,) = result.verdict.signatures
    assert (one.proven_time, one.level) == (make.SIGNED_AT, SignatureLevel.B_T)


@pytest.mark.parametrize("fault", ["imprint", "digest", "left out", "damaged"])
def test_a_bad_archive_manifest_neither_helps_nor_hurts(kit: containers.Kit, fault: str) -> None:
    for signer, code in (("good", Code.SIGNATURE_VALID), ("revoked", Code.CERTIFICATE_REVOKED)):
        contents = {**FILES, **containers.cades(kit.pki.signers[signer])}
        named = dict(contents)
        if fault == "left out":
            del named[P7S]
        elif fault == "digest":
            named[P7S] = b"another signature"
        archived = containers.archived(named, kit.stamp) | contents
        if fault == "imprint":
            other = cms_writing.token(kit.stamp, b"x").dump()
            archived["META-INF/timestamp900.tst"] = other
        elif fault == "damaged":
            whole = archived[containers.ARCHIVE]
            archived[containers.ARCHIVE] = whole.replace(b"SigReference", b"Reference")
        result = judged(containers.packed(archived))
        assert code_of(result) is code
        noted = "timestamp-not-counted" in notes_of(result)
        assert noted == (fault != "left out")


def test_an_expired_timestamp_holds_by_a_newer_one_over_it(kit: containers.Kit) -> None:
    only = containers.cms_signers.x509.ExtendedKeyUsage([containers.cms_signers.STAMPING])
    short = containers.cms_signers.Validity(not_before=make.BEGIN, not_after=LATER)
    unit = containers.cms_signers.timestamping_unit(kit.pki, (only, True), validity=short)
    contents = {**FILES, **containers.stamped(kit.pki.timestamp(make.SIGNED_AT, by=unit))}
    assert code_of(judged(containers.packed(contents))) is Code.CERTIFICATE_EXPIRED_NOT_REVOKED
    newer = kit.pki.timestamp(LATER - timedelta(days=1))
    renewed = judged(containers.packed(containers.archived(contents, newer)))
    assert code_of(renewed) is Code.TIMESTAMP_VALID, renewed.seen
    too_late = kit.pki.timestamp(LATER + timedelta(days=1))
    not_renewed = judged(containers.packed(containers.archived(contents, too_late)))
    assert code_of(not_renewed) is not Code.TIMESTAMP_VALID


def test_the_policy_may_let_signatures_share_the_files(kit: containers.Kit) -> None:
    data = containers.VECTORS["file-that-one-of-two-signed"].make(kit)
    result = judged(data, policy=Policy(coverage=Coverage.TOGETHER))
    assert code_of(result) is Code.SIGNATURE_VALID
    assert "covered-together" in result.verdict.policy
    unsigned = containers.VECTORS["cades-file-added"].make(kit)
    refused = judged(unsigned, policy=Policy(coverage=Coverage.TOGETHER))
    assert code_of(refused) is Code.CONTAINER_FILE_UNSIGNED


def test_the_policy_may_do_without_a_mimetype(kit: containers.Kit) -> None:
    policy = Policy(allow_missing_mimetype=True)
    result = judged(containers.VECTORS["no-mimetype"].make(kit), policy=policy)
    assert (code_of(result), result.verdict.kind) == (Code.SIGNATURE_VALID, SignatureKind.ASIC_E)
    p7s = cms_writing.signed(LETTER, kit.signer, detached=True)
    simple = containers.packed(containers.simple(p7s=p7s), mimetype=None)
    assert judged(simple, policy=policy).verdict.kind is SignatureKind.ASIC_S


def test_a_misplaced_mimetype_is_noted(kit: containers.Kit) -> None:
    first, *rest = containers.members({**FILES, **containers.cades(kit.signer)})
    result = judged(zip_writing.write([*rest, first]))
    assert code_of(result) is Code.SIGNATURE_VALID
    assert notes_of(result) == {"container-mimetype-misplaced"}


def test_an_evidence_record_beside_a_signature_is_noted(kit: containers.Kit) -> None:
    contents = {**FILES, **containers.cades(kit.signer), "META-INF/evidencerecord1.ers": b"0\0"}
    result = judged(containers.packed(contents))
    assert code_of(result) is Code.SIGNATURE_VALID
    assert notes_of(result) == {"evidence-record-not-judged"}


@pytest.mark.parametrize("sort", ["cades", "tst"])
def test_more_signature_files_than_the_policy_allows_have_a_name(
    kit: containers.Kit, sort: str
) -> None:
    most = 3
    parts: dict[str, bytes] = {}
    for number in range(most + 1):
        if sort == "cades":
            parts |= containers.cades(kit.signer, number=number)
        else:
            tst = f"META-INF/timestamp{number:03}.tst"
            over = containers.manifest(tst, FILES)
            place = f"META-INF/ASiCManifest{number:03}.xml"
            parts |= {place: over, tst: containers.token(kit.stamp, over)}
    policy = Policy(max_signatures=most)
    too_many = judged(containers.packed({**FILES, **parts}), policy=policy)
    assert code_of(too_many) is Code.TOO_MANY_SIGNATURES
    enough = dict(list(parts.items())[: 2 * most])
    result = judged(containers.packed({**FILES, **enough}), policy=policy)
    assert result.verdict.indication is Indication.TOTAL_PASSED


def test_signers_are_counted_over_all_signature_files(kit: containers.Kit) -> None:
    policy = Policy(max_signatures=3)
    by_two = (kit.signer, kit.pki.signers["rsa"])
    contents = dict(FILES)
    for number in (1, 2):
        parts = containers.cades(kit.signer, number=number)
        place, name = parts
        twice = cms_writing.signed(parts[place], *by_two, detached=True)
        contents |= {place: parts[place], name: twice}
    assert code_of(judged(containers.packed(contents), policy=policy)) is Code.TOO_MANY_SIGNATURES


def test_an_archive_with_two_readings_is_refused_before_anything_is_judged(
    kit: containers.Kit,
) -> None:
    good = containers.packed({**FILES, **containers.cades(kit.signer)})
    assert code_of(judged(good + b"\0")) is Code.CONTAINER_HIDDEN_DATA


def test_a_changed_byte_of_a_container_passes_only_if_no_name_and_no_content_changed(
    kit: containers.Kit,
) -> None:
    """Times, versions, attributes, and bits that only say how something is packed."""
    contents = {"a.txt": LETTER, **containers.cades(kit.signer, {"a.txt": LETTER})}
    data = containers.packed(contents)
    accepted = 0
    for place in range(0, len(data), 2):
        mutant = data[:place] + bytes([data[place] ^ 0x40]) + data[place + 1 :]
        if judged(mutant).verdict.accepted:
            accepted += 1
            with zipfile.ZipFile(BytesIO(mutant)) as archive:
                found = {name: archive.read(name) for name in archive.namelist()}
            assert found == {"mimetype": containers.ASIC_E, **contents}, place
    assert accepted < 100


def test_many_files_and_signatures_fit_into_a_child_s_answer(kit: containers.Kit) -> None:
    many = {f"สิ่งที่ส่งมาด้วยลำดับที่ {number} ของหนังสือ.txt": b"x" for number in range(400)}
    signed = [containers.cades(kit.signer, many, number=one) for one in (1, 2, 3)]
    contents = many | signed[0] | signed[1] | signed[2]
    result = judged(containers.packed(contents))
    assert code_of(result) is Code.SIGNATURE_VALID
    report = Report(
        verdict=result.verdict,
        notes=tuple(Note(field=one.field, reason=note(one.code)) for one in result.notes),
    )
    assert len(wire.answer_to_bytes(report)) < wire.MAX_MESSAGE // 2
    for one in result.verdict.signatures:
        assert one.covers[0] in many
        assert one.covers[-1] == f"(+{400 - len(one.covers) + 1})"
