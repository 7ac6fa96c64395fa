"""Receipts inside a bundle are checked like any other; the small verifier says that it does not."""

from dataclasses import replace

import pytest

from signing.bundle.container import member
from signing.bundle.contents import members_of
from signing.standalone import tdh_verify as small
from signing.verify.bundle import check_bundle
from signing.verify.report import FileReport, Kind
from signing.verify.terms import Terms
from tests.bundle_samples import BundlingOperator, written
from tests.proof_samples import AT, COMPANY
from tests.receipt_samples import Printer, printer


class Both:
    """An operator who bundles and prints."""

    def __init__(self, folder, own: Printer) -> None:
        self.own, self.folder = own, folder
        self.bundling = BundlingOperator(folder / "keys", own.operator)
        trust = self.bundling.trust
        self.trust = replace(trust, tsa_roots=(*trust.tsa_roots, *own.trust.tsa_roots))

    def write(self, pdf: bytes):
        files = [*members_of(self.bundling.contents())]
        files.insert(0, member("receipts/01.pdf", "application/pdf", pdf))
        path = self.folder / "b.asice"
        path.write_bytes(written(self.bundling.container_of(files)))
        return path

    def said(self, pdf: bytes) -> tuple[str, str]:
        lines = check_bundle(self.write(pdf), Terms(trust=self.trust, at=AT))
        (text,) = (line.text.en for line in lines if "receipts/01.pdf" in line.text.en)
        return FileReport(file="b", kind=Kind.BUNDLE, checks=lines).result.value, text


@pytest.fixture
def both(tmp_path) -> Both:
    return Both(tmp_path, printer())


def test_a_receipt_of_an_evidence_inside_is_valid_and_is_said_to_be(both) -> None:
    pdf = both.own.receipt(both.bundling.logged[0])
    assert both.said(pdf) == (
        "valid",
        "receipts/01.pdf is a valid receipt by itself, of an evidence in the bundle.",
    )


def test_a_changed_receipt_under_the_bundle_s_good_seal_is_invalid(both) -> None:
    pdf = both.own.receipt(both.bundling.logged[0]).replace(b"/FontName", b"/FontNome", 1)
    result, text = both.said(pdf)
    assert result == "invalid"
    assert "no valid receipt by itself. This is no receipt: the file was altered" in text
    assert both.said(b"%PDF-1.7 anything")[0] == "invalid"


def test_a_receipt_of_another_delivery_is_refused(both) -> None:
    (other, *_) = both.own.operator.delivery(2, COMPANY, "basic")
    result, text = both.said(both.own.receipt(other))
    assert (result, "receipt of no evidence in the bundle" in text) == ("invalid", True)


def test_the_small_verifier_says_that_it_is_to_be_checked_by_itself(both) -> None:
    path = both.write(b"%PDF-1.7 anything")
    lines = small.check_bundle(path, small.read_trust(both.trust.text(), AT))
    assert small.result(lines) == "valid"
    (line,) = (line for line in lines if "receipts/01.pdf" in line.why)
    assert (line.outcome, line.needed) == (small.UNKNOWN, False)
    assert "check it by itself" in line.why
