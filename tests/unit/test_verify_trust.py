"""trust.json: read strictly, written as it is read; nobody is trusted by mistake."""

import hashlib
import json
import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from signing import certificates as made
from signing.compromise import CompromisedKey, compromised_since, names_of_path
from signing.cosignature import CosignatureSigner
from signing.trust_file import (
    MAX_TRUST_FILE_BYTES,
    TRUST_NOBODY,
    TrustFile,
    TrustFileError,
    load_trust_file,
)
from tests.proof_samples import NOW, Operator, witness

OPERATOR = Operator()


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "trust.json"
    path.write_bytes(OPERATOR.trust.text())
    assert load_trust_file(path) == OPERATOR.trust
    plain = json.loads(path.read_text())
    assert set(plain) == {"seal_roots", "tsa_roots", "logs", "witnesses", "witness_threshold"}


def test_what_is_left_out_is_not_trusted():
    assert TrustFile.parse(b"{}") == TRUST_NOBODY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "object"),
        (b'{"logs": [], "logs": []}', "twice"),
        (b'{"seal_root": []}', "seal_root: no such key"),
        (b'{"seal_roots": "x"}', "seal_roots: must be a list"),
        (b'{"seal_roots": ["x"]}', "seal_roots: not a certificate"),
        (b'{"tsa_roots": [""]}', "tsa_roots: must be a list"),
        (b'{"logs": ["log+00000000+AQ=="]}', "logs:"),
        (b'{"logs": [1]}', "logs: must be a list"),
        (b'{"witnesses": {}}', "witnesses: must be a list"),
        (b'{"witness_threshold": -1}', "witness_threshold"),
        (b'{"witness_threshold": true}', "witness_threshold"),
        (b'{"witness_threshold": "1"}', "witness_threshold"),
        (b" " * (MAX_TRUST_FILE_BYTES + 1), "at most"),
    ],
)
def test_anything_else_is_refused_and_named(text, problem):
    with pytest.raises(TrustFileError, match=problem):
        TrustFile.parse(text)


# --- outsiders, further keys of logs, keys in other hands ----------------------------------------


def full() -> TrustFile:
    further = replace(witness(2), name=OPERATOR.signer.name)
    return replace(
        OPERATOR.outsiders(2),
        logs=(OPERATOR.signer.verifier, further.verifier),
        witnesses=(witness(1).verifier, witness(4).verifier),
        compromised=(CompromisedKey(key="ab" * 32, since=NOW),),
    )


def test_a_file_with_everything_is_read_as_it_is_written():
    assert TrustFile.parse(full().text()) == full()
    plain = json.loads(full().text())
    assert plain["compromised"] == [{"key": "ab" * 32, "since": "2026-11-22T09:30:15.123456+00:00"}]
    assert len(plain["outside_tsa_roots"]) == 1


def changed(**values) -> bytes:
    return json.dumps(json.loads(full().text()) | values).encode()


LOST = {"key": "ab" * 32, "since": "2026-11-22T09:30:15+07:00"}


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"witnesses": [OPERATOR.signer.vkey]}, "witnesses: .*type 1"),
        ({"witnesses": ["w+00000000+BA=="]}, "witnesses:"),
        ({"witnesses": [f"{witness(1).vkey}x"]}, "witnesses:"),
        (
            {"witnesses": [replace(witness(3), name=OPERATOR.signer.name).vkey]},
            "witnesses: .*log's own name or key",
        ),
        (
            {
                "witnesses": [
                    CosignatureSigner(name="x", private_key=OPERATOR.signer.private_key).vkey
                ]
            },
            "witnesses: x is a log's own name or key",
        ),
        ({"logs": [witness(1).vkey]}, "logs: a log signs with"),
        ({"outside_tsa_roots": ["x"]}, "outside_tsa_roots: not a certificate"),
        ({"compromised": {}}, "compromised: must be a list"),
        ({"compromised": ["ab" * 32]}, "compromised: .*object of key and since"),
        ({"compromised": [{**LOST, "why": "x"}]}, "compromised: .*object of key and since"),
        ({"compromised": [{"key": "ab" * 32}]}, "compromised: .*object of key and since"),
        ({"compromised": [{**LOST, "key": "AB" * 32}]}, "compromised: key is"),
        ({"compromised": [{**LOST, "key": 1}]}, "compromised: key is"),
        ({"compromised": [{**LOST, "since": "2026-11-22"}]}, "compromised: since is a time"),
        ({"compromised": [{**LOST, "since": "2026-11-22T09:30:15"}]}, "compromised: since"),
        ({"compromised": [{**LOST, "since": "2026-13-22T09:30:15Z"}]}, "does not exist"),
        ({"compromised": [{**LOST, "since": None}]}, "compromised: since"),
    ],
)
def test_each_part_is_read_strictly_and_named(values, problem):
    with pytest.raises(TrustFileError, match=problem):
        TrustFile.parse(changed(**values))


def test_a_key_is_called_by_the_digest_that_openssl_gives(tmp_path):
    leaf = OPERATOR.keys.seal.chain[0]
    (tmp_path / "leaf.pem").write_bytes(made.pem(leaf))
    public = _openssl("x509", "-in", "leaf.pem", "-noout", "-pubkey", folder=tmp_path)
    (tmp_path / "key.pem").write_bytes(public)
    spki = _openssl("pkey", "-pubin", "-in", "key.pem", "-outform", "DER", folder=tmp_path)
    assert names_of_path([leaf]) == (hashlib.sha256(spki).hexdigest(),)


def _openssl(*words: str, folder) -> bytes:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, check=True)
    return done.stdout


def test_the_first_loss_of_a_path_counts():
    some = [
        CompromisedKey(key=key, since=NOW + timedelta(days=day))
        for key, day in (("a", 2), ("b", 1))
    ]
    assert compromised_since(some, ["a", "b", "c"]) == NOW + timedelta(days=1)
    assert compromised_since(some, ["a"]) == NOW + timedelta(days=2)
    assert compromised_since(some, ["c"]) is None
