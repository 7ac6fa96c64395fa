"""`tdh keys new`: one key, a request that other programs take, and nothing replaced."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from signing.new_key import make_new_key, read_subject
from signing.private_keys import name_of
from signing.service_keys import key_of_vkey
from tdh.cli.main import main
from tdh.domain.errors import InvalidValue
from tdh.domain.service_keys import KeyUse

NAMES = {"seal": "seal", "timestamp": "tsa", "receipt": "receipt"}


@pytest.fixture(autouse=True)
def origin(monkeypatch):
    monkeypatch.setenv("TDH_ISSUER__ORIGIN", "log.test.example")


def openssl(*words: object) -> str:
    done = subprocess.run(
        ["openssl", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def new(capsys, *words: object) -> dict:
    assert main(["keys", "new", *map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("use", NAMES)
def test_openssl_takes_the_request_and_finds_the_key_that_was_named(use, tmp_path, capsys):
    subject = "CN=ตรา 2\\, ใหม่,organizationIdentifier=NTRTH-1,O=กรมทดสอบ,C=TH"
    made = new(capsys, "--use", use, "--out", tmp_path / "new", "--subject", subject)
    request, key = Path(made["request"]), tmp_path / "new" / f"{NAMES[use]}-key.pem"
    assert made["key_file"] == str(key)
    assert made["vkey"] is None

    text = openssl(
        "req", "-in", request, "-verify", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus"
    )
    assert "verify OK" in text
    assert "C=TH" in text
    assert "ตรา 2" in text
    assert "prime256v1" in text
    assert "X509v3 Key Usage: critical" in text
    assert "CA:FALSE" in text
    assert ("Non Repudiation" in text) is (use != "timestamp")
    assert ("Extended Key Usage: critical\n                    Time Stamping\n" in text) is (
        use == "timestamp"
    )
    assert ("1.3.6.1.5.5.7.3.36" in text or "Document Signing" in text) is (use == "receipt")
    openssl("pkey", "-in", key, "-pubout", "-outform", "DER", "-out", tmp_path / "spki")
    assert made["key"] in openssl("dgst", "-sha256", tmp_path / "spki")
    assert [one.stat().st_mode & 0o777 for one in (key, key.parent)] == [0o600, 0o700]


@pytest.mark.parametrize(("use", "kind"), [("log", "Ed25519"), ("log-mldsa", "MLDSA44")])
def test_a_log_s_new_key_has_the_log_s_name_and_no_request(use, kind, tmp_path, capsys):
    made = new(capsys, "--use", use, "--out", tmp_path)
    file = tmp_path / f"{use}-key.pem"
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    assert name_of(load_pem_private_key(file.read_bytes(), None)).startswith(kind)
    assert made["vkey"].startswith("log.test.example+")
    named = key_of_vkey(made["vkey"])
    assert (named.use.value, named.key.hex()) == (use, made["key"])


def test_the_words_say_what_comes_next(tmp_path, capsys):
    assert main(["keys", "new", "--use", "seal", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "tdh admin key rotate --use seal --certificate" in said
    assert "send the request to your authority" in said
    assert main(["keys", "new", "--use", "log", "--out", str(tmp_path)]) == 0
    assert "tdh admin key rotate --use log --vkey 'log.test.example+" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["seal-key.pem", "seal-request.pem"])
def test_a_file_in_the_way_is_kept_and_nothing_is_made(name, tmp_path, capsys):
    (tmp_path / name).write_text("mine")
    assert main(["keys", "new", "--use", "seal", "--out", str(tmp_path)]) == 1
    assert "keys are never replaced" in capsys.readouterr().err
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [(name, "mine")]


def test_a_request_that_cannot_be_written_leaves_no_key(tmp_path, monkeypatch):
    def full(path, content):
        if path.name.endswith("request.pem"):
            raise OSError(28, "No space left on device", str(path))
        path.write_bytes(content)

    monkeypatch.setattr("signing.new_key.write_new", full)
    with pytest.raises(OSError, match="No space"):
        make_new_key(KeyUse.SEAL, tmp_path, origin="o", subject=read_subject("CN=a"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("subject", ["", "Seal", "O=Agency", "CN=a,C=Thailand", "CN=", "CN=a,XX=b"])
def test_what_is_no_name_is_refused_in_a_sentence(subject, tmp_path, capsys):
    words = ["--use", "seal", "--out", str(tmp_path / "new"), f"--subject={subject}"]
    assert main(["keys", "new", *words]) == 64
    assert "bad value: subject: " in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_log_s_key_has_no_subject_and_another_must_have_one(tmp_path, capsys):
    words = ["--use", "log", "--out", str(tmp_path / "new"), "--subject", "CN=a"]
    assert main(["keys", "new", *words]) == 64
    assert not (tmp_path / "new").exists()
    with pytest.raises(InvalidValue):
        make_new_key(KeyUse.SEAL, tmp_path / "new", origin="o", subject=None)
    short = ["keys", "new", "--use", "seal"]
    with pytest.raises(SystemExit) as stopped:
        main(short)
    assert stopped.value.code == 64
    with pytest.raises(SystemExit) as stopped:
        main(["keys"])
    assert stopped.value.code == 64
    assert "--trust-out" in capsys.readouterr().err
