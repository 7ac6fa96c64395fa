"""`tdh audit` and the keys that the log names: each seal is by one that was in service then."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg
import pytest
from audited_world import World, living
from seal_authority import Authority
from sealer_program import SealerProgram

from signing.seal_check import Outcome
from signing.service_keys import in_service, retired
from storage.migrate import migrate
from storage.service_keys import PostgresServiceKeys
from tdh.audit.installation import Wish, audit_installation
from tdh.audit.report import CheckName
from tdh.domain import commands as cmd
from tdh.domain.service_keys import KeyUse, Retirement
from tdh.service_keys import ServiceKeys, WatchedSealer
from tdh.system import CheckedClock


@pytest.fixture
async def world(new_database, postgres_server, tmp_path):
    dsn = await new_database("template0")
    await migrate(dsn, datetime.now(UTC))
    with SealerProgram(tmp_path) as sealer:
        authority = Authority(tmp_path)
        trust = sealer.keys.trust()
        made = World(
            dsn=dsn,
            folder=tmp_path,
            trust=type(trust)(
                seal_roots=(authority.root.certificate,), tsa_roots=trust.tsa_roots, logs=trust.logs
            ),
        )
        yield made, sealer, authority
    connection = await asyncpg.connect(postgres_server.dsn_of("postgres"))
    await connection.execute(f"DROP DATABASE {urlsplit(dsn).path[1:]} WITH (FORCE)")
    await connection.close()


def watching(sealer: SealerProgram):
    def make(database):
        keys = ServiceKeys(PostgresServiceKeys(database), CheckedClock())
        return WatchedSealer(sealer.socket, 5.0, keys)

    return make


async def lives(world: World, sealer: SealerProgram, name: str, make_client=None) -> None:
    """Take in a letter, bring it to its mailbox, and log it."""
    async with living(world, sealer, make_client) as life:
        await life.submit(name)
        await life.act(cmd.Forward, name)
        await life.publication.round()


async def found(world: World):
    report = await audit_installation(world.config, Wish(trust=world.trust, full=True))
    (keys,) = [check for check in report.checks if check.name is CheckName.KEYS]
    others = {
        check.name
        for check in report.checks
        if check.outcome is Outcome.FAIL and check.name is not CheckName.KEYS
    }
    return keys, others


async def test_seals_by_the_keys_that_the_log_names_pass(world) -> None:
    made, sealer, authority = world
    sealer.start(**authority.seal("first"))
    await lives(made, sealer, "company", watching(sealer))
    sealer.end()
    sealer.start(**authority.seal("second"))
    await lives(made, sealer, "new", watching(sealer))

    keys, others = await found(made)
    assert (keys.outcome, keys.checked, others) == (Outcome.PASS, 4, set())


async def test_a_seal_by_a_key_that_the_log_never_named_is_caught(world) -> None:
    """Below the same root, and by the same sealer's ledger: nothing else shows it."""
    made, sealer, authority = world
    sealer.start(**authority.seal("first"))
    await lives(made, sealer, "company", watching(sealer))
    sealer.end()
    sealer.start(**authority.seal("secret"))
    await lives(made, sealer, "new")

    keys, others = await found(made)
    assert (keys.outcome, keys.problems, others) == (Outcome.FAIL, 2, set())
    assert "which the log never named in service" in keys.examples[0]


async def test_a_seal_by_a_retired_key_is_caught(world) -> None:
    made, sealer, authority = world
    sealer.start(**authority.seal("first"))
    async with living(made, sealer, watching(sealer)) as life:
        await life.submit("company")
        client = life.publication.signer
        (old,) = [key for key in await client.keys() if key.use is KeyUse.SEAL]
        now = datetime.now(UTC).replace(microsecond=0)
        word = Retirement(use=KeyUse.SEAL, key=old.key, at=now)
        records = client._watch._records
        await records.rotate(old, now, in_service(old, now), [(word, retired(word, now))])
    await lives(made, sealer, "new")

    keys, others = await found(made)
    assert (keys.outcome, others) == (Outcome.FAIL, set())
    assert "after it was retired" in keys.examples[0]
