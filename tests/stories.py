"""What users of an installation do, with the patience that a user's program has."""

import asyncio
import collections
import itertools
import json
import sys
from datetime import UTC, datetime

import aiohttp
import asyncpg

from tests.installation import AGENCY, CITIZEN, Installation, letter_form
from tests.pki.make import sign_pdf, simple_pdf

_numbers = itertools.count(1)
TRANSIENT = (aiohttp.ClientError, TimeoutError)


def signed_pdf(here: Installation, *, size: int = 20_000, signer: str = "good") -> bytes:
    """A document that differs from all others."""
    pdf = simple_pdf(f"Letter {next(_numbers)}", size=size)
    return sign_pdf(pdf, here.pki.signers[signer], signed_at=datetime.now(UTC))


def new_key() -> str:
    """An idempotency key that nobody used."""
    return f"key-{next(_numbers)}-{datetime.now(UTC).timestamp()}"


def to(party=CITIZEN, mode="basic", **more) -> list[dict]:
    """One recipient as a letter names it."""
    return [{"party": party, "consignment_mode": mode} | more]


async def submit(here: Installation, pdf: bytes, key: str, recipients: list[dict]):
    """One try: status and body, or the transport's error."""
    async with (
        here.client(AGENCY) as client,
        client.post(
            "/v1/letters", data=letter_form(pdf, recipients), headers={"Idempotency-Key": key}
        ) as answer,
    ):
        return answer.status, await answer.json()


async def submit_with_patience(
    here: Installation, pdf: bytes, key: str, recipients: list[dict], within: float = 40
):
    """Try again, under the same key, until there is an answer that is no 503."""
    async with asyncio.timeout(within):
        while True:
            try:
                status, body = await submit(here, pdf, key, recipients)
            except TRANSIENT:
                await asyncio.sleep(0.1)
                continue
            if status != 503:
                return status, body
            await asyncio.sleep(0.1)


async def ask_with_patience(here: Installation, party, method: str, path: str, within: float = 40):
    """A request until it is answered with neither 503 nor 404 nor a broken connection."""
    async with asyncio.timeout(within), here.client(party) as client:
        while True:
            try:
                async with client.request(method, path) as answer:
                    content = await answer.read()
                    if answer.status not in (503, 404):
                        return answer.status, content
            except TRANSIENT:
                pass
            await asyncio.sleep(0.05)


async def until_state(here: Installation, delivery: str, *states: str, within: float = 40) -> dict:
    """Wait until the sender sees one of these states; the delivery then."""
    seen: dict = {}
    try:
        async with asyncio.timeout(within):
            while True:
                path = f"/v1/deliveries/{delivery}"
                status, content = await ask_with_patience(here, AGENCY, "GET", path)
                assert status == 200, content
                seen = json.loads(content)
                if seen["state"] in states:
                    return seen
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{delivery} stays {seen.get('state')}, not {states}") from None


async def events_of(here: Installation, delivery: str) -> list[str]:
    """Names of the delivery's events, in order, from the database."""
    connection = await asyncpg.connect(here.dsn)
    try:
        rows = await connection.fetch(
            "SELECT e.name FROM events e JOIN evidence v"
            " USING (letter_month) WHERE v.event = e.id AND e.delivery = $1 ORDER BY e.sequence",
            delivery,
        )
    finally:
        await connection.close()
    return [row["name"] for row in rows]


async def letters_under_key(here: Installation, key: str) -> int:
    """How many letters a key led to, from the database."""
    connection = await asyncpg.connect(here.dsn)
    try:
        return await connection.fetchval(
            "SELECT count(*) FROM idempotency WHERE key = $1 AND letter IS NOT NULL", key
        )
    finally:
        await connection.close()


KEPT = ("letters", "deliveries", "documents", "events", "evidence", "releases")


async def holdings(here: Installation) -> dict[str, object]:
    """All that the installation keeps: rows of each table, ledger lines, files of the vault."""
    tables = (*KEPT, "refused_submissions", "refused_reports", "idempotency", "outbox")
    connection = await asyncpg.connect(here.dsn)
    try:
        rows = {one: await connection.fetchval(f"SELECT count(*) FROM {one}") for one in tables}  # noqa: S608 - names of ours
        rows["log"] = await connection.fetchval(
            "SELECT (SELECT count(*) FROM log_queue) + (SELECT count(*) FROM log_entries)"
        )
    finally:
        await connection.close()
    vault = here.folder / "vault"
    files = {str(f.relative_to(vault)): f.stat().st_size for f in vault.rglob("*") if f.is_file()}
    return rows | {"vault": files}


async def run_tdh(*words: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, output and complaints of one run of the program."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tdh",
        *words,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"} | environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def tdh(here: Installation, party, *words: str) -> tuple[int, str, str]:
    """One run of a client command, for a party."""
    return await run_tdh(*words, TDH_SERVER=here.url, TDH_TOKEN_FILE=str(here.token_file(party)))


def assert_nothing_twice(events: list[str]) -> None:
    """Each event that happens once is there once."""
    twice = [name for name, count in collections.Counter(events).items() if count > 1]
    assert not twice, f"happened twice: {twice}"


async def audit(here: Installation) -> dict:
    """`tdh audit` as an operator runs it; fails the test if it finds anything."""
    code, out, err = await run_tdh(
        "audit", "--json", "--trust", str(here.trust), **here.environment
    )
    assert code == 0, f"{code}\n{out}\n{err}"
    return json.loads(out)
