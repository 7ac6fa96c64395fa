"""`tdh validate` as people and programs see it: exit codes, JSON, picture, report."""

import argparse
import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tdh.cli import main, validate
from tests.pki import faults, make
from tests.vectors import cms_writing, containers
from tests.vectors.cms import CONTENT

AT = make.JUDGED_AT.isoformat()


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


@pytest.fixture(scope="session")
def files(pki: make.Pki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    stamp = pki.timestamp(make.SIGNED_AT)
    good = make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)
    contents = {
        "good.pdf": good,
        "altered.pdf": faults.altered_byte(good),
        "revoked-later.pdf": make.sign_pdf(
            make.simple_pdf(), pki.signers["revoked"], timestamp=stamp
        ),
        "stranger.pdf": make.sign_pdf(make.simple_pdf(), pki.signers["stranger"]),
        "unsigned.pdf": make.simple_pdf(),
        "no.pdf": b"not a PDF",
        "empty.pdf": b"",
        "hostile\x1b[2Jname.pdf": make.simple_pdf(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def tdh(*words: str | Path) -> int:
    parser = argparse.ArgumentParser()
    validate.add_parser(parser.add_subparsers())
    args = parser.parse_args(["validate", *map(str, words)])
    code: int = args.run(args)
    return code


def printed(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(capsys.readouterr().out)
    return plain


@pytest.mark.parametrize(
    ("name", "code", "indication", "sub"),
    [
        ("good.pdf", 0, "TOTAL_PASSED", None),
        ("altered.pdf", 1, "TOTAL_FAILED", "HASH_FAILURE"),
        ("no.pdf", 1, "TOTAL_FAILED", "FORMAT_FAILURE"),
        ("empty.pdf", 1, "TOTAL_FAILED", "FORMAT_FAILURE"),
        ("stranger.pdf", 2, "INDETERMINATE", "NO_CERTIFICATE_CHAIN_FOUND"),
        ("unsigned.pdf", 3, "NO_SIGNATURE", None),
    ],
)
def test_the_exit_code_tells_the_verdict(  # noqa: PLR0917 - a table
    pki: make.Pki,
    files: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    code: int,
    indication: str,
    sub: str | None,
) -> None:
    assert tdh(files / name, "--trust", pki.trust_folder, "--at", AT, "--json") == code
    plain = printed(capsys)
    assert (plain["indication"], plain["sub_indication"]) == (indication, sub)
    assert set(plain) >= {"indication", "sub_indication", "reason", "kind", "policy", "signatures"}
    assert set(plain["reason"]) == {"code", "th", "en"}


def test_the_json_of_a_signature_has_the_agreed_shape(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tdh(files / "good.pdf", "--trust", pki.trust_folder, "--at", AT, "--json")
    plain = printed(capsys)
    assert plain["kind"] == "pades"
    (signature,) = plain["signatures"]
    agreed = {
        "field": "Signature1",
        "indication": "TOTAL_PASSED",
        "sub_indication": None,
        "level": "B-T",
        "claimed_time": "2026-02-01T09:30:00+00:00",
        "proven_time": "2026-02-01T09:30:00+00:00",
    }
    assert signature | agreed == signature
    assert signature["signer"] | {"common_name": "กรมทดสอบ", "serial": "a"} == signature["signer"]


def test_missing_revocation_data_can_be_let_pass(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (files / "good.pdf", "--trust", pki.trust_without_lists, "--at", AT, "--json")
    assert tdh(*words) == 2
    assert printed(capsys)["sub_indication"] == "TRY_LATER"
    assert tdh(*words, "--revocation", "if-present") == 0


def test_trust_may_be_a_file_and_may_be_given_twice(
    pki: make.Pki, files: Path, tmp_path: Path
) -> None:
    root = pki.trust_folder / "root.pem"
    assert tdh(files / "good.pdf", "--trust", root, "--at", AT) == 2
    lists = tmp_path / "lists"
    lists.mkdir()
    for name, content in make.revocation_lists(pki).items():
        (lists / name).write_bytes(content)
    assert tdh(files / "good.pdf", "--trust", root, "--trust", lists, "--at", AT) == 0


def test_the_picture_says_it_in_thai_and_english(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tdh(files / "good.pdf", "--trust", pki.trust_folder, "--at", AT)
    shown = capsys.readouterr().out
    for part in ("✔  ผ่าน", "VALID", "กรมทดสอบ", "1 ก.พ. 2569 16.30 น.", "The signature is valid"):
        assert part in shown


def test_a_hostile_name_does_not_reach_the_terminal_s_controls(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tdh(files / "hostile\x1b[2Jname.pdf", "--trust", pki.trust_folder)
    assert "\x1b" not in capsys.readouterr().out


def test_the_report_holds_the_revocation_data_that_decided(
    pki: make.Pki, files: Path, tmp_path: Path
) -> None:
    tdh(files / "good.pdf", "--trust", pki.trust_folder, "--report", tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    named = [item["data_sha256"] for item in report["signatures"][0]["revocation"]]
    held = {digest: base64.b64decode(data) for digest, data in report["revocation_data"].items()}
    assert {hashlib.sha256(data).hexdigest() for data in held.values()} == set(named)
    on_disk = {path.read_bytes() for path in pki.trust_folder.glob("*.crl")}
    assert set(held.values()) == on_disk


def test_the_report_holds_what_the_verdict_depends_on(
    pki: make.Pki, files: Path, tmp_path: Path
) -> None:
    words = (files / "good.pdf", "--trust", pki.trust_without_lists, "--at", AT)
    for name in ("one.json", "two.json"):
        tdh(*words, "--revocation", "if-present", "--report", tmp_path / name)
    first = (tmp_path / "one.json").read_text(encoding="utf-8")
    assert first == (tmp_path / "two.json").read_text(encoding="utf-8")
    report = json.loads(first)
    assert report["policy"] == "tdh-pdf/1+if-present+later-data"
    assert report["trust_version"].startswith("sha256:")
    assert report["evaluated_at"] == AT
    assert report["document"]["size"] == (files / "good.pdf").stat().st_size
    assert {note["code"] for note in report["notes"]} == {"revocation-not-checked"}
    assert report["engines"]["pyhanko"]


@pytest.mark.parametrize("name", ["absent.pdf", "."])
def test_what_cannot_be_opened_is_told_so(
    files: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert tdh(files / name) == 66
    told = capsys.readouterr()
    assert not told.out
    assert "เปิดไฟล์ไม่ได้" in told.err


def test_trust_that_cannot_be_used_is_named(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(files / "good.pdf", "--trust", files / "no.pdf") == 66
    assert "no.pdf" in capsys.readouterr().err


def test_a_time_without_an_offset_is_a_usage_error(files: Path) -> None:
    with pytest.raises(SystemExit):
        tdh(files / "good.pdf", "--at", "2026-11-22T09:00:00")


# --- other kinds ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def kinds(pki: make.Pki, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    signer, kit = pki.signers["good"], containers.kit()
    detached = cms_writing.signed(CONTENT, signer, detached=True)
    stamp = cms_writing.token(pki.timestamp(make.SIGNED_AT), CONTENT).dump()
    found = {
        "letter.txt": CONTENT,
        "letter.txt.p7s": detached,
        "alone.txt.p7s": detached,
        "other.txt": CONTENT + b"!",
        "other.txt.p7s": detached,
        "letter.txt.tst": stamp,
        "attached.p7m": cms_writing.signed(CONTENT, signer),
        "container.asice": containers.good(kit)["ASiC-E CAdES, two signers"],
        "stamped.asice": containers.stamps_only(kit)["ASiC-E timestamp"],
    }
    for name, content in found.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("words", "code", "kind", "reason"),
    [
        (("attached.p7m",), 0, "cades", "signature-valid"),
        (("letter.txt.p7s",), 0, "cades", "signature-valid"),
        (("alone.txt.p7s",), 2, "cades", "signed-content-missing"),
        (("alone.txt.p7s", "--content", "letter.txt"), 0, "cades", "signature-valid"),
        (("letter.txt.p7s", "--content", "other.txt"), 1, "cades", "changed-after-signing"),
        (("other.txt.p7s",), 1, "cades", "changed-after-signing"),
        (("letter.txt.tst",), 0, "timestamp", "timestamp-valid"),
        (
            ("letter.txt.tst", "--content", "other.txt"),
            1,
            "timestamp",
            "timestamp-of-other-content",
        ),
        (("container.asice",), 0, "asic-e", "signature-valid"),
    ],
)
def test_every_kind_is_judged_with_what_it_signs(  # noqa: PLR0917 - a table
    pki: make.Pki,
    kinds: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    kind: str,
    reason: str,
) -> None:
    placed = [word if word.startswith("--") else kinds / word for word in words]
    assert tdh(*placed, "--trust", pki.trust_folder, "--at", AT, "--json") == code
    plain = printed(capsys)
    assert (plain["kind"], plain["reason"]["code"]) == (kind, reason)


def test_the_report_and_the_picture_name_what_was_compared(
    pki: make.Pki, kinds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--trust", pki.trust_folder, "--at", AT, "--report", tmp_path / "report.json")
    assert tdh(kinds / "letter.txt.p7s", *words) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["document"]["content"]["file"] == "letter.txt"
    assert report["document"]["content"]["size"] == len(CONTENT)
    shown = capsys.readouterr().out
    assert "letter.txt" in shown.split("content", 1)[1]


def test_the_picture_shows_each_signer_of_a_container_and_what_is_covered(
    pki: make.Pki, kinds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(kinds / "container.asice", "--trust", pki.trust_folder, "--at", AT) == 0
    shown = capsys.readouterr().out
    for part in ("ASiC-E", "signature 1: กรมทดสอบ", "signature 2: RSA Signer", *containers.FILES):
        assert part in shown


def test_content_that_cannot_be_opened_is_told_so(
    kinds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(kinds / "alone.txt.p7s", "--content", kinds / "absent") == 66
    assert "absent" in capsys.readouterr().err


# --- what to do next -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "step"),
    [
        (("alone.txt.p7s",), "with --content"),
        (("alone.txt.p7s", "--content", "other.txt"), "Make sure that other.txt"),
        (("letter.txt.tst", "--content", "other.txt"), "Make sure that other.txt"),
        (("letter.txt",), "letter.txt.p7s lies beside it"),
        (("letter.txt",), "letter.txt.tst lies beside it"),
    ],
)
def test_the_picture_tells_what_to_do_next(
    pki: make.Pki,
    kinds: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    step: str,
) -> None:
    placed = [word if word.startswith("--") else kinds / word for word in words]
    tdh(*placed, "--trust", pki.trust_folder, "--at", AT)
    assert step in capsys.readouterr().out


def test_the_picture_tells_whom_to_trust(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(files / "stranger.pdf", "--at", AT) == 2
    assert "No trusted authority was given" in capsys.readouterr().out
    assert tdh(files / "stranger.pdf", "--trust", pki.trust_folder, "--at", AT) == 2
    assert "If the authority should be trusted" in capsys.readouterr().out


def test_the_picture_tells_where_revocation_data_are(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(files / "good.pdf", "--trust", pki.trust_without_lists, "--at", AT) == 2
    shown = capsys.readouterr().out
    assert "This command asks no network" in shown
    assert "The certificate says where: http" in shown


def test_the_picture_tells_of_a_revocation_that_came_later(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(files / "revoked-later.pdf", "--trust", pki.trust_folder, "--at", AT) == 0
    shown = capsys.readouterr().out
    assert "revoked only later: 1 มี.ค. 2569" in shown
    assert shown.count("not revoked") == 2, "the authority's and the timestamping unit's"


def test_a_document_that_passed_needs_no_advice(
    pki: make.Pki, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tdh(files / "good.pdf", "--trust", pki.trust_folder, "--at", AT) == 0
    assert "→" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["letter.txt.tst", "stamped.asice"])
def test_a_timestamp_is_not_called_a_signature(
    pki: make.Pki, kinds: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert tdh(kinds / name, "--trust", pki.trust_folder, "--at", AT) == 0
    shown = capsys.readouterr().out
    assert "timestamp 1: " in shown
    assert "signature 1: " not in shown


def test_a_wrong_word_for_revocation_names_the_right_ones(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        tdh(files / "good.pdf", "--revocation", "accept-older")
    assert "choose from 'require', 'if-present'" in capsys.readouterr().err


def test_a_word_too_many_is_told_with_how_the_command_is_called(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main.main(["validate", str(files / "good.pdf"), "another.pdf"])
    told = capsys.readouterr().err
    assert ended.value.code == 64
    assert "unrecognized arguments: another.pdf" in told
    assert told.startswith("usage: tdh validate ")


def test_help_tells_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["validate", "--help"])
    assert "66 a file" in " ".join(capsys.readouterr().out.split())


# --- what must not be lost -----------------------------------------------------------------------


def program(*words: str | Path, **settings: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tdh", "validate", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **settings},
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_nobody_reads_is_not_taken_for_a_yes(files: Path, unbuffered: str) -> None:
    with program(files / "altered.pdf", PYTHONUNBUFFERED=unbuffered) as lost:
        assert lost.stdout is not None
        assert lost.stderr is not None
        lost.stdout.close()
        assert lost.wait(60) == 141
        assert lost.stderr.read() == b""


def test_a_terminal_without_thai_gets_the_english(files: Path) -> None:
    with program(files / "unsigned.pdf", PYTHONIOENCODING="ascii") as told:
        shown, _ = told.communicate(timeout=60)
    assert told.returncode == 3
    assert b"The document carries no electronic signature." in shown


def test_the_report_does_not_overwrite_what_is_judged(
    kinds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    signature, letter = kinds / "letter.txt.p7s", kinds / "letter.txt"
    before = signature.read_bytes()
    assert tdh(signature, "--report", signature) == 64
    assert tdh(signature, "--report", letter) == 64
    assert "would overwrite" in capsys.readouterr().err
    assert (signature.read_bytes(), letter.read_bytes()) == (before, CONTENT)
