"""The page that verifies, in a real browser: the same answers as `tdh verify`, and nothing leaves it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import proof_samples
import pytest
from playwright.sync_api import Page, sync_playwright

from signing import certificates as made
from signing.verify.files import verify_files
from tests.proof_samples import CITIZEN, Operator

PAGE = Path(__file__).parents[2] / "signing" / "standalone" / "tdh_verify.html"
CHROMIUM = Path("/usr/bin/chromium")
EVENTS = " ".join(CITIZEN.split()[:4])


@pytest.fixture(scope="module")
def browser() -> Iterator:
    if not CHROMIUM.exists():
        pytest.fail("needs Debian's chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield browser
        browser.close()


@dataclass
class Shown:
    """What the page says."""

    page: Page
    requests: list[str]
    complaints: list[str]

    def of(self, name: str) -> str:
        """The result of a file."""
        return str(self.page.locator(f'[data-name="{name}"]').first.get_attribute("data-result"))

    def line(self, name: str, check: str) -> list[str]:
        """The outcomes of a kind of check of a file."""
        lines = self.page.locator(f'[data-name="{name}"] li[data-id="{check}"]')
        return [str(one.get_attribute("class")) for one in lines.all()]

    def drop(self, *paths: Path) -> None:
        self.page.set_input_files("#files", [str(path) for path in paths])
        self.page.wait_for_selector("#results section, #results p.quiet")


@pytest.fixture
def shown(browser) -> Iterator[Shown]:
    context = browser.new_context(locale="en-GB")
    page, requests, complaints = context.new_page(), [], []
    page.on("request", lambda one: requests.append(one.url))
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: complaints.append(str(one)))
    page.goto(PAGE.as_uri())
    yield Shown(page=page, requests=requests, complaints=complaints)
    context.close()


@pytest.fixture(scope="module")
def operator() -> Operator:
    # The page has no clock but the browser's, so the story is of yesterday.
    operator = Operator(validity=VALIDITY)
    operator.delivery(1, EVENTS, "consent")
    return operator


VALIDITY = made.Validity(
    not_before=proof_samples.NOW - timedelta(days=1),
    not_after=proof_samples.NOW + timedelta(days=3650),
)


@pytest.fixture
def folder(operator: Operator, tmp_path: Path) -> Path:
    operator.write(tmp_path)
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    return tmp_path


def files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.name != "checkpoint")


def said_by_tdh(folder: Path, operator: Operator) -> dict[str, str]:
    paths = sorted(folder.glob("*.xml"))
    report = verify_files(paths, operator.trust, datetime.now(UTC))
    return {Path(one.file).name: one.result.value for one in report.files}


def test_evidence_with_proof_and_timestamp_is_valid_and_the_page_asks_nobody(
    shown, folder, operator
) -> None:
    shown.drop(*files(folder))
    told = said_by_tdh(folder, operator)
    assert len(told) == len(EVENTS.split())
    for name, result in told.items():
        assert (shown.of(name), result) == ("valid", "valid")
        assert shown.line(name, "anchor") == ["unknown"], "operator's word only"
        assert shown.line(name, "timestamp") == ["pass"]
    outside = [url for url in shown.requests if not url.startswith(("file:", "data:"))]
    assert outside == []
    fonts = "Failed to load resource"  # from the disk there are only the machine's own
    assert [one for one in shown.complaints if not one.startswith(fonts)] == []


def test_without_a_trust_file_nothing_is_valid(shown, folder) -> None:
    shown.drop(*(one for one in files(folder) if one.name != "trust.json"))
    for path in folder.glob("*.xml"):
        assert shown.of(path.name) == "cannot_tell"


def test_a_strangers_whole_set_does_not_verify(shown, folder, tmp_path) -> None:
    stranger = Operator(validity=VALIDITY)
    stranger.delivery(1, EVENTS, "consent")
    (tmp_path / "trust.json").write_bytes(stranger.trust.text())
    shown.drop(*files(folder))
    for path in folder.glob("*.xml"):
        assert shown.of(path.name) == "invalid"


CHANGES = {
    "another sequence": lambda xml: xml.replace(b"<tdh:Sequence>2<", b"<tdh:Sequence>3<"),
    "another sender": lambda xml: xml.replace("กรม".encode(), "กรน".encode()),
    "another time of sealing": lambda xml: xml.replace(
        b"Z</xades:SigningTime>", b"1Z</xades:SigningTime>"
    ),
    "another value": lambda xml: xml.replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
    "a comment": lambda xml: xml.replace(b"<EventTime>", b"<!-- --><EventTime>"),
    "no seal": lambda xml: xml[: xml.index(b"<ds:Signature")] + b"</ev:Evidence>",
    "cut off": lambda xml: xml[:-1],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_evidence_is_invalid_here_as_there(change, shown, folder, operator) -> None:
    path = next(folder.glob("02-*.xml"))
    changed = change(path.read_bytes())
    assert changed != path.read_bytes()
    path.write_bytes(changed)
    shown.drop(*files(folder))
    assert said_by_tdh(folder, operator)[path.name] == "invalid"
    assert shown.of(path.name) == "invalid"


def test_the_proof_of_another_evidence_is_refused(shown, folder) -> None:
    first, second = sorted(folder.glob("*.tlog-proof"))[:2]
    first.write_bytes(second.read_bytes())
    shown.drop(*files(folder))
    assert shown.of(first.with_suffix(".xml").name) == "invalid"


def test_the_letter_is_found_by_its_digest_and_another_is_not(shown, tmp_path) -> None:
    operator, letter = Operator(validity=VALIDITY), b"%PDF-1.7 a confidential letter" * 5_000_000
    facts = operator.facts(1, 1, "SubmissionAcceptance", "basic")
    document = proof_samples.replace(
        facts.documents[0], sha256=hashlib.sha256(letter).digest()
    )
    operator.log(proof_samples.replace(facts, documents=(document,)))
    operator.write(tmp_path)
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    (tmp_path / "letter.pdf").write_bytes(letter)
    (tmp_path / "other.pdf").write_bytes(b"%PDF-1.7 another")
    shown.drop(*files(tmp_path))
    shown.page.wait_for_selector('[data-name="letter.pdf"]', timeout=120_000)
    assert shown.of("letter.pdf") == "valid"
    assert shown.of("other.pdf") == "cannot_tell"


def test_its_sha_256_of_streams_is_the_one_of_everybody(shown) -> None:
    sizes = [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000, 65_537]
    told = shown.page.evaluate(
        """async (sizes) => Promise.all(sizes.map(async (size) =>
            hex(await digestOf(new Blob([new Uint8Array(size).fill(97)]).stream()))))""",
        sizes,
    )
    assert told == [hashlib.sha256(b"a" * size).hexdigest() for size in sizes]


def test_a_trust_file_out_of_its_form_is_refused(shown, folder) -> None:
    plain = json.loads((folder / "trust.json").read_text(encoding="utf-8"))
    (folder / "trust.json").write_text(json.dumps(plain | {"everybody": []}), encoding="utf-8")
    shown.page.set_input_files("#trust", str(folder / "trust.json"))
    shown.page.wait_for_selector("#results section.invalid")
    assert "everybody" in shown.page.inner_text("#results")
