"""The archive record beside an evidence: existence after the seal's certificate ended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from signing import certificates as made
from signing.archive.hash_tree import SHA256, SHA512
from signing.archive.maths import ArchiveMaths
from signing.archive.record import EvidenceRecord
from signing.seal_check import Outcome
from signing.trust_file import TRUST_NOBODY
from signing.verify import CheckId, Kind, Result, verify_files
from tdh.domain.archive import ArchiveToken, RecordChain, RoundStamp, TreeDigest
from tests.proof_samples import AT, COMPANY, NOW, Operator, Stamper

PASS, FAIL, UNKNOWN = Outcome
YEAR = timedelta(days=365)
SOON = NOW + timedelta(minutes=5)
SHORT = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW + timedelta(hours=2))
LONG = made.Validity(not_before=NOW - timedelta(days=1), not_after=NOW + 9 * YEAR)


@pytest.fixture(scope="module")
def operator():
    """Its seal's certificate ends after two hours, its timestamps' after three years."""
    operator = Operator(validity=SHORT)
    operator.delivery(1, COMPANY, "basic")
    return operator


class Filed:
    """One evidence with its proof, no token, and a record."""

    def __init__(self, operator, folder) -> None:
        self.operator = operator
        self.one, self.other, *_ = operator.logged
        (self.path,) = operator.write(folder, self.one, token=False)
        self.beside = self.path.with_suffix(".ers")

    def record(self, stamper=None, at=SOON) -> EvidenceRecord:
        return (stamper or self.operator.outside).record(self.one.xml, at, self.other.xml)

    def put(self, record: EvidenceRecord | bytes) -> "Filed":
        data = record if isinstance(record, bytes) else record.encode()
        self.beside.write_bytes(data)
        return self

    def check(self, trust=None, at=AT):
        (file,) = verify_files([self.path], trust or self.operator.outsiders(), at).files
        return file


@pytest.fixture
def filed(operator, tmp_path):
    return Filed(operator, tmp_path)


def line(file, wanted: CheckId):
    return next(check for check in file.checks if check.id is wanted)


def stamped(file):
    return line(file, CheckId.TIMESTAMP)


def test_a_record_proves_existence_after_the_seal_s_certificate_ended(operator, filed):
    later = NOW + YEAR
    assert filed.check(at=later).result is Result.CANNOT_TELL
    file = filed.put(filed.record()).check(at=later)
    assert file.result is Result.VALID
    certificate = line(file, CheckId.CERTIFICATE)
    assert certificate.outcome is PASS
    assert "existed at 2026-11-22T09:35:16+00:00" in certificate.text.en
    assert "archive record of Outside Timestamps" in certificate.text.en
    assert "can be checked until 2029-11-21" in stamped(file).text.en
    assert [check.id for check in file.checks].count(CheckId.TIMESTAMP) == 1


def test_the_operator_s_own_record_helps_too(operator, filed):
    own = filed.record(operator.tsa)
    assert filed.put(own).check(operator.trust, at=NOW + YEAR).result is Result.VALID


def test_a_record_lies_beside_tokens_in_a_line_of_its_own(operator, tmp_path):
    (path, *_) = operator.write(tmp_path)
    record = operator.outside.record(operator.logged[0].xml, SOON)
    (tmp_path / f"{path.name}.ers").write_bytes(record.encode())
    (file,) = verify_files([path], operator.outsiders(), AT).files
    said = [check.text.en for check in file.checks if check.id is CheckId.TIMESTAMP]
    assert ["operator's own" in said[0], "Archive record" in said[1]] == [True, True]


def test_a_record_from_after_the_end_proves_nothing_of_before(filed):
    late = filed.put(filed.record(at=NOW + timedelta(hours=3)))
    file = late.check(at=NOW + YEAR)
    assert (file.result, stamped(file).outcome) == (Result.CANNOT_TELL, PASS)
    assert line(file, CheckId.CERTIFICATE).outcome is UNKNOWN


def test_a_record_that_was_not_renewed_ends_with_its_timestamp(filed):
    file = filed.put(filed.record()).check(at=NOW + 4 * YEAR)
    assert (file.result, stamped(file).outcome) == (Result.CANNOT_TELL, UNKNOWN)
    assert "not renewed before" in stamped(file).text.en


def test_a_renewed_record_is_checkable_longer(operator, filed):
    younger = Stamper("Younger Timestamps", LONG)
    renewed = younger.renew(filed.record(), NOW + 2 * YEAR)
    trust = operator.outsiders()
    roots = (*trust.outside_tsa_roots, younger.root.certificate)
    file = filed.put(renewed).check(_with(trust, outside_tsa_roots=roots), at=NOW + 5 * YEAR)
    assert file.result is Result.VALID
    assert "2026-11-22T09:35:15" in stamped(file).text.en
    assert "until 2035-" in stamped(file).text.en


def hashed_anew(operator, stamper, at=NOW + 2 * YEAR):
    """The record as the database gives it: of a round of two, whose leaves were hashed anew."""
    maths, evidence = ArchiveMaths(), [operator.logged[0].xml, operator.logged[1].xml]
    leaves = [maths.digest_of(xml) for xml in evidence]
    first = operator.outside.token_over(maths.root(leaves), SOON)
    chains = [
        RecordChain(leaf=leaf, way=way, stamps=(round_stamp(first, TreeDigest.SHA_256),))
        for leaf, way in zip(leaves, maths.siblings_of_each(leaves), strict=True)
    ]
    wanted = TreeDigest.SHA_512
    again = [
        maths.leaf_anew(xml, [chain], wanted) for xml, chain in zip(evidence, chains, strict=True)
    ]
    token = stamper.token_over(maths.root(again, wanted), at)
    way = maths.siblings(again, 0, wanted)
    second = RecordChain(leaf=again[0], way=way, stamps=(round_stamp(token, wanted),))
    return maths.record([chains[0], second])


def round_stamp(token: bytes, digest: TreeDigest) -> RoundStamp:
    kept = ArchiveToken(name="", token=token, time=NOW, until=NOW)
    return RoundStamp(token=kept, siblings=(), digest=digest)


def test_a_record_that_was_hashed_anew_is_checkable_longer(operator, filed):
    younger = Stamper("Younger Timestamps", LONG)
    trust = operator.outsiders()
    roots = (*trust.outside_tsa_roots, younger.root.certificate)
    trust = _with(trust, outside_tsa_roots=roots)
    record = hashed_anew(operator, younger)
    chains = EvidenceRecord.parse(record).chains
    assert [chain[0].algorithm for chain in chains] == [SHA256, SHA512]
    file = filed.put(record).check(trust, at=NOW + 5 * YEAR)
    assert file.result is Result.VALID
    assert "until 2035-" in stamped(file).text.en
    other = EvidenceRecord.parse(hashed_anew(operator, younger))
    mixed = EvidenceRecord(chains=(other.chains[0], chains[1]))
    file = filed.put(mixed).check(trust, at=NOW + 5 * YEAR)
    assert (file.result, stamped(file).outcome) == (Result.INVALID, FAIL)


def test_a_renewal_from_after_the_check_is_not_believed_but_does_no_harm(operator, filed):
    younger = Stamper("Younger Timestamps", LONG)
    trust = operator.outsiders()
    trust = _with(trust, tsa_roots=(*trust.tsa_roots, younger.root.certificate))
    renewed = younger.renew(filed.record(), NOW + 2 * YEAR)
    file = filed.put(renewed).check(trust, at=NOW + YEAR)
    assert file.result is Result.VALID
    assert "until 2029-" in stamped(file).text.en
    file = filed.put(filed.record()).check(trust, at=NOW + timedelta(minutes=4))
    assert (file.result, stamped(file).outcome) == (Result.VALID, UNKNOWN)
    assert "after the time of this check" in stamped(file).text.en


def test_a_damaged_record_and_one_of_another_evidence_are_refused(operator, filed):
    foreign = operator.outside.record(operator.logged[2].xml, SOON)
    for bad in (foreign, b"junk", filed.record().encode()[:-1], b""):
        file = filed.put(bad).check()
        assert (file.result, stamped(file).outcome) == (Result.INVALID, FAIL)
        assert "not this evidence's, or is damaged" in stamped(file).text.en


def test_every_byte_of_a_record_matters(filed):
    record = filed.record().encode()
    for place in range(0, len(record), 7):
        changed = record[:place] + bytes((record[place] ^ 1,)) + record[place + 1 :]
        file = filed.put(changed).check(at=NOW + YEAR)
        assert file.result is not Result.VALID, place


def test_a_stranger_s_record_neither_helps_nor_harms(filed):
    filed.put(filed.record(Stamper("Outside Timestamps")))
    file = filed.check()
    assert (file.result, stamped(file).outcome) == (Result.VALID, UNKNOWN)
    assert filed.check(at=NOW + YEAR).result is Result.CANNOT_TELL
    assert stamped(filed.check(TRUST_NOBODY)).outcome is UNKNOWN


def test_a_record_from_before_the_event_shows_a_contradiction(filed):
    file = filed.put(filed.record(at=NOW - timedelta(minutes=1))).check()
    assert (file.result, stamped(file).outcome) == (Result.INVALID, FAIL)


def test_a_record_is_checked_alone_against_the_evidence_of_its_name(operator, filed):
    filed.put(filed.record())
    (file,) = verify_files([filed.beside], operator.outsiders(), AT).files
    assert (file.kind, file.result) == (Kind.TOKEN, Result.VALID)
    filed.path.write_bytes(operator.logged[2].xml)
    assert verify_files([filed.beside], operator.outsiders(), AT).result is Result.INVALID
    filed.path.unlink()
    assert verify_files([filed.beside], operator.outsiders(), AT).result is Result.CANNOT_TELL
    filed.put(b"junk")
    assert verify_files([filed.beside], operator.outsiders(), AT).result is Result.INVALID


def _with(trust, **changes):
    return replace(trust, **changes)
