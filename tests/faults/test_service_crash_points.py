"""The process is killed at each named step, and what was promised holds all the same.

A sender's program tries again under the same key; the letter exists once, every event once, and
`tdh audit` finds nothing.
"""

import asyncio
import re
import sys
from pathlib import Path

import pytest

from storage import tiles
from storage.vault.crash_points import CRASH_POINTS
from tests.installation import CITIZEN
from tests.pki.faults import altered_byte
from tests.stories import (
    ask_with_patience,
    assert_nothing_twice,
    audit,
    events_of,
    letters_under_key,
    new_key,
    signed_pdf,
    submit_with_patience,
    to,
    until_state,
)

ROOT = Path(__file__).resolve().parents[2]
ANCHORS = "tests/integration/test_anchoring.py"
ELSEWHERE = {
    "anchor.given": ANCHORS,
    "anchor.kept": ANCHORS,
    "anchor.settled": ANCHORS,
    "archive.chain_added": ANCHORS,
    "archive.chain_token_given": ANCHORS,
    "archive.round_added": ANCHORS,
    "archive.stamped": ANCHORS,
    "archive.token_given": ANCHORS,
    "log.checkpoint_named": "tests/integration/test_log_files.py",
    "log.checkpoint_stored": "tests/integration/test_log_files.py",
    "log.tile_named": "tests/integration/test_log_files.py",
    "recheck.judged": "tests/faults/test_signature_status.py",
    "submission.dropped": "below, with a letter that is refused",
    "trust.committed": "tests/integration/test_trust_admin.py",
    "trust.staged": "tests/integration/test_trust_admin.py",
    "vault.key_created": "tests/faults/test_vault_kill.py",
    "vault.large_written": "tests/faults/test_vault_kill.py",
}
COMMIT = ("locked", "sealed", "written", "committed", "answered")
POINTS = [
    ("api-0", "api", "submission.judged"),
    ("api-0", "api", "submission.kept"),
    *(("api-0", "api", f"vault.{name}") for name in ("segment_created", "appended", "synced")),
    *(("api-0", "api", f"commit.{name}") for name in COMMIT),
    *(("worker", "worker", f"commit.{name}") for name in COMMIT),
    ("sequencer", "sequencer", "log.appended"),
    ("sequencer", "sequencer", "log.integrated"),
    ("sequencer", "sequencer", "log.signed"),
    ("sequencer", "sequencer", tiles.TILES_STORED),
    ("sequencer", "sequencer", "log.filed"),
    ("sequencer", "sequencer", "log.published"),
]


def test_every_step_that_the_code_names_is_killed_somewhere():
    named = {*CRASH_POINTS, *tiles.CRASH_POINTS}  # the vault's and the log's folder's
    for file in (ROOT / "tdh").rglob("*.py"):
        named |= set(re.findall(r'crash\("([a-z_.]+)"\)', file.read_text(encoding="utf-8")))
    assert named == {point for _, _, point in POINTS} | ELSEWHERE.keys()


@pytest.fixture
def arm(here, tmp_path):
    """Kills a part at a crash point, once, the next time that it comes by."""

    async def armed(part: str, role: str, point: str):
        flag = tmp_path / "died"
        here.supervisor.arm("TDH_CRASH_POINT", f"{role}/{point}@{flag}")
        before = here.supervisor.pid(part)
        await here.supervisor.restart(part)
        await here.ready()
        assert here.supervisor.pid(part) != before
        return flag

    yield armed
    here.supervisor.arm("TDH_CRASH_POINT", "")


@pytest.mark.parametrize(("part", "role", "point"), POINTS, ids=[f"{r}-{p}" for _, r, p in POINTS])
async def test_a_letter_survives_a_kill_at(here, arm, part, role, point):
    died = await arm(part, role, point)
    key, pdf = new_key(), signed_pdf(here)
    status, body = await submit_with_patience(here, pdf, key, to())
    assert status == 201
    delivery = body["deliveries"][0]["id"]
    await until_state(here, delivery, "consigned")
    path = f"/v1/inbox/{delivery}/documents/1"
    assert await ask_with_patience(here, CITIZEN, "GET", path) == (200, pdf)
    await until_state(here, delivery, "handed_over")
    async with asyncio.timeout(20):
        proof = f"/v1/evidence/{body['deliveries'][0]['evidence'][0]['id']}/proof"
        while (await ask_with_patience(here, CITIZEN, "GET", proof))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert died.exists(), "the crash point was never reached"
    events = await events_of(here, delivery)
    assert_nothing_twice(events)
    assert set(events) == {
        "SubmissionAcceptance",
        "ContentConsignment",
        "ContentAccessTracking",
        "ContentHandover",
    }
    assert await letters_under_key(here, key) == 1


async def test_a_refusal_survives_a_kill_after_the_documents_were_dropped(here, arm):
    died = await arm("api-0", "api", "submission.dropped")
    key, pdf = new_key(), altered_byte(signed_pdf(here))
    status, body = await submit_with_patience(here, pdf, key, to())
    assert died.exists()
    assert status == 422
    again, repeated = await submit_with_patience(here, pdf, key, to())
    assert (again, repeated["evidence"]) == (422, body["evidence"])


async def test_a_second_sequencer_waits_and_takes_over(here, tmp_path):
    """Two of the real program on one log: whichever is killed, the other goes on where it was."""
    serve = (sys.executable, "-m", "tdh", "serve", "--role", "sequencer")
    said = tmp_path / "second"
    before = here.supervisor.pid("sequencer")
    with said.open("wb") as output:
        second = await asyncio.create_subprocess_exec(
            *serve,
            env=here.program_environment | {"TDH_TELEMETRY__LEVEL": "info"},
            stdout=output,
            stderr=output,
        )
    try:
        async with asyncio.timeout(30):
            while "role.started" not in said.read_text():  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        await _logged(here)
        assert "log.leading" not in said.read_text()
        async with asyncio.timeout(30):
            while "log.leading" not in said.read_text():
                here.kill("sequencer")  # again: the one that was started anew may be quicker
                await asyncio.sleep(0.5)
            while here.supervisor.pid("sequencer") in (None, before):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await _logged(here)
    finally:
        second.kill()
        await second.wait()
    await _logged(here)  # the first one has it again
    assert "log.diverged" not in said.read_text()


async def _logged(here):
    """A new letter comes into the log."""
    status, body = await submit_with_patience(here, signed_pdf(here), new_key(), to())
    assert status == 201
    delivery = body["deliveries"][0]
    proof = f"/v1/evidence/{delivery['evidence'][0]['id']}/proof"
    async with asyncio.timeout(20):
        while (await ask_with_patience(here, CITIZEN, "GET", proof))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_the_audit_finds_nothing_after_all_this(here):
    await audit(here)
