"""`tdh keys`: keys and trust file together, or neither."""

import json

import pytest

from tdh.cli.main import main


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("TDH_SEALER__KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("TDH_RECEIPTS__KEYS", str(tmp_path / "keys" / "receipts"))
    monkeypatch.setenv("TDH_ISSUER__ORIGIN", "log.test.example")
    return tmp_path / "keys"


def test_a_trust_file_that_cannot_be_written_leaves_no_keys(keys, tmp_path, capsys):
    assert main(["keys", "--trust-out", str(tmp_path / "nowhere" / "trust.json")]) == 66
    assert "เปิดไฟล์ไม่ได้ / cannot open" in capsys.readouterr().err
    assert not keys.exists()
    assert main(["keys", "--trust-out", str(tmp_path / "trust.json")]) == 0


def test_keys_that_are_there_keep_their_trust_file(keys, tmp_path, capsys):
    trust = tmp_path / "trust.json"
    assert main(["keys", "--trust-out", str(trust)]) == 0
    before = trust.read_bytes()
    assert json.loads(before)["logs"]
    assert main(["keys", "--trust-out", str(trust)]) == 1
    assert "keys are never replaced" in capsys.readouterr().err
    assert trust.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["keys", "trust.json"]
    assert keys.is_dir()


def test_all_keys_are_made_readable_by_their_owner_only(keys, tmp_path, monkeypatch):
    receipts = tmp_path / "receipts"
    monkeypatch.setenv("TDH_RECEIPTS__KEYS", str(receipts))
    assert main(["keys", "--trust-out", str(tmp_path / "trust.json"), "--json"]) == 0

    made = {one.name for one in keys.iterdir()}
    assert {"seal-key.pem", "tsa-key.pem", "log-key.pem", "log-mldsa-key.pem"} <= made
    assert {"receipt-key.pem", "receipt-certificate.pem"} <= {
        one.name for one in receipts.iterdir()
    }
    assert any(one.suffix == ".crl" for one in receipts.iterdir())
    for one in (*keys.glob("*-key.pem"), *receipts.glob("*-key.pem")):
        assert one.stat().st_mode & 0o777 == 0o600
    plain = json.loads((tmp_path / "trust.json").read_text())
    assert len(plain["logs"]) == 2
    assert len(plain["seal_roots"]) == len(plain["tsa_roots"]) == 1


@pytest.mark.parametrize("name", ["log-key.pem", "log-mldsa-key.pem", "tsa-certificate.pem"])
def test_one_file_in_the_way_leaves_no_half_a_set_of_keys(keys, tmp_path, name, capsys):
    keys.mkdir()
    (keys / name).write_text("mine")
    assert main(["keys", "--trust-out", str(tmp_path / "trust.json")]) == 1
    assert name in capsys.readouterr().err
    assert [one.name for one in keys.iterdir() if one.is_file()] == [name]
    assert not (tmp_path / "trust.json").exists()


def test_the_example_s_log_gets_no_keys(keys, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("TDH_ISSUER__ORIGIN")
    assert main(["keys", "--trust-out", str(tmp_path / "trust.json")]) == 78
    assert "issuer.origin" in capsys.readouterr().err
    assert not keys.exists()
