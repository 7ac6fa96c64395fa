"""The real `tdh-receipts`: what it makes verifies, and what it refuses to make."""

import asyncio
import hashlib
import io
import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from proof_samples import Operator
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from receipt_program import ENVELOPE, PUBLIC_URL, ReceiptProgram
from sealer_program import now

from signing import certificates as made
from signing.bundle.manifest import ManifestEntry, read_manifest
from signing.compromise import CompromisedKey
from signing.evidence_document import write_evidence
from signing.private_keys import spki_digest
from signing.receipt import attachments as names
from signing.receipt import page
from signing.receipt.attachments import attachments_of, single
from signing.receipt.layout import layout
from signing.receipt.messages import Material
from signing.receipt.qr import Fragment
from signing.receipt.statement import Statement
from signing.receipt.words import PAGES
from signing.receipt_maker.keys import load_receipt_key, load_trust, revocation_lists
from signing.receipt_maker.seal import Sealing, ValidationData
from signing.seal_check import Outcome, verify_seal
from signing.seals import Seal
from signing.trust_file import TRUST_NOBODY, TrustFile
from signing.verify.receipt import check_receipt
from signing.verify.receipt_pdf import read_receipt
from signing.verify.report import CheckId, FileReport, Kind, Result
from signing.verify.terms import Terms
from tdh.demo.letters import LetterText, letter_pdf
from tdh.domain.errors import IntegrityFailure, NoReceiptForEvent, ReceiptMakerUnavailable
from tdh.domain.log import HeadToken


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    running = ReceiptProgram(tmp_path_factory.mktemp("r"))
    running.start()
    yield running
    running.end()


@pytest.fixture(scope="module")
def operator(program):
    return program.operator()


@pytest.fixture
async def client(program):
    one = program.client()
    yield one
    await one.close()


@pytest.fixture(scope="module")
async def receipt(program, operator) -> bytes:
    """A ใบตอบรับ as the program made it."""
    client = program.client()
    pdf = await make(client, operator, operator.event("ConsignmentAcceptance"))
    await client.close()
    return pdf


async def make(client, operator, logged, **changes):
    values = {
        "proof": operator.proof(logged),
        "tokens": [operator.own_token()],
        "envelope": ENVELOPE,
    } | changes
    return await client.make(values.pop("xml", logged.xml), **values)


def terms(trust, **later) -> Terms:
    return Terms(trust=trust, at=now() + timedelta(seconds=1) + timedelta(**later))


def result(pdf, wanted: Terms) -> Result:
    lines = check_receipt(pdf, wanted)
    return FileReport(file="x", kind=Kind.RECEIPT, checks=lines).result


def problems(pdf, wanted: Terms) -> set[CheckId]:
    return {line.id for line in check_receipt(pdf, wanted) if line.outcome is Outcome.FAIL}


# --- what it makes --------------------------------------------------------------------------------


@pytest.mark.parametrize("event", PAGES)
async def test_each_kind_of_receipt_verifies_alone(program, operator, client, event) -> None:
    pdf = await make(client, operator, operator.event(event))

    lines = check_receipt(pdf, terms(program.trust))

    assert {line.outcome for line in lines if line.id is not CheckId.ANCHOR} == {Outcome.PASS}
    assert any("made again from the files inside" in line.text.en for line in lines)


async def test_an_edition_is_a_number_on_the_page_and_in_the_file(program, operator, client):
    pdf = await make(client, operator, operator.event("Withdrawal"), edition=7)

    files = read_receipt(pdf, terms(program.trust)).files

    statement = Statement.parse(single(files, names.STATEMENT) or b"")
    assert (statement.edition, statement.made_with) == (7, page.maker())
    assert statement.public_url == PUBLIC_URL
    assert not statement.is_anchored
    assert statement.provable_until is not None


async def test_a_bundle_s_manifest_is_written_and_sealed_here(client):
    entries = [ManifestEntry(uri="ก.pdf", media_type="application/pdf", sha256=bytes(32))]

    manifest, seal = await client.seal_bundle(entries)

    assert read_manifest(manifest) == tuple(entries)
    assert seal[:1] == b"\x30"
    with pytest.raises(IntegrityFailure):
        await client.seal_bundle([*entries, *entries])


# --- what it refuses ------------------------------------------------------------------------------


async def test_whoever_asks_cannot_make_it_print_something_else(operator, client):
    one, other = operator.event("Withdrawal"), operator.event("Withdrawal")
    stranger = Operator()
    strange = stranger.log(one.facts)
    wrong = [
        {"xml": one.xml.replace(b"Mr. Y", b"Mr. X")},
        {"proof": operator.proof(other)},
        {"envelope": ENVELOPE.replace(b"2026", b"2025")},
        {"record": b"0"},
        {"proof": b""},
        {"xml": b""},
        {"xml": strange.xml, "proof": stranger.proof(strange)},
    ]
    for changes in wrong:
        with pytest.raises(IntegrityFailure):
            await make(client, operator, one, **changes)
    assert await make(client, operator, one, tokens=[HeadToken(name="x", token=b"0")])


async def test_other_events_have_no_receipt(operator, client):
    with pytest.raises(NoReceiptForEvent):
        await make(client, operator, operator.event("NotificationForAcceptance"))


async def test_an_evidence_that_seals_no_envelope_gets_a_page_without_one(
    program, operator, client
):
    old = operator.event("Withdrawal", particulars=(("consignment-mode", "consent"),))

    pdf = await make(client, operator, old)

    assert result(pdf, terms(program.trust)) is Result.VALID
    assert single(read_receipt(pdf, terms(program.trust)).files, names.ENVELOPE) is None


async def test_without_its_sealer_or_itself_nothing_is_made(program, operator, client, tmp_path):
    logged = operator.event("Withdrawal")
    program.sealer.end()
    try:
        with pytest.raises(ReceiptMakerUnavailable, match="timestamp"):
            await make(client, operator, logged)
    finally:
        program.sealer.start()
    assert await make(client, operator, logged), "it goes on when the sealer is there again"
    nobody = ReceiptProgram.client(replace_socket(program, tmp_path / "none"))
    with pytest.raises(ReceiptMakerUnavailable):
        await make(nobody, operator, logged)


def replace_socket(program, path):
    other = object.__new__(ReceiptProgram)
    other.socket = path
    return other


async def test_it_does_not_start_with_a_seal_s_key_or_wrong_words(program, tmp_path):
    files = program.sealer.keys.files
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    for source, name in (
        (files.seal_key, "receipt-key.pem"),
        (files.seal_certificate, "receipt-certificate.pem"),
        (program.keys / "trust.json", "trust.json"),
    ):
        (folder / name).touch(mode=0o600)
        (folder / name).write_bytes(source.read_bytes())

    async def run(**changes) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(program.run, socket=tmp_path / "s", **changes)

    ended, named, public = await asyncio.gather(
        run(keys=folder), run(public_url="javascript:1"), run(keys=tmp_path)
    )
    assert (ended.returncode, "RFC 9336" in ended.stderr) == (66, True), ended.stderr
    assert (named.returncode, "public URL" in named.stderr) == (66, True), named.stderr
    assert public.returncode == 66
    assert not (tmp_path / "s").exists()


def test_the_receipt_key_seals_no_evidence(program, operator):
    key = load_receipt_key(program.keys)
    logged = operator.event("Withdrawal")
    lying = replace(operator.issuer, certificate=made.der(key.chain[0]))
    document = write_evidence(logged.facts, lying)
    xml = Seal(key=key.key, chain=key.chain).seal(document, signing_time=logged.facts.time)

    verdict = verify_seal(xml, program.trust.seal_roots)

    assert verdict.seal.outcome is Outcome.PASS
    assert verdict.certificate.outcome is Outcome.FAIL
    assert "receipts seals no evidence" in verdict.certificate.problem


def test_nobody_else_may_look_into_it_or_connect(program):
    assert program.process is not None
    limits = Path(f"/proc/{program.process.pid}/limits").read_text(encoding="ascii")
    assert "Max core file size        0                    0" in limits
    assert program.socket.stat().st_mode & 0o777 == 0o600


# --- what is found in a wrong one -----------------------------------------------------------------


def test_any_changed_byte_shows(program, receipt):
    wanted = terms(program.trust)
    assert result(receipt, wanted) is Result.VALID
    step = len(receipt) // 25
    for place in range(7, len(receipt), step):
        changed = bytearray(receipt)
        changed[place] ^= 1
        assert result(bytes(changed), wanted) is Result.INVALID, place


def test_an_added_revision_shows(program, receipt):
    writer = IncrementalPdfFileWriter(io.BytesIO(receipt))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"0 0 m"))
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)

    assert result(out.getvalue(), terms(program.trust)) is Result.INVALID
    assert result(receipt + b"\n%x\n", terms(program.trust)) is Result.INVALID


def test_a_page_of_other_words_shows_though_the_receipt_key_sealed_it(program, operator):
    """The operator himself cannot print what the evidence does not say."""
    refused = files_of(operator, operator.event("ConsignmentRejection"))
    accepted = files_of(operator, operator.event("ConsignmentAcceptance"))
    data = layout(page._sources(accepted), page._TRIES[0])
    lie = page._compiled(data | {"files": [page._attached(one) for one in refused]})
    assert lie is not None

    assert (
        result(sealed(program, page.make_page(refused).pdf), terms(program.trust)) is Result.VALID
    )
    assert problems(sealed(program, lie), terms(program.trust)) == {CheckId.DIGEST}


def test_nothing_is_replaced_in_the_seal_s_own_revision(program, operator):
    """Behind the bytes of the right page, and under the same seal, another could be shown."""
    files = files_of(operator, operator.event("ConsignmentRejection"))
    refusal, limits = page.make_page(files).pdf, page._TRIES[0]
    data = layout(page._sources(files_of(operator, operator.event("Withdrawal"))), limits)
    other = page._compiled(data | {"files": [page._attached(one) for one in files]}) or b""
    wanted = terms(program.trust, minutes=1)

    assert problems(sealed(program, replaced_content(refusal)), wanted) == {CheckId.SCHEMA}
    assert problems(sealed(program, annotated(refusal)), wanted) == {CheckId.SCHEMA}
    hidden = refusal + hidden_start(refusal, other)
    assert problems(sealed(program, hidden), wanted) == {CheckId.DIGEST}


def replaced_content(pdf: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    shown = writer.root["/Pages"]["/Kids"][0]
    stream = generic.StreamObject(stream_data=b"0 0 m")
    shown["/Contents"] = writer.add_object(stream)
    writer.update_container(shown)
    return written(writer)


def annotated(pdf: bytes) -> bytes:
    """Something drawn over the page."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    shown = writer.root["/Pages"]["/Kids"][0]
    box = generic.ArrayObject(generic.NumberObject(each) for each in (0, 0, 500, 800))
    note = {"/Type": "/Annot", "/Subtype": "/Square"}
    note = generic.DictionaryObject(
        {generic.NameObject(key): generic.NameObject(value) for key, value in note.items()}
    )
    note[generic.NameObject("/Rect")] = box
    shown[generic.NameObject("/Annots")] = generic.ArrayObject([writer.add_object(note)])
    writer.update_container(shown)
    return written(writer)


def written(writer: IncrementalPdfFileWriter) -> bytes:
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def hidden_start(right: bytes, wrong: bytes) -> bytes:
    """Another whole page behind the right one, whose places in the file are moved on."""
    place = len(right) + 1
    wrong = wrong.replace(b"%PDF", b"%PDE", 1)
    start = wrong.rindex(b"xref\n", 0, wrong.rindex(b"startxref"))

    def moved(row: re.Match[bytes]) -> bytes:
        return b"%010d%b" % (int(row[1]) + place, row[2])

    rows = re.sub(rb"([0-9]{10})( 00000 n)", moved, wrong[start:])
    end = re.sub(rb"startxref\n[0-9]+", b"startxref\n%d" % (start + place), rows)
    return b"\n" + wrong[:start] + end + b"\n"


@pytest.mark.parametrize(
    ("claim", "failed", "told"),
    [
        ({"stamped_at": timedelta(days=-400)}, True, "times of timestamps"),
        ({"recorded_at": timedelta(days=-400)}, True, "times of timestamps"),
        ({"provable_until": timedelta(days=9000)}, True, "times of timestamps"),
        (
            {"is_anchored": True, "anchor_en": "Anchored by the Supreme Court."},
            False,
            "anchored it",
        ),
        ({"seal_root": bytes(32)}, False, "another root"),
    ],
)
def test_what_the_operator_claims_on_the_page_is_compared(program, operator, claim, failed, told):
    """The page is made of `receipt.json`, too, so it is the right page of a wrong claim."""
    files = files_of(operator, operator.event("Withdrawal"))
    (last,) = [one for one in files if one.name == names.STATEMENT]
    later = {key: now() + one if isinstance(one, timedelta) else one for key, one in claim.items()}
    text = replace(Statement.parse(last.data), **later).text()
    pdf = sealed(program, page.make_page([*files[:-1], replace(last, data=text)]).pdf)

    lines = check_receipt(pdf, terms(program.trust, minutes=1))

    assert any("made again from the files inside" in line.text.en for line in lines)
    (line,) = [line for line in lines if told in line.text.en]
    assert line.outcome is (Outcome.FAIL if failed else Outcome.UNKNOWN)


def test_a_page_by_another_version_is_told_to_be_the_operator_s_word(program, operator):
    made_with = "typst 9.9.9, page 0000000000000000"
    files = files_of(operator, operator.event("Withdrawal"), made_with=made_with)
    data = layout(page._sources(files), page._TRIES[1]) | {
        "files": [page._attached(one) for one in files],
        "title": {"th": "ใบ", "en": "Paper"},
    }
    lines = check_receipt(sealed(program, page._compiled(data) or b""), terms(program.trust))

    (told,) = [line for line in lines if made_with in line.text.en]
    assert (told.outcome, told.needed) == (Outcome.UNKNOWN, False)
    assert "the operator's" in told.text.en


def files_of(operator, logged, made_with=None):
    material = Material(
        xml=logged.xml,
        proof=operator.proof(logged),
        tokens=(operator.own_token(),),
        record=None,
        envelope=ENVELOPE,
    )
    statement = Statement(
        edition=1,
        made_with=made_with or page.maker(),
        public_url=PUBLIC_URL,
        seal_root=bytes(32),
        is_anchored=False,
        anchor_th="-",
        anchor_en="-",
        stamped_at=None,
        recorded_at=None,
        provable_until=None,
    )
    return attachments_of(material, statement.text())


def sealed(program, pdf: bytes) -> bytes:
    """Any PDF under the receipt key, as only the program itself could."""
    data = ValidationData(
        roots=(*program.trust.seal_roots, *program.trust.tsa_roots),
        revocation_lists=revocation_lists(program.keys),
    )
    return Sealing(load_receipt_key(program.keys), program.sealer.socket, now).seal_pdf(pdf, data)


def test_a_stranger_s_receipt_does_not_verify(program, receipt, tmp_path):
    stranger = Operator()

    assert result(receipt, terms(stranger.trust)) is Result.INVALID
    assert result(receipt, terms(TRUST_NOBODY)) is Result.CANNOT_TELL
    only_log = TrustFile(logs=program.trust.logs)
    assert result(receipt, terms(only_log)) is Result.CANNOT_TELL


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"%PDF-1.7\n%%EOF\n", b"x" * 1000])
def test_what_is_no_receipt_is_called_so(program, data):
    (line,) = check_receipt(data, terms(program.trust))

    assert (line.id, line.outcome) == (CheckId.SCHEMA, Outcome.FAIL)


def test_a_signed_letter_is_no_receipt(program):
    text = LetterText(number="1", day=now().date(), subject="x", salutation="x", body=("x",))

    lines = check_receipt(sealed(program, letter_pdf(text)), terms(program.trust))

    assert [(line.id, line.outcome) for line in lines] == [(CheckId.SCHEMA, Outcome.FAIL)]


# --- years later ----------------------------------------------------------------------------------


def test_it_verifies_after_its_certificate_s_end_as_long_as_its_timestamps(program, receipt):
    key = load_receipt_key(program.keys)
    years = key.chain[0].not_valid_after_utc - now()

    assert result(receipt, terms(program.trust, seconds=years.total_seconds() + 10)) is Result.VALID
    later = terms(program.trust, days=5 * 365)
    assert result(receipt, later) is Result.CANNOT_TELL
    assert not problems(receipt, later)


def test_a_timestamp_by_a_key_in_other_hands_does_not_lengthen_its_life(program, receipt):
    years = load_receipt_key(program.keys).chain[0].not_valid_after_utc - now()
    (root,) = program.trust.tsa_roots
    name = spki_digest(root.public_key()).hex()
    told = replace(program.trust, compromised=(CompromisedKey(key=name, since=now()),))

    lines = check_receipt(receipt, terms(told, seconds=years.total_seconds() + 10))

    (of_page, *_) = [line for line in lines if line.id is CheckId.CERTIFICATE]
    assert of_page.outcome is Outcome.UNKNOWN


def test_a_receipt_key_in_other_hands_asks_for_a_new_edition(program, receipt):
    name = spki_digest(load_receipt_key(program.keys).chain[0].public_key()).hex()
    gone = CompromisedKey(key=name, since=now() - timedelta(days=1))
    told = replace(program.trust, compromised=(gone,))

    lines = check_receipt(receipt, terms(told))

    failed = [line for line in lines if line.outcome is Outcome.FAIL]
    assert [line.id for line in failed] == [CheckId.CERTIFICATE]
    assert "new edition" in failed[0].text.en


async def test_the_code_says_where_the_log_has_the_evidence(program, operator, client):
    logged = operator.event("Withdrawal")
    pdf = await make(client, operator, logged)
    xml = single(read_receipt(pdf, terms(program.trust)).files, names.EVIDENCE) or b""

    wanted = Fragment(index=logged.index, digest=hashlib.sha256(xml).digest())

    files = read_receipt(pdf, terms(program.trust)).files
    assert layout(page._sources(files), page._TRIES[0])["qr_alt"].endswith(f"#{wanted.text()}")
    assert load_trust(program.keys) == program.trust
