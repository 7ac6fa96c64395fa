"""The page takes the one form, seals of who sealed the evidence, and no forked log."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from bundle_samples import BundlingOperator, written
from proof_samples import COMPANY, Operator
from receipt_samples import printer
from test_verify_page import VALIDITY, Shown, browser, shown

from signing.bundle.container import member
from signing.bundle.contents import members_of
from signing.evidence_document import write_evidence
from tests import evidence_samples as sample
from tests.loose_evidence import LOOSER, looser

__all__ = ["browser", "shown"]  # fixtures


def apart(act: Callable):
    """The browser's driver has a loop in this thread."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(act).result()


def test_no_looser_form_under_a_good_seal_is_valid(shown: Shown, tmp_path) -> None:
    operator = Operator(validity=VALIDITY)
    for number, change in enumerate((*LOOSER.values(), ("x", "x"))):
        one = looser(operator, *change)
        (tmp_path / f"{number}.xml").write_bytes(one.xml)
        (tmp_path / f"{number}.tlog-proof").write_bytes(operator.proof(one))
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    shown.drop(*sorted(tmp_path.iterdir()))
    shown.page.wait_for_selector(f'[data-name="{len(LOOSER)}.xml"]')
    for number, name in enumerate(LOOSER):
        assert shown.line(f"{number}.xml", "schema") == ["fail"], name
    assert shown.of(f"{len(LOOSER)}.xml") == "valid"


def test_whatever_the_writer_writes_is_in_the_form(shown: Shown) -> None:
    issuer = sample.sealing_keys().issuer
    crowd = tuple(sample.party(f"th-citizen-id:{n:013d}", name_th="ก & ข <ค>") for n in range(1000))
    all_of = [
        sample.facts(),
        sample.rejection(),
        sample.signature_status(),
        sample.by_delegates(),
        sample.facts(event="SubmissionRejection", due=None, recipients=crowd),
        sample.facts(letter_number="a\r\n\t\"'&<>]]>", particulars=()),
    ]
    texts = [write_evidence(each, issuer).decode() for each in all_of]
    told = shown.page.evaluate(
        """(texts) => texts.map((text) => {
            try { return readEvidence(new TextEncoder().encode(text)).facts.event; }
            catch (problem) { return `${problem}`; }
        })""",
        texts,
    )
    assert told == [each.event for each in all_of]


@pytest.mark.parametrize("organization", ["TDH", "Other Customer", None])
def test_below_a_shared_root_only_who_sealed_the_evidence_seals_receipts(
    organization, shown: Shown, tmp_path
) -> None:
    def made() -> tuple[bytes, bytes]:
        own = printer(organization)
        (logged, *_) = own.operator.delivery(1, COMPANY, "basic")
        return own.receipt(logged), own.trust.text()

    pdf, trust = apart(made)
    (tmp_path / "receipt.pdf").write_bytes(pdf)
    (tmp_path / "trust.json").write_bytes(trust)
    shown.drop(*tmp_path.iterdir())
    assert shown.of("receipt.pdf") == ("valid" if organization == "TDH" else "invalid")


@pytest.mark.parametrize("organization", ["TDH", "Other Customer", None])
def test_below_a_shared_root_only_who_sealed_the_evidence_seals_bundles(
    organization, shown: Shown, tmp_path
) -> None:
    operator = BundlingOperator(
        tmp_path / "keys", Operator(validity=VALIDITY), organization=organization
    )
    apart(lambda: operator.write(tmp_path / "b.asice"))
    operator.write_trust(tmp_path / "trust.json")
    shown.drop(tmp_path / "b.asice", tmp_path / "trust.json")
    assert shown.of("b.asice") == ("valid" if organization == "TDH" else "invalid")


def test_two_forked_heads_inside_one_bundle_are_found(shown: Shown, tmp_path) -> None:
    operator = BundlingOperator(tmp_path / "keys", Operator(validity=VALIDITY))
    other, third = Operator(), operator.logged[2]
    other.signer = operator.operator.signer
    for entry in (operator.logged[0].entry, b"another entry", third.entry, b"later"):
        other.add(entry)
    contents = operator.contents()
    *others, last = contents.evidences
    last = replace(last, proof=replace(last.proof, proof=other.proof(third)))
    lying = replace(contents, evidences=(*others, last))
    apart(lambda: operator.write(tmp_path / "b.asice", lying))
    operator.write_trust(tmp_path / "trust.json")
    shown.drop(tmp_path / "b.asice", tmp_path / "trust.json")
    assert shown.of("b.asice") == "invalid"
    assert "FORKED" in shown.page.inner_text("#results")


def test_receipts_inside_a_bundle_are_checked_too(shown: Shown, tmp_path: Path) -> None:
    own = printer()
    operator = BundlingOperator(tmp_path / "keys", own.operator)
    trust = replace(operator.trust, tsa_roots=(*operator.trust.tsa_roots, *own.trust.tsa_roots))
    (tmp_path / "trust.json").write_bytes(trust.text())

    def write(name: str, pdf: bytes) -> None:
        files = [
            member("receipts/01.pdf", "application/pdf", pdf),
            *members_of(operator.contents()),
        ]
        (tmp_path / name).write_bytes(written(operator.container_of(files)))

    pdf = apart(lambda: own.receipt(operator.logged[0]))
    apart(lambda: write("good.asice", pdf))
    apart(lambda: write("bad.asice", pdf.replace(b"/FontName", b"/FontNome", 1)))
    (other, *_) = own.operator.delivery(2, COMPANY, "basic")
    apart(lambda: write("other.asice", own.receipt(other)))
    told = {"good.asice": "valid", "bad.asice": "invalid", "other.asice": "invalid"}
    shown.drop(*(tmp_path / name for name in told), tmp_path / "trust.json")
    for name, result in told.items():
        shown.page.wait_for_selector(f'[data-name="{name}"]')
        assert shown.of(name) == result, shown.page.inner_text("#results")
