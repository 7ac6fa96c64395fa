"""The page that verifies, in a real browser: it says what `tdh verify` says, and asks nobody."""

import asyncio
import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import proof_samples
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page, sync_playwright
from receipt_program import ENVELOPE, ReceiptProgram

from signing import certificates as made
from signing.merkle import leaf_hash
from signing.standalone.published import published_files
from signing.verify.files import verify_files
from tdh.domain.tiles import bundle_of, pack_entries, tiles_of
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
        """The trust file by its own button, as it must be; then the others."""
        trust = [str(path) for path in paths if path.name == "trust.json"]
        if trust:
            self.page.set_input_files("#trust", trust)
            self.page.wait_for_selector("#trusted:has-text('trust.json')")
            self.page.wait_for_selector("#results .file", state="detached")
        others = [str(path) for path in paths if path.name != "trust.json"]
        self.page.set_input_files("#files", others)
        self.page.wait_for_selector("#results .file")


@contextmanager
def opened(browser, address: str) -> Iterator[Shown]:
    context = browser.new_context(locale="en-GB")
    page, requests, complaints = context.new_page(), [], []
    page.on("request", lambda one: requests.append(one.url))
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: complaints.append(str(one)))
    page.goto(address)
    yield Shown(page=page, requests=requests, complaints=complaints)
    context.close()


@pytest.fixture
def shown(browser) -> Iterator[Shown]:
    with opened(browser, PAGE.as_uri()) as shown:
        yield shown


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


def test_a_trust_file_that_comes_with_the_files_is_not_believed(shown, folder) -> None:
    """Else a stranger's folder would bring the keys that it verifies under."""
    shown.page.set_input_files("#files", [str(one) for one in files(folder)])
    shown.page.wait_for_selector("#results .file")
    assert {shown.of(one.name) for one in folder.glob("*.xml")} == {"cannot_tell"}
    assert shown.of("trust.json") == "cannot_tell"
    shown.page.set_input_files("#files", [str(folder / "trust.json")])
    shown.page.wait_for_selector("#trusted:has-text('trust.json')")
    shown.drop(*folder.glob("*.xml"), *folder.glob("*.tlog-proof"))
    assert {shown.of(one.name) for one in folder.glob("*.xml")} == {"valid"}


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
    document = proof_samples.replace(facts.documents[0], sha256=hashlib.sha256(letter).digest())
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


# --- outsiders ------------------------------------------------------------------------------------


def test_a_witness_that_is_trusted_anchors_and_a_stranger_does_not(
    shown, operator, tmp_path
) -> None:
    operator.write(tmp_path / "known", note=operator.cosigned(1))
    (tmp_path / "known" / "trust.json").write_bytes(operator.outsiders(threshold=1).text())
    shown.drop(*files(tmp_path / "known"))
    name = min((tmp_path / "known").glob("*.xml")).name
    assert (shown.of(name), shown.line(name, "anchor")) == ("valid", ["pass"])

    stranger = proof_samples.witness(9)
    operator.write(tmp_path / "strange", note=operator.cosigned(by=(stranger,)))
    (tmp_path / "strange" / "trust.json").write_bytes(operator.outsiders(threshold=1).text())
    shown.drop(*files(tmp_path / "strange"))
    shown.page.wait_for_selector(f'[data-name="{name}"][data-result="cannot_tell"]')
    assert shown.line(name, "anchor") == ["unknown"]


def test_a_witnesss_line_that_does_not_verify_is_refused(shown, operator, tmp_path) -> None:
    note = operator.cosigned(1)
    head, _, last = note.rstrip(b"\n").rpartition(b" ")
    value = bytearray(base64.b64decode(last))
    value[-1] ^= 1
    operator.write(tmp_path, note=head + b" " + base64.b64encode(bytes(value)) + b"\n")
    (tmp_path / "trust.json").write_bytes(operator.outsiders(threshold=1).text())
    shown.drop(*files(tmp_path))
    assert shown.of(min(tmp_path.glob("*.xml")).name) == "invalid"


def test_an_outside_authority_anchors_and_our_own_does_not(shown, operator, tmp_path) -> None:
    operator.write(tmp_path)
    token = operator.outside.token(operator.head(), proof_samples.NOW + timedelta(minutes=3))
    (tmp_path / "checkpoint-4-outside.tsr").write_bytes(token)
    (tmp_path / "trust.json").write_bytes(operator.outsiders().text())
    shown.drop(*files(tmp_path))
    name = min(tmp_path.glob("*.xml")).name
    assert (shown.of(name), shown.line(name, "anchor")) == ("valid", ["pass"])
    assert shown.line(name, "timestamp") == ["pass", "pass"]


@pytest.mark.parametrize("anchored", [True, False])
def test_a_key_that_others_got_counts_only_for_what_outsiders_saw_before(
    anchored, shown, operator, tmp_path
) -> None:
    operator.write(tmp_path, note=operator.cosigned(1) if anchored else None)
    spki = (
        operator.keys.seal.chain[0]
        .public_key()
        .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    since = proof_samples.NOW + timedelta(hours=1)
    plain = json.loads(operator.outsiders().text())
    plain["compromised"] = [{"key": hashlib.sha256(spki).hexdigest(), "since": since.isoformat()}]
    (tmp_path / "trust.json").write_text(json.dumps(plain), encoding="utf-8")
    shown.drop(*files(tmp_path))
    name = min(tmp_path.glob("*.xml")).name
    assert shown.of(name) == ("valid" if anchored else "invalid")


# --- the QR code of a receipt, against the public log ---------------------------------------------


@contextmanager
def serving(answers: Mapping[str, tuple[str, bytes, str | None]]) -> Iterator[str]:
    """A web server of the page and a log: path to media type, body and content policy."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the library calls
            found = answers.get(self.path)
            self.send_response(200 if found else 404)
            media_type, body, policy = found or ("text/plain", b"", None)
            self.send_header("Content-Type", media_type)
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is told."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def log_of(operator: Operator, entries: list[bytes]) -> dict[str, tuple[str, bytes, str | None]]:
    """The public files of a log, and the page."""
    answers: dict[str, tuple[str, bytes, str | None]] = {
        one.path: (one.media_type, one.body, one.content_policy) for one in published_files()
    }
    answers["/log/trust.json"] = ("application/json", operator.trust.text(), None)
    answers["/log/checkpoint"] = ("text/plain", operator.head(), None)
    for tile in tiles_of(len(entries)):
        hashes = (operator._nodes[8 * tile.level, tile.first + n] for n in range(tile.width))
        answers[f"/log/{tile.path}"] = ("application/octet-stream", b"".join(hashes), None)
        if tile.level == 0:
            bundle = bundle_of(tile)
            held = pack_entries(entries[bundle.first : bundle.first + bundle.width])
            answers[f"/log/{bundle.path}"] = ("application/octet-stream", held, None)
    return answers


@pytest.fixture(scope="module")
def long_log() -> tuple[Operator, list[bytes]]:
    """A log of several tiles; the evidence that is looked for is entry 300."""
    operator, entries = Operator(validity=VALIDITY), []
    while len(entries) < 700:
        if len(entries) == 300:
            entries.append(operator.delivery(1, "SubmissionAcceptance", "basic")[0].entry)
        else:
            entries.append(
                f"tdh-operation/v1\nnote\n2026-11-22T09:30Z\nnumber {len(entries)}\n".encode()
            )
            operator.add(entries[-1])
    assert leaf_hash(entries[300]) == operator._nodes[0, 300]
    return operator, entries


def fragment(index: int, xml: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(xml).digest()).decode().rstrip("=")
    return f"#1.{index}.{digest}"


def test_who_chose_a_trust_file_that_cannot_be_used_believes_nobody(
    browser, operator, folder, tmp_path
) -> None:
    """Least of all the service, whose own word the page had begun with."""
    (tmp_path / "mine.json").write_text('{"everybody": []}', encoding="utf-8")
    with serving(log_of(operator, [])) as base, opened(browser, f"{base}/verify") as shown:
        shown.page.set_input_files("#trust", str(tmp_path / "mine.json"))
        shown.page.wait_for_selector("#results section.invalid")
        shown.drop(*folder.glob("*.xml"), *folder.glob("*.tlog-proof"))
        assert {shown.of(one.name) for one in folder.glob("*.xml")} == {"cannot_tell"}


def test_the_qr_code_of_a_receipt_leads_to_its_place_in_the_log(browser, long_log) -> None:
    operator, entries = long_log
    xml = operator.logged[0].xml
    paper = fragment(300, xml)
    with (
        serving(log_of(operator, entries)) as base,
        opened(browser, f"{base}/verify{paper}") as shown,
    ):
        shown.page.wait_for_selector("#results .file")
        name = str(shown.page.locator("#results .file").get_attribute("data-name"))
        assert shown.line(name, "inclusion") == ["pass"]
        assert shown.line(name, "checkpoint") == ["pass"]
        assert shown.of(name) == "cannot_tell", "paper alone does not vouch for its words"
        assert "In the log; the words on paper not checked" in shown.page.inner_text("#results")
        assert "SubmissionAcceptance" in shown.page.inner_text("#results")
        assert shown.complaints == [], "the policy of the page lets it do all that it needs"
        assert all(url.startswith((base, "data:")) for url in shown.requests)


@pytest.mark.parametrize("wrong", ["another digest", "another place", "a changed tile"])
def test_a_qr_code_that_the_log_does_not_know_is_refused(wrong, browser, long_log) -> None:
    operator, entries = long_log
    xml, index, answers = operator.logged[0].xml, 300, log_of(operator, entries)
    if wrong == "another digest":
        xml += b" "
    elif wrong == "another place":
        index = 301
    else:
        path = "/log/tile/0/001"
        media_type, body, _ = answers[path]
        answers[path] = (media_type, body[:64] + bytes(32) + body[96:], None)
    with serving(answers) as base, opened(browser, f"{base}/verify{fragment(index, xml)}") as shown:
        shown.page.wait_for_selector("#results .file")
        assert shown.page.locator("#results .file.invalid").count() == 1


# --- receipts -------------------------------------------------------------------------------------


async def made_receipt(program: ReceiptProgram) -> bytes:
    client, operator = program.client(), program.operator()
    logged = operator.event("ContentHandover")
    try:
        return await client.make(
            logged.xml,
            proof=operator.proof(logged),
            tokens=[operator.own_token()],
            envelope=ENVELOPE,
        )
    finally:
        await client.close()


@pytest.fixture(scope="module")
def receipt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A receipt by the real program, its trust file beside it."""
    program = ReceiptProgram(tmp_path_factory.mktemp("r"))
    program.start()
    try:
        with ThreadPoolExecutor(1) as apart:  # the browser's driver has a loop in this thread
            pdf = apart.submit(lambda: asyncio.run(made_receipt(program))).result()
    finally:
        program.end()
    folder = tmp_path_factory.mktemp("page")
    (folder / "receipt.pdf").write_bytes(pdf)
    (folder / "trust.json").write_bytes((program.keys / "trust.json").read_bytes())
    return folder / "receipt.pdf"


def test_a_receipt_is_valid_with_its_seal_its_timestamp_and_all_inside(shown, receipt) -> None:
    shown.drop(receipt, receipt.with_name("trust.json"))
    assert shown.of("receipt.pdf") == "valid", shown.page.inner_text("#results")
    assert set(shown.line("receipt.pdf", "seal")) == {"pass"}
    lines = shown.line("receipt.pdf", "digest")
    assert lines == ["unknown", "pass", "pass"], "the words on paper; entry and envelope"
    assert [one for one in shown.complaints if "Failed to load" not in one] == []


SPOILT = {
    "a mark that can be seen": (b"/Rect [ 0 0 0 0 ]", b"/Rect [ 0 0 9 9 ]", "cannot_tell"),
    "another content of the page": (b"/Contents 1", b"/Contents 2", "cannot_tell"),
    "something behind the end": (b"%%EOF\n", b"%%EOF\n% x\n", "cannot_tell"),
    "an object less in the table": (b"0000000000 65535 f", b"0000000001 65535 f", "cannot_tell"),
    "another time": (b"(Timestamp)", b"(Timestomp)", "cannot_tell"),
    "another page": (b"/FontName", b"/FontNome", "invalid"),
}


@pytest.mark.parametrize("change", SPOILT.values(), ids=SPOILT)
def test_a_receipt_that_was_changed_is_not_valid(change, shown, receipt, tmp_path) -> None:
    old, new, result = change
    pdf = receipt.read_bytes()
    head, found, tail = pdf.rpartition(old)
    assert found
    (tmp_path / "receipt.pdf").write_bytes(head + new + tail)
    shown.drop(tmp_path / "receipt.pdf", receipt.with_name("trust.json"))
    assert shown.of("receipt.pdf") == result


def test_a_receipt_is_nothing_under_a_strangers_keys(shown, receipt, operator, tmp_path) -> None:
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    shown.drop(receipt, tmp_path / "trust.json")
    assert shown.of("receipt.pdf") == "invalid"


def test_an_answer_by_the_services_own_keys_says_so(browser, operator, tmp_path) -> None:
    operator.write(tmp_path)
    with (
        serving(log_of(operator, [one.entry for one in operator.logged])) as base,
        opened(browser, f"{base}/verify") as shown,
    ):
        shown.page.wait_for_function("ui.trust !== null")
        shown.drop(*(one for one in files(tmp_path) if one.name != "trust.json"))
        name = min(tmp_path.glob("*.xml")).name
        assert shown.of(name) == "valid"
        told = shown.page.inner_text(f'[data-name="{name}"]')
        assert "Valid, by this service's own keys" in told
        assert "(as this service claims)" in told
        shown.page.set_input_files("#trust", write_trust(tmp_path, operator))
        shown.drop(*(one for one in files(tmp_path) if one.name != "trust.json"))
        assert "by this service" not in shown.page.inner_text(f'[data-name="{name}"]')


def write_trust(folder: Path, operator: Operator) -> str:
    (folder / "trust.json").write_bytes(operator.trust.text())
    return str(folder / "trust.json")
