"""`tdh verify` as people and programs call it: words, JSON, exit codes, whom it believes."""

import json
import os
from argparse import Namespace
from pathlib import Path

import pytest

from tdh.cli import verify
from tdh.cli.main import main
from tests.proof_samples import AT, COMPANY, Operator

VALID, INVALID, CANNOT_TELL, USAGE, NO_INPUT, INTERNAL = 0, 1, 2, 64, 66, 70


@pytest.fixture(scope="module")
def operator():
    operator = Operator()
    operator.delivery(1, COMPANY, "basic")
    return operator


@pytest.fixture
def folder(operator, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("TDH_HOME", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(verify, "SYSTEM_TRUST", tmp_path / "etc" / "trust.json")
    operator.write(tmp_path / "evidence")
    (tmp_path / "trust.json").write_bytes(operator.trust.text())
    return tmp_path


def call(*words) -> int:
    return main(["verify", *map(str, words), "--at", AT.isoformat()])


def test_json_says_what_the_contract_says(folder, capsys):
    assert call("evidence/01-SubmissionAcceptance.xml", "--trust", "trust.json", "--json") == VALID
    found = json.loads(capsys.readouterr().out)
    assert found["result"] == "valid"
    (file,) = found["files"]
    assert file["file"] == "evidence/01-SubmissionAcceptance.xml"
    assert (file["kind"], file["result"]) == ("evidence", "valid")
    assert " ".join(check["id"] for check in file["checks"]) == (
        "schema seal certificate digest inclusion checkpoint anchor timestamp sequence"
    )
    assert {check["result"] for check in file["checks"]} == {"pass", "unknown"}
    assert all(check["text"]["th"] and check["text"]["en"] for check in file["checks"])


def test_people_get_a_line_a_check_in_their_language(folder, capsys, monkeypatch):
    words = ("evidence/03-ContentHandover.xml", "--trust", "trust.json")
    assert call(*words) == VALID
    english = capsys.readouterr().out.splitlines()
    assert english[0] == "evidence/03-ContentHandover.xml: valid"
    assert [line[:3] for line in english[1:]] == ["  ✓"] * 6 + ["  –"] + ["  ✓"] * 2
    monkeypatch.setenv("LANG", "th_TH.UTF-8")
    assert call(*words) == VALID
    thai = capsys.readouterr().out
    assert "ตราประทับครบถ้วน" in thai
    assert call(*words, "--lang", "en") == VALID
    assert capsys.readouterr().out.splitlines() == english


def test_a_terminal_gets_lines_that_fit_it(folder, operator):
    files = [folder / "evidence" / "03-ContentHandover.xml"]
    report = verify.verify_files(files, operator.trust, AT)
    for thai in (True, False):
        wide = list(verify.picture(report, thai=thai))
        narrow = [
            line
            for part in verify.picture(report, thai=thai, width=80)
            for line in part.split("\n")
        ]
        assert len(narrow) > len(wide) == 10
        assert [" ".join(" ".join(wide[1:]).split())] == [" ".join(" ".join(narrow[1:]).split())]
        assert all(len(line) <= 80 or " " not in line.strip() for line in narrow[1:])


def test_a_flipped_byte_is_invalid_and_the_check_is_marked(folder, capsys):
    path = Path("evidence/02-ContentConsignment.xml")
    data = bytearray(path.read_bytes())
    data[data.index(b"EventTime") + 20] ^= 1
    path.write_bytes(data)
    assert call(path, "--trust", "trust.json") == INVALID
    assert "  ✗ digest" in capsys.readouterr().out


def test_of_several_files_the_worst_counts(folder, capsys):
    files = sorted(Path("evidence").glob("*.xml"))
    assert call(*files, "--trust", "trust.json") == VALID
    assert "valid: 3" in capsys.readouterr().out
    Path("evidence/02-ContentConsignment.tlog-proof").unlink()
    assert call(*files, "--trust", "trust.json") == CANNOT_TELL
    Path("evidence/03-ContentHandover.tlog-proof").write_bytes(b"x")
    assert call(*files, "--trust", "trust.json") == INVALID


def test_the_anchor_may_be_required(folder):
    file = "evidence/01-SubmissionAcceptance.xml"
    assert call(file, "--trust", "trust.json", "--require-anchor") == CANNOT_TELL


def test_a_witness_policy_is_asked_for_by_its_file(folder, operator, capsys):
    file = "evidence/01-SubmissionAcceptance.xml"
    (folder / "trust.json").write_bytes(operator.outsiders().text())
    (folder / "policy").write_text(
        f"log {operator.signer.vkey}\n"
        f"witness one {operator.witnesses[0].vkey}\n"
        f"witness two {operator.witnesses[1].vkey}\n"
        "group both all one two\nquorum both\n"
    )
    words = (file, "--trust", "trust.json", "--witness-policy", "policy", "--lang", "en")
    assert call(*words) == CANNOT_TELL
    assert "– anchor      Operator's word only" in capsys.readouterr().out
    operator.write(folder / "evidence", note=operator.cosigned(1))
    assert call(*words) == CANNOT_TELL
    assert "policy is not met" in capsys.readouterr().out
    operator.write(folder / "evidence", note=operator.cosigned(1, 2))
    assert call(*words) == VALID
    out = capsys.readouterr().out
    assert "✓ anchor      Anchored by the witness witness.example/w1 (2026-11-22T09:32:15" in out
    assert call(*words[:-1], "th") == VALID
    assert "คนนอกรับรองหัวสมุดบันทึกนี้แล้ว: พยาน witness.example/w1" in capsys.readouterr().out
    (folder / "policy").write_text("quorum both\n")
    assert call(*words) == USAGE
    assert "line 1: both is not defined" in capsys.readouterr().err
    (folder / "policy").unlink()
    assert call(*words) == NO_INPUT


def test_a_fork_is_said_first_and_by_exit_code(folder, operator, capsys):
    liar = Operator(origin=operator.signer.name)
    liar.keys, liar.issuer, liar.signer = operator.keys, operator.issuer, operator.signer
    liar.delivery(2, COMPANY, "basic")
    liar.write(folder / "other")
    (folder / "trust.json").write_bytes(operator.trust.text())
    files = "evidence/01-SubmissionAcceptance.xml", "other/02-ContentConsignment.xml"
    assert call(*files, "--trust", "trust.json") == INVALID
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "evidence/01-SubmissionAcceptance.xml: INVALID"
    assert lines[1].startswith("  ✗ checkpoint  THE LOG IS FORKED")
    assert all(file in lines[1] for file in files)


def test_a_name_that_would_disturb_the_terminal_is_shown_without_it(folder, capsys):
    odd = folder / "a\x1b[2Jb\u202e.xml"
    odd.write_bytes(b"x")
    assert call(odd, "--trust", "trust.json") == INVALID
    out = capsys.readouterr().out
    assert "a[2Jb.xml: INVALID" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_only_installed_trust_is_used_unasked(folder, operator, monkeypatch):
    file = "evidence/01-SubmissionAcceptance.xml"
    Path(".tdh").mkdir()
    Path(".tdh/trust.json").write_bytes(operator.trust.text())  # came with the files, perhaps
    assert call(file) == CANNOT_TELL
    monkeypatch.setenv("TDH_HOME", "elsewhere")
    assert call(file) == CANNOT_TELL
    monkeypatch.setenv("TDH_HOME", ".tdh")
    assert call(file) == VALID
    monkeypatch.delenv("TDH_HOME")
    verify.SYSTEM_TRUST.parent.mkdir()
    verify.SYSTEM_TRUST.write_bytes(operator.trust.text())
    assert call(file) == VALID


def test_what_cannot_be_opened_is_said_with_its_name(folder, capsys):
    (folder / "gone.xml").unlink(missing_ok=True)
    assert call("gone.xml") == NO_INPUT
    assert "gone.xml" in capsys.readouterr().err
    file = "evidence/01-SubmissionAcceptance.xml"
    assert call(file, "--trust", "no.json") == NO_INPUT
    assert "no.json" in capsys.readouterr().err


def test_a_bad_call_is_a_usage_error(folder, capsys):
    file = "evidence/01-SubmissionAcceptance.xml"
    Path("bad.json").write_text('{"logs": 1}')
    assert call(file, "--trust", "bad.json") == USAGE
    assert "logs" in capsys.readouterr().err
    for words in ((), ("--at", "2026-11-22T00:00:00", file), ("--at", "soon", file)):
        with pytest.raises(SystemExit) as caught:
            main(["verify", *words])
        assert caught.value.code == USAGE


def test_a_defect_is_not_taken_for_invalid(folder, capsys, monkeypatch):
    def broken(*_args, **_named):
        raise TypeError("a defect")

    monkeypatch.setattr(verify, "verify_files", broken)
    assert main(["verify", "evidence/01-SubmissionAcceptance.xml"]) == INTERNAL
    assert "TypeError" in capsys.readouterr().err


def test_now_is_the_time_of_the_check_by_default(folder, operator, capsys):
    args = Namespace(
        files=[Path("evidence/01-SubmissionAcceptance.xml")],
        trust=Path("trust.json"),
        at=None,
        require_anchor=False,
        witness_policy=None,
        json=True,
        lang=None,
    )
    assert verify.run(args, now=lambda: AT) == VALID
    assert verify.run(args, now=lambda: AT.replace(year=2020)) == CANNOT_TELL
    assert os.environ.get("TDH_HOME") is None


def test_a_folder_stands_for_all_files_below_it(folder, capsys):
    assert call("evidence", "--trust", "trust.json", "--json") == VALID
    whole = json.loads(capsys.readouterr().out)
    named = sorted(Path("evidence").iterdir())
    assert [file["file"] for file in whole["files"]] == [str(path) for path in named]
    inner = folder / "all" / "one"
    inner.mkdir(parents=True)
    for path in named:
        (inner / path.name).write_bytes(path.read_bytes())
    assert call("all", "--trust", "trust.json") == VALID
    broken = inner / "01-SubmissionAcceptance.xml"
    broken.write_bytes(broken.read_bytes().replace(b"Submission", b"Submissiom"))
    assert call("all", "--trust", "trust.json") == INVALID


def test_an_empty_folder_is_not_valid(folder, capsys):
    (folder / "nothing" / "in-it").mkdir(parents=True)
    assert call("nothing", "--trust", "trust.json") == NO_INPUT
    assert "no file in this folder" in capsys.readouterr().err


def test_a_letter_is_no_receipt_and_the_answer_says_who_judges_letters(tmp_path, capsys) -> None:
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n")
    assert main(["verify", str(letter), "--lang", "en"]) == 1
    assert "tdh validate" in capsys.readouterr().out
