"""`tdh keys`: keys and trust file together, or neither."""

import json

import pytest

from tdh.cli.main import main


@pytest.fixture
def keys(tmp_path, monkeypatch):
    monkeypatch.setenv("TDH_SEALER__KEYS", str(tmp_path / "keys"))
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


def test_the_example_s_log_gets_no_keys(keys, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("TDH_ISSUER__ORIGIN")
    assert main(["keys", "--trust-out", str(tmp_path / "trust.json")]) == 78
    assert "issuer.origin" in capsys.readouterr().err
    assert not keys.exists()
