"""The rules that tests/conftest.py gives every run, tried on small runs of their own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

RULES = Path(__file__).parent.parent / "conftest.py"
SKIPPING = "import pytest\n@pytest.mark.skip\ndef test_left_out(): ...\ndef test_fine(): ...\n"
READING = (
    "import pytest\n"
    "@pytest.mark.reference\ndef test_marked(): ...\n"
    "def test_asking(reference): ...\n"
    "def test_fine(): ...\n"
)
REACHING = """
import asyncio, socket, pytest
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_reaching(family):
    with socket.socket(family) as out, pytest.raises(RuntimeError, match="tests/unit has no net"):
        out.connect(("localhost", 9))
async def test_reaching_from_a_loop():
    with pytest.raises(RuntimeError, match="tests/unit has no network"):
        await asyncio.open_connection("127.0.0.1", 9)
def test_a_pair_stays_allowed():
    left, right = socket.socketpair()
    left.sendall(b"x")
    assert right.recv(1) == b"x"
    left.close(), right.close()
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TDH_REFERENCE", str(pytester.path / "absent"))
    unit = pytester.path / "tests" / "unit"
    unit.mkdir(parents=True)
    (pytester.path / "tests" / "conftest.py").write_text(RULES.read_text())
    pytester.makeini("[pytest]\nmarkers = reference\nasyncio_mode = auto\n")

    def run(test: str) -> pytest.RunResult:
        (unit / "test_small.py").write_text(test)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider")

    return run


def test_a_skipped_test_is_allowed_at_home(run) -> None:
    result = run(SKIPPING)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1, skipped=1)


def test_a_skipped_test_fails_the_run_in_ci(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    result = run(SKIPPING)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["FAILED: 1 tests were skipped*", "*1 passed, 1 skipped*"])


def test_tests_that_read_reference_documents_are_deselected_with_one_line(run) -> None:
    result = run(READING)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=1, deselected=2)
    result.stdout.fnmatch_lines(["2 tests deselected: no reference documents at *absent*"])


def test_missing_reference_documents_fail_the_run_in_ci(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    result = run(READING)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*2 tests read the reference documents*"])


def test_tests_that_read_reference_documents_run_where_there_are_some(
    run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TDH_REFERENCE", str(pytester.path))
    run(READING).assert_outcomes(passed=3)


def test_a_unit_test_cannot_reach_the_network(run) -> None:
    run(REACHING).assert_outcomes(passed=4)


def test_no_two_test_files_have_one_name() -> None:
    """There are no packages here, so pytest could not tell them apart in one run."""
    names = [path.name for path in RULES.parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
