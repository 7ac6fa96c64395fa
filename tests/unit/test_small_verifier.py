"""The small verifier gives the same results as `tdh verify`, over good files and mutated ones.

`tests/unit/conftest.py` compares the two in every test of `verify_files` besides.
"""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from signing.standalone import tdh_verify as small
from signing.timestamps import reply
from signing.verify.bundle import check_bundle
from signing.verify.report import FileReport, Kind
from signing.verify.terms import Terms
from tests.bundle_samples import BundlingOperator
from tests.proof_samples import AT

SCRIPT = Path(small.__file__)


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    return BundlingOperator(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def bundle(operator, tmp_path_factory):
    return operator.write(tmp_path_factory.mktemp("bundle") / "b.asice")


def run(*words, cwd=None):
    """As a stranger runs it: one file, nothing of this package on its path."""
    return subprocess.run(
        [sys.executable, "-I", SCRIPT, *map(str, words)],
        capture_output=True,
        check=False,
        text=True,
        cwd=cwd,
    )


def both(path, operator, at=AT):
    lines = check_bundle(path, Terms(trust=operator.trust, at=at))
    whole = FileReport(file="b", kind=Kind.BUNDLE, checks=lines).result.value
    found = small.check_bundle(path, small.read_trust(operator.trust.text(), at))
    return whole, small.result(found)


def test_it_imports_the_standard_library_and_cryptography_only() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", _IMPORTS, SCRIPT], capture_output=True, check=True, text=True
    )
    assert done.stdout.split() == ["cryptography"]


def test_without_what_it_needs_it_cannot_tell_and_says_what_that_is(bundle) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", SCRIPT, bundle], capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stdout) == (2, ""), "1 would be invalid"
    assert "needs Python 3.11 and cryptography 50" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_name_in_a_file_draws_an_answer_on_the_terminal(tmp_path) -> None:
    name = "\x1b[2J\x1b[Hvalid\n  ✓ sealed\u202e".encode()
    path = tmp_path / "b.asice"
    path.write_bytes(small.local_header(name, 0, 0))
    done = run(path, "--lang=en")
    assert done.returncode == 1
    assert done.stdout.count("\n") == 2
    assert not {"\x1b", "\u202e"} & set(done.stdout)


_IMPORTS = """
import ast, sys
tree = ast.parse(open(sys.argv[1], encoding="utf-8").read())
names = {
    name.split(".")[0]
    for node in ast.walk(tree)
    for name in ([a.name for a in node.names] if isinstance(node, ast.Import)
                 else [node.module] if isinstance(node, ast.ImportFrom) else [])
}
print(*sorted(names - sys.stdlib_module_names))
"""


def test_a_good_bundle_is_valid_and_a_stranger_s_is_not(operator, bundle, tmp_path) -> None:
    trust = operator.write_trust(tmp_path / "trust.json")
    done = run("--trust", trust, "--at", AT.isoformat(), "--lang", "en", bundle)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{bundle}: valid\n")
    assert "✓ anchored" not in done.stdout
    assert "– anchored by outsiders: cannot be told" in done.stdout
    stranger = BundlingOperator(tmp_path / "other").write_trust(tmp_path / "other.json")
    done = run("--trust", stranger, "--at", AT.isoformat(), bundle)
    assert done.returncode == 1
    assert "ไม่ถูกต้อง" in done.stdout


def test_without_a_trust_file_it_cannot_tell(bundle) -> None:
    assert run("--at", AT.isoformat(), bundle).returncode == 2


def test_a_trust_file_that_is_not_understood_trusts_nobody(bundle, tmp_path) -> None:
    (tmp_path / "trust.json").write_text('{"seal_rots": []}', encoding="utf-8")
    done = run("--trust", tmp_path / "trust.json", bundle)
    assert done.returncode == 64
    assert "trust.json" in done.stderr
    assert run("--trust", tmp_path / "none.json", bundle).returncode == 66


def test_evidence_only_and_a_bundle_of_a_stranger_are_judged_alike(operator, tmp_path) -> None:
    path = operator.write(tmp_path / "b.asice", operator.contents(documents=False))
    assert both(path, operator) == ("valid", "valid")
    stranger = BundlingOperator(tmp_path / "keys").write(tmp_path / "s.asice")
    assert both(stranger, operator) == ("invalid", "invalid")
    late = AT.replace(year=2040)
    assert both(path, operator, late) == ("cannot_tell", "cannot_tell")


def test_mutated_bundles_are_judged_alike(operator, bundle, tmp_path) -> None:
    data, seeded = bundle.read_bytes(), random.Random(3)  # noqa: S311 - the same in every run
    path = tmp_path / "changed.asice"
    for number in range(150):
        changed = bytearray(data)
        place = seeded.randrange(len(data))
        if number % 3:
            changed[place] ^= 1 << seeded.randrange(8)
        elif number % 2:
            del changed[place : place + seeded.randrange(1, 40)]
        else:
            changed[place:place] = seeded.randbytes(3)
        path.write_bytes(changed)
        assert both(path, operator) == ("invalid", "invalid"), (number, place)


def test_a_timestamp_alone_is_for_the_file_of_its_name(operator, tmp_path) -> None:
    head = operator.operator.head()
    (tmp_path / "checkpoint").write_bytes(head)
    token = tmp_path / "checkpoint.tsr"
    token.write_bytes(reply(operator.operator.token(head)))
    trust = operator.write_trust(tmp_path / "trust.json")
    words = ("--trust", trust, "--at", AT.isoformat(), token)
    assert run(*words).returncode == 0
    (tmp_path / "checkpoint").write_bytes(head + b"x")
    assert run(*words).returncode == 1
    (tmp_path / "checkpoint").unlink()
    assert run(*words).returncode == 2


def test_its_version_is_said() -> None:
    assert run("--version").stdout.strip() == small.VERSION
