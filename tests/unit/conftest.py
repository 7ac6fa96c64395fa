"""Whatever a test verifies is verified by the small verifier too, and the results are compared."""

import sys

import pytest

from signing.standalone import tdh_verify as small
from signing.verify.report import Kind

_ALIKE = {Kind.EVIDENCE, Kind.PROOF, Kind.BUNDLE}


@pytest.fixture(autouse=True)
def _small_and_whole(request, monkeypatch):
    """Replace `verify_files`, where a test module has it, by one that compares."""
    whole = getattr(request.module, "verify_files", None)
    if whole is None:
        return

    def verify_both(paths, trust, at, *, require_anchor=False, policy=None):
        report = whole(paths, trust, at, require_anchor=require_anchor, policy=policy)
        if policy is None:
            _compare(report, paths, trust, at, require_anchor)
        return report

    monkeypatch.setattr(sys.modules[request.module.__name__], "verify_files", verify_both)


def _compare(report, paths, trust, at, require_anchor):
    """All but what it does not claim: receipts, heads and records alone, logs that are forked.

    A timestamp alone is compared in its own test.
    """
    try:
        taken = small.read_trust(trust.text(), at, require_anchor=require_anchor)
    except small.Broken:
        return  # a trust that no file can have
    found = small.check_files(paths, taken)
    for file, (path, lines) in zip(report.files, found, strict=True):
        forked = any("FORKED" in check.text.en for check in file.checks)
        head = file.kind is Kind.PROOF and path.suffix != ".tlog-proof"
        if file.kind in _ALIKE and not head and not forked:
            assert small.result(lines) == file.result.value, (file, lines)
