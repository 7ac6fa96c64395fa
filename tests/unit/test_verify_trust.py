"""trust.json: read strictly, written as it is read; nobody is trusted by mistake."""

import json

import pytest

from signing.trust_file import (
    MAX_TRUST_FILE_BYTES,
    TRUST_NOBODY,
    TrustFile,
    TrustFileError,
    load_trust_file,
)
from tests.proof_samples import Operator

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
