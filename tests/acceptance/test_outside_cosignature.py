"""Go's notes, which we did not write, verify what our witness answered over HTTP.

Needs Debian's golang-go and golang-golang-x-mod-dev. The lines come from the real program.
"""

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest
from witness_program import WitnessProgram
from witness_samples import LOG, History

TOLD = History.of(20)


@pytest.fixture(scope="module")
def go_program(built_by_go) -> Path:
    return built_by_go("outside_cosignature.go")


def ask(program: Path, *requests: dict[str, object]) -> list[dict]:
    lines = "\n".join(json.dumps(request) for request in requests)
    done = subprocess.run(
        [program], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_go_verifies_our_witness_s_lines_and_refuses_them_over_another_head(
    go_program, tmp_path
) -> None:
    with WitnessProgram(tmp_path, [LOG.vkey]) as witness:
        witness.start()
        lines = [cosigned(witness, old, size) for old, size in ((0, 13), (13, 20))]
        classic, quantum = witness.signers
    first, second = (TOLD.note(size).decode() for size in (13, 20))
    known = [LOG.vkey, classic.vkey]
    answers = ask(
        go_program,
        {"Note": first + lines[0], "Vkeys": known},
        {"Note": second + lines[1], "Vkeys": known},
        {"Note": first + lines[1], "Vkeys": known},
        {"Note": first + lines[0], "Vkeys": [quantum.vkey]},
    )
    assert [answer["error"] for answer in answers[:2]] == ["", ""]
    assert [answer["names"] for answer in answers[:2]] == [[LOG.name, classic.name]] * 2
    assert "invalid signature" in answers[2]["error"]
    assert answers[3]["error"]  # this Go knows nothing of ML-DSA


def cosigned(witness: WitnessProgram, old: int, size: int) -> str:
    request = urllib.request.Request(  # noqa: S310 - our own address
        witness.url + "/add-checkpoint", data=TOLD.request(old, size)
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return answer.read().decode()
