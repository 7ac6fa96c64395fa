"""Bundles and plain files in any mix: they fill each other's gaps and contradict each other.

The verifier in one file does not compare bundles with other files, so it is not asked here.
"""

from dataclasses import replace

import pytest

from signing import verify
from signing.compromise import CompromisedKey, names_of_path
from signing.seal_check import Outcome
from signing.verify import CheckId, Kind, Result
from tests.bundle_samples import BundlingOperator
from tests.proof_samples import AT

PASS, FAIL, UNKNOWN = Outcome


@pytest.fixture(scope="module")
def bundling(tmp_path_factory):
    return BundlingOperator(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def bundle(bundling, tmp_path):
    return bundling.write(tmp_path / "whole.asice")


def sequence(file):
    return [check.outcome for check in file.checks if check.id is CheckId.SEQUENCE]


def test_evidences_and_their_bundle_agree(bundling, bundle, tmp_path):
    files = bundling.operator.write(tmp_path / "plain")
    report = verify.verify_files([files[0], bundle, files[2]], bundling.trust, AT)
    assert report.result is Result.VALID
    assert [file.kind for file in report.files] == [Kind.EVIDENCE, Kind.BUNDLE, Kind.EVIDENCE]


def test_a_bundle_fills_the_gap_between_files(bundling, bundle, tmp_path):
    first, _, third = bundling.operator.write(tmp_path / "plain")
    assert verify.verify_files([first, third], bundling.trust, AT).result is Result.CANNOT_TELL
    report = verify.verify_files([first, third, bundle], bundling.trust, AT)
    assert report.result is Result.VALID


def test_a_bundle_leaves_no_gap_of_its_own_in_files(bundling, tmp_path):
    first, *_ = bundling.operator.write(tmp_path / "plain")
    last = bundling.write(tmp_path / "last.asice", bundling.contents(bundling.logged[2:]))
    alone = verify.verify_files([last], bundling.trust, AT)
    report = verify.verify_files([first, last], bundling.trust, AT)
    assert report.files[0].result is Result.VALID
    assert report.files[1].checks == alone.files[0].checks


def test_a_file_that_contradicts_a_bundle_fails_with_it(tmp_path):
    bundling = BundlingOperator(tmp_path / "keys")
    other = bundling.operator.log(bundling.facts(3, "Withdrawal"))
    bundle = bundling.write(tmp_path / "whole.asice", bundling.contents(bundling.logged))
    (path,) = bundling.operator.write(tmp_path / "plain", other)
    for file in (path, bundle):  # each alone is perfect
        assert verify.verify_files([file], bundling.trust, AT).result is Result.VALID
    report = verify.verify_files([bundle, path], bundling.trust, AT)
    assert [file.result for file in report.files] == [Result.INVALID] * 2
    assert FAIL in sequence(report.files[0])
    assert sequence(report.files[1]) == [FAIL]


def test_a_lost_key_counts_inside_a_bundle_too(bundling, bundle):
    for path in (bundling.operator.keys.seal.chain, (bundling.leaf,)):
        (name,) = names_of_path(path)
        lost = CompromisedKey(key=name, since=AT)
        trust = replace(bundling.trust, compromised=(lost,))
        assert verify.verify_files([bundle], trust, AT).result is Result.INVALID


def test_an_anchor_that_is_asked_for_is_asked_for_inside_a_bundle_too(bundling, bundle):
    report = verify.verify_files([bundle], bundling.trust, AT, require_anchor=True)
    assert report.result is Result.CANNOT_TELL
