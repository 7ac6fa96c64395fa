"""A letter accepted on older revocation data, and the list that revokes its signer comes later.

Real servers and programs throughout: the service is killed between judging and telling, and in the
commit; every delivery is told once, both parties see it, no state moves, and the evidence verifies.
"""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest

from signing.certificates import Revocation, der, make_crl
from tests.installation import AGENCY, CITIZEN, COMPANY, OTHER_AGENCY, installed
from tests.pki.make import REVOKED_AT
from tests.stories import (
    ask_with_patience,
    audit,
    events_of,
    new_key,
    run_tdh,
    signed_pdf,
    submit_with_patience,
    tdh,
    until_state,
)

RECIPIENTS = [
    {"party": CITIZEN, "consignment_mode": "basic"},
    {"party": COMPANY, "consignment_mode": "basic"},
    {"party": OTHER_AGENCY, "consignment_mode": "consent"},
]
STATES = {CITIZEN: "handed_over", COMPANY: "consigned", OTHER_AGENCY: "awaiting_acceptance"}
EXTRA = {
    "TDH_JUDGE__REVOCATION": "if-present",
    "TDH_POLICY__RECHECK_AFTER_SECONDS": "1",
    "TDH_POLICY__RECHECK_MOST": "12",
}
REVOKED = 15
"""The serial number of the certificate called "revoked"."""


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server):
    async with installed(new_database, postgres_server, rabbitmq_server, extra=EXTRA) as running:
        yield running


def lists(here, *revoked: int, issued: datetime, runs_out: datetime) -> None:
    """Put revocation lists of both authorities into the trust folder."""
    serials = [Revocation(serial=serial, revoked_at=REVOKED_AT) for serial in revoked]
    for name, authority, those in (
        ("root.crl", here.pki.root, []),
        ("issuing.crl", here.pki.issuing, serials),
    ):
        new = make_crl(
            issuer=authority,
            revoked=those,
            this_update=issued,
            next_update=runs_out,
            number=int(issued.timestamp()),
        )
        Path(here.pki.trust_folder, name).write_bytes(new)


def old_lists(here) -> None:
    """They have run out, and know nothing of the revocation."""
    now = datetime.now(UTC)
    lists(here, issued=now - timedelta(days=10), runs_out=now - timedelta(days=3))


def new_lists(here, *revoked: int) -> None:
    """Later than the acceptance by more than clocks may differ."""
    now = datetime.now(UTC)
    later = now + timedelta(minutes=10)
    lists(here, *revoked, issued=later, runs_out=now + timedelta(days=7))


def list_in_force(here) -> bytes:
    return Path(here.pki.trust_folder, "issuing.crl").read_bytes()


async def restarted(here, crash: str = "") -> None:
    here.supervisor.arm("TDH_CRASH_POINT", crash)
    await here.supervisor.restart("api-0")
    await here.ready()


async def accepted(here) -> dict[str, str]:
    """A letter whose signer's revocation nobody knew of; its deliveries by recipient."""
    old_lists(here)
    await restarted(here)
    pdf = signed_pdf(here, signer="revoked")
    status, body = await submit_with_patience(here, pdf, new_key(), RECIPIENTS)
    assert status == 201, body
    deliveries = {one["recipient"]: one["id"] for one in body["deliveries"]}
    await until_state(here, deliveries[CITIZEN], "consigned")
    path = f"/v1/inbox/{deliveries[CITIZEN]}/documents/1"
    assert await ask_with_patience(here, CITIZEN, "GET", path) == (200, pdf)
    for party, state in STATES.items():
        await until_state(here, deliveries[party], state)
    return deliveries


async def time_passes(here) -> None:
    """The next try is due."""
    connection = await asyncpg.connect(here.dsn)
    await connection.execute("UPDATE outbox SET next_try = now() WHERE task = 'recheck-signature'")
    await connection.close()


async def jobs(here) -> int:
    connection = await asyncpg.connect(here.dsn)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM outbox WHERE task = 'recheck-signature'"
        )
    finally:
        await connection.close()


async def until_no_job(here) -> None:
    async with asyncio.timeout(60):
        while await jobs(here):  # noqa: ASYNC110 - another process does it
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("point", ["recheck.judged", "commit.sealed", "commit.written", ""])
async def test_a_revocation_that_becomes_known_is_told_once_to_all(here, tmp_path, point):
    deliveries = await accepted(here)
    assert await jobs(here) == 1, "one for the letter, not for each recipient"
    new_lists(here, REVOKED)
    died = tmp_path / "died"
    await restarted(here, f"api/{point}@{died}" if point else "")
    await time_passes(here)
    await until_no_job(here)
    await here.ready()
    assert died.exists() == bool(point), "the crash point was never reached"
    for party, delivery in deliveries.items():
        events = await events_of(here, delivery)
        assert events.count("SignatureStatus") == 1, events
        assert events[-1] == "SignatureStatus"
        seen = [await told(here, who, delivery) for who in (AGENCY, party)]
        assert seen[0] == seen[1]
        assert seen[0]["cause"].startswith("1:")
        _, content = await ask_with_patience(here, AGENCY, "GET", f"/v1/deliveries/{delivery}")
        assert json.loads(content)["state"] == STATES[party]
    causes = {(await told(here, AGENCY, one))["cause"] for one in deliveries.values()}
    assert len(causes) == 1, "one re-check, told to all"


async def told(here, party, delivery: str) -> dict:
    """The event as a party sees it."""
    path = f"/v1/deliveries/{delivery}/events"
    status, content = await ask_with_patience(here, party, "GET", path)
    assert status == 200
    (event,) = [one for one in json.loads(content)["data"] if one["event"] == "SignatureStatus"]
    return event


@pytest.mark.parametrize("party", [AGENCY, CITIZEN])
async def test_its_evidence_says_what_changed_and_verifies_for_both_parties(here, tmp_path, party):
    deliveries = await accepted(here)
    new_lists(here, REVOKED)
    await time_passes(here)
    await until_no_job(here)
    saved = tmp_path / "evidence"
    code, _, err = await tdh(here, party, "evidence", deliveries[CITIZEN], "-o", str(saved))
    assert code == 0, err
    (status,) = saved.glob("*-SignatureStatus.xml")
    text = status.read_text(encoding="utf-8")
    assert 'name="before">TOTAL_PASSED<' in text
    assert 'name="now">INDETERMINATE/REVOKED_NO_POE<' in text
    assert "/event/SignatureStatus<" in text
    revoked = here.pki.signers["revoked"].chain[0]
    newest = list_in_force(here)
    assert (
        f"revoked: certificate sha256:{sha256(der(revoked)).hexdigest()}"
        f" at {REVOKED_AT.isoformat()} by crl trust sha256:{sha256(newest).hexdigest()}"
    ) in text
    files = [str(one) for one in sorted(saved.glob("*.xml"))]
    code, out, err = await run_tdh("verify", *files, "--trust", str(here.trust), "--json")
    assert code == 0, out + err
    assert json.loads(out)["result"] == "valid"
    code, out, _ = await tdh(here, party, "show", deliveries[CITIZEN])
    assert code == 0
    assert "ผลตรวจลายมือชื่อเปลี่ยนไป" in out


async def test_a_signature_that_still_holds_tells_nobody(here):
    deliveries = await accepted(here)
    new_lists(here)
    await time_passes(here)
    await until_no_job(here)
    assert "SignatureStatus" not in await events_of(here, deliveries[CITIZEN])


async def test_without_newer_data_it_is_tried_again_until_an_operator_sees_to_it(here):
    deliveries = await accepted(here)
    connection = await asyncpg.connect(here.dsn)
    async with asyncio.timeout(60):
        while not await connection.fetchval(
            "SELECT parked_at IS NOT NULL FROM outbox WHERE task = 'recheck-signature'"
        ):
            await time_passes(here)
            await asyncio.sleep(0.2)
    attempts = await connection.fetchval(
        "DELETE FROM outbox WHERE task = 'recheck-signature' RETURNING attempts"
    )
    await connection.close()
    assert attempts == int(EXTRA["TDH_POLICY__RECHECK_MOST"])
    assert "SignatureStatus" not in await events_of(here, deliveries[CITIZEN])


async def test_the_audit_finds_nothing_after_all_this(here):
    await audit(here)
