"""The client commands against a running interface: what they print, keep, and exit with."""

import asyncio
import json

import pytest

from signing.timestamp_messages import token_of_reply
from tdh.cli.main import main
from tdh.domain.log import Anchor, AnchorKind, SignedHead
from tests import builders
from tests.integration.api_service import AGENCY, CITIZEN, COMPANY, PDF, ApiService

LARGE = PDF + b"x" * 3_000_000


class CommandLine:
    """Runs `tdh` with one party's token file."""

    def __init__(self, service, folder, capsys):
        self.service, self.folder, self._capsys = service, folder, capsys
        self.out = self.err = ""

    async def __call__(self, *words, token=AGENCY, server=None):
        file = self.folder / "token"
        file.write_text(token + "\n")
        server = server or f"http://127.0.0.1:{self.service.port}"
        more = ["--server", server, "--token-file", str(file)]
        try:
            code = await asyncio.to_thread(main, [*words, *more])
        except SystemExit as ended:
            code = ended.code
        self.out, self.err = self._capsys.readouterr()
        return code

    @property
    def json(self):
        # The application under test logs to the same output.
        lines = [one for one in self.out.splitlines() if "http-request" not in one]
        return json.loads("\n".join(lines))

    def letter(self, data=PDF, name="หนังสือ 1234.pdf"):
        path = self.folder / name
        path.write_bytes(data)
        return str(path)

    async def send(self, *more, to=builders.CITIZEN, data=PDF):
        words = ("--number", "ดศ 0201/1234", "--subject", "แจ้งผล", "--json", *more)
        code = await self("send", self.letter(data), "--to", to, *words)
        assert code == 0, self.err
        await self.service.memory.forward_all(self.service.ids)
        return self.json["deliveries"][0]["id"]


@pytest.fixture
async def tdh(tmp_path, capsys):
    async with ApiService().running() as service:
        yield CommandLine(service, tmp_path, capsys)


async def test_a_letter_goes_in_with_its_enclosure_and_is_shown_to_people(tdh):
    enclosure = tdh.folder / "a.csv"
    enclosure.write_bytes(b"1,2\n")
    code = await tdh(
        "send",
        tdh.letter(LARGE),
        "--to",
        f"{builders.CITIZEN}:consent",
        "--to",
        builders.COMPANY,
        "--number",
        "ดศ 0201/1234",
        "--subject",
        "แจ้งผล",
        "--date",
        "๒๒/๑๑/๒๕๖๙",
        "--enclosure",
        str(enclosure),
        "--accept-within",
        "P7D",
    )
    assert code == 0, tdh.err
    assert "รับฝากแล้ว / accepted" in tdh.out
    assert "22 พฤศจิกายน พ.ศ. 2569 เวลา 14.00 น." in tdh.out
    (letter,) = tdh.service.memory.letters.values()
    assert letter.envelope.date.isoformat() == "2026-11-22"
    assert [one.filename for one in letter.documents] == ["หนังสือ 1234.pdf", "a.csv"]
    modes = {
        dossier.recipient.id: (dossier.delivery.mode.value, dossier.delivery.accept_within)
        for dossier in tdh.service.memory.dossiers.values()
    }
    assert modes[builders.COMPANY] == ("basic", None)
    assert modes[builders.CITIZEN][0] == "consent"
    assert modes[builders.CITIZEN][1].days == 7


async def test_what_the_service_refuses_is_exit_1_in_both_languages(tdh):
    words = ("--number", "1", "--subject", "x")
    path = tdh.letter(b"no pdf")
    assert await tdh("send", path, "--to", builders.CITIZEN, *words) == 1
    assert "ไม่ใช่ไฟล์ PDF / This is not a PDF. (not-a-pdf)" in tdh.err
    assert "SubmissionRejection" in tdh.err
    assert await tdh("send", path, "--to", "th-agency:nobody", *words, "--json") == 1
    assert tdh.json["code"] == "recipient-not-registered"


async def test_a_wrong_field_is_told_once(tdh):
    words = ("--number", "1", "--subject", "", "--to", builders.CITIZEN)
    assert await tdh("send", tdh.letter(), *words) == 1
    assert tdh.err.count("/subject:") == 1
    assert "`errors`" not in tdh.err


async def test_a_term_that_no_recipient_has_is_not_dropped_silently(tdh):
    words = ("--number", "1", "--subject", "x", "--accept-within", "P7D")
    assert await tdh("send", tdh.letter(), *words, "--to", builders.CITIZEN) == 64
    assert "ลงทะเบียน" in tdh.err
    assert not tdh.service.memory.letters


async def test_usage_files_and_servers_have_exit_codes_of_their_own(tdh):
    words = ("--to", builders.CITIZEN, "--number", "1", "--subject", "x")
    assert await tdh("send", "/does/not/exist.pdf", *words) == 66
    assert await tdh("send", tdh.letter()) == 64
    assert await tdh("show", "nonsense") == 64
    assert await tdh("inbox", server="ftp://x") == 64
    assert await tdh("inbox", server="http://127.0.0.1:9") == 69
    assert tdh.err == ("tdh: ติดต่อบริการไม่ได้ / the service cannot be reached: http://127.0.0.1:9\n")
    assert await tdh("inbox", token="wrong") == 1
    assert "unauthenticated" in tdh.err
    assert "--token-file" in tdh.err
    assert "Bearer" not in tdh.err


async def test_a_recipient_looks_accepts_and_cannot_refuse_after(tdh):
    delivery = await tdh.send(to=f"{builders.CITIZEN}:consent")
    assert await tdh("inbox", token=CITIZEN) == 0
    assert "รอผู้รับลงรับ" in tdh.out
    assert delivery in tdh.out
    assert await tdh("accept", delivery, token=CITIZEN) == 0
    assert "ลงรับแล้ว / accepted" in tdh.out
    assert await tdh("refuse", delivery, "--note", "x", token=CITIZEN) == 1
    assert "มีผลไปแล้ว / Decided before (already-final)" in tdh.err
    assert await tdh("inbox", "--state", "refused", token=CITIZEN) == 0
    assert "ไม่มีหนังสือ" in tdh.out


async def test_a_delivery_is_refused_by_its_number_with_words(tdh):
    delivery = await tdh.send(to=f"{builders.CITIZEN}:consent")
    number = tdh.service.memory.dossiers[delivery].delivery.tracking
    assert await tdh("refuse", number.lower(), "--note", "ไม่รับ", token=CITIZEN) == 0
    assert tdh.service.memory.events[delivery][-1].note == "ไม่รับ"
    assert await tdh("track", number) == 0
    assert "ผู้รับปฏิเสธ / refused" in tdh.out
    assert await tdh("show", delivery, "--json", token=CITIZEN) == 0
    assert [one["event"] for one in tdh.json["events"]][-1] == "ConsignmentRejection"


async def test_a_program_receives_once_and_finds_it_done_when_started_again(tdh):
    delivery = await tdh.send(to=builders.COMPANY)
    to = tdh.folder / "in"
    assert await tdh("receive", "--to", str(to), token=COMPANY) == 0, tdh.err
    assert (to / delivery / "01-หนังสือ 1234.pdf").read_bytes() == PDF
    assert json.loads((to / delivery / "envelope.json").read_text())["id"] == delivery
    assert tdh.service.memory.happened(delivery)[-1] == "ContentHandover"
    assert not list(to.rglob("*.partial"))
    commands = list(tdh.service.memory.commands)
    assert await tdh("receive", "--to", str(to), token=COMPANY) == 0
    assert tdh.service.memory.commands == commands
    assert "nothing to receive" in tdh.err


async def test_a_program_ended_before_its_acknowledgement_does_not_fetch_again(tdh):
    delivery = await tdh.send(to=builders.COMPANY)
    folder = tdh.folder / "in" / delivery
    folder.mkdir(parents=True)
    (folder / "01-หนังสือ 1234.pdf").write_bytes(PDF)
    assert await tdh("receive", "--to", str(folder.parent), "--json", token=COMPANY) == 0
    assert "TrackAccess" not in tdh.service.memory.commands
    assert tdh.service.memory.happened(delivery)[-1] == "ContentHandover"


async def test_a_person_receives_by_the_transport(tdh):
    delivery = await tdh.send(to=builders.CITIZEN)
    assert await tdh("receive", "--to", str(tdh.folder / "in"), token=CITIZEN) == 0
    for _ in range(100):
        if tdh.service.memory.happened(delivery)[-1] == "ContentHandover":
            break
        await asyncio.sleep(0.01)
    assert tdh.service.memory.happened(delivery)[-1] == "ContentHandover"
    assert "Acknowledge" not in tdh.service.memory.commands


async def test_a_document_that_came_out_wrong_is_not_kept(tdh):
    delivery = await tdh.send(to=builders.COMPANY)
    (letter,) = tdh.service.memory.documents
    tdh.service.memory.documents[letter][1] = b"y" * len(PDF)
    to = tdh.folder / "in"
    assert await tdh("receive", "--to", str(to), token=COMPANY) == 1
    assert "wrong digest" in tdh.err
    assert not [one for one in (to / delivery).iterdir() if one.is_file()]
    assert "Acknowledge" not in tdh.service.memory.commands


async def test_evidence_is_saved_with_its_proofs_under_names_that_verify_finds(tdh):
    delivery = await tdh.send()
    events = (await tdh.service.call("GET", f"/v1/deliveries/{delivery}/evidence")).json["data"]
    for one in events:
        tdh.service.proofs.of[one["id"]] = b"proof\n"
    to = tdh.folder / "evidence"
    assert await tdh("evidence", delivery, "-o", str(to)) == 0, tdh.err
    names = sorted(one.name for one in to.iterdir())
    assert names == [
        "01-SubmissionAcceptance.tlog-proof",
        "01-SubmissionAcceptance.xml",
        "02-ContentConsignment.tlog-proof",
        "02-ContentConsignment.xml",
    ]
    xml = await tdh.service.call("GET", events[0]["href"])
    assert (to / "01-SubmissionAcceptance.xml").read_bytes() == xml.body
    one = tdh.folder / "one"
    assert await tdh("evidence", events[1]["id"], "-o", str(one), "--json") == 0
    assert len(tdh.json["saved"]) == 2


async def test_the_timestamp_of_the_proofs_head_lies_beside_them(tdh):
    delivery = await tdh.send()
    proofs, to = tdh.service.proofs, tdh.folder / "evidence"
    events = (await tdh.service.call("GET", f"/v1/deliveries/{delivery}/evidence")).json["data"]
    for one in events:
        proofs.of[one["id"]] = b"an earlier head\n"
    assert await tdh("evidence", delivery, "-o", str(to)) == 0, tdh.err
    assert not (to / "checkpoint.tsr").exists(), "there is no head to ask for"
    note = b"log.example\n2\nroot\n"
    proofs.newest = SignedHead(size=2, root=b"r", note=note, token=b"\x30\x00")
    for one in events:
        proofs.of[one["id"]] = b"proof\n\n" + note
    assert await tdh("evidence", delivery, "-o", str(to)) == 0, tdh.err
    for name in ("checkpoint.tsr", "checkpoint-2.tsr"):
        assert token_of_reply((to / name).read_bytes()) == b"\x30\x00"
    assert (to / "01-SubmissionAcceptance.tlog-proof").read_bytes() == b"proof\n\n" + note
    assert not list(to.glob("*.ers"))


async def test_outsiders_timestamps_and_archive_records_are_saved_too(tdh):
    delivery = await tdh.send()
    proofs, to = tdh.service.proofs, tdh.folder / "evidence"
    events = (await tdh.service.call("GET", f"/v1/deliveries/{delivery}/evidence")).json["data"]
    note = b"log.example\n2\nroot\n"
    proofs.newest = SignedHead(size=2, root=b"r", note=note, token=b"\x30\x00")
    stamp = {"size": 2, "kind": AnchorKind.TIMESTAMP, "time": builders.NOW}
    proofs.anchors = [
        Anchor(**stamp, name="outsider", body=b"\x30\x02\x05\x00"),
        Anchor(**stamp, name="../elsewhere", body=b"\x30\x00"),
    ]
    proofs.record = b"\x30\x00record"
    for one in events:
        proofs.of[one["id"]] = b"proof\n\n" + note
    assert await tdh("evidence", delivery, "-o", str(to)) == 0, tdh.err
    assert sorted(one.name for one in to.iterdir()) == [
        "01-SubmissionAcceptance.ers",
        "01-SubmissionAcceptance.tlog-proof",
        "01-SubmissionAcceptance.xml",
        "02-ContentConsignment.ers",
        "02-ContentConsignment.tlog-proof",
        "02-ContentConsignment.xml",
        "checkpoint-2-outsider.tsr",
        "checkpoint-2.tsr",
        "checkpoint.tsr",
    ]
    outside = (to / "checkpoint-2-outsider.tsr").read_bytes()
    assert token_of_reply(outside) == b"\x30\x02\x05\x00"
    assert (to / "01-SubmissionAcceptance.ers").read_bytes() == b"\x30\x00record"


async def test_evidence_is_never_written_over_other_evidence(tdh):
    to = tdh.folder / "evidence"
    first = await tdh.send()
    assert await tdh("evidence", first, "-o", str(to), "--wait", "0") == 1
    kept = (to / "01-SubmissionAcceptance.xml").read_bytes()
    second = await tdh.send()
    assert await tdh("evidence", second, "-o", str(to), "--wait", "0") == 66
    assert "another file is there" in tdh.err
    assert (to / "01-SubmissionAcceptance.xml").read_bytes() == kept


async def test_evidence_without_a_proof_is_saved_and_said_to_be_without(tdh):
    delivery = await tdh.send()
    to = tdh.folder / "evidence"
    assert await tdh("evidence", delivery, "-o", str(to), "--wait", "0") == 1
    assert (to / "01-SubmissionAcceptance.xml").exists()
    assert "no proof yet" in tdh.err


async def test_the_same_key_sends_one_letter(tdh):
    for _ in range(2):
        await tdh.send("--idempotency-key", "mine")
    assert len(tdh.service.memory.letters) == 1


async def test_people_are_told_what_each_document_is_and_who_signed(tdh):
    tdh.service.judge.signers = {b"foreign": builders.signer(tax_id="0994000165510")}
    scan = tdh.folder / "scan.png"
    scan.write_bytes(b"\x89PNG a scan")
    words = ("--number", "1", "--subject", "x", "--enclosure", str(scan))
    file = tdh.letter(PDF + b" foreign")
    code = await tdh("send", file, "--to", builders.CITIZEN, *words, token=COMPANY)
    assert code == 0, tdh.err
    said = tdh.out
    for expected in ("signature valid", "signed by somebody else", "ไม่มีลายมือชื่อ / unsigned"):
        assert expected in said
    await tdh.service.memory.forward_all(tdh.service.ids)
    (letter,) = tdh.service.memory.letters
    for id_, token in ((letter, COMPANY), (next(iter(tdh.service.memory.dossiers)), CITIZEN)):
        assert await tdh("show", id_, token=token) == 0, tdh.err
        assert "ผู้ลงนามเป็นผู้อื่น" in tdh.out
        assert "unsigned" in tdh.out


async def test_the_report_is_printed_as_evidence_names_it(tdh):
    delivery = await tdh.send()
    (letter,) = tdh.service.memory.letters
    for id_, more, token in (
        (letter, (), AGENCY),
        (letter, ("1",), AGENCY),
        (delivery, ("1",), AGENCY),
        (delivery, (), CITIZEN),
    ):
        assert await tdh("show", id_, "--report", *more, token=token) == 0, tdh.err
        printed = [one for one in tdh.out.splitlines() if "http-request" not in one]
        assert "".join(printed).encode() == tdh.service.memory.reports[letter, 1]
    assert await tdh("show", letter, "--report", "2") == 1
    assert "ไม่พบ / Not found" in tdh.err
