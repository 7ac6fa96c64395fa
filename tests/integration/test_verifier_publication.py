"""The small verifiers' digests: each version is entered into the log once, with its row."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from builders import NOW
from sealer_program import SealerProgram

from signing.log_entry import parse_operation_entry
from signing.log_tree import LogTree
from signing.standalone import tdh_verify as small
from signing.standalone.published import verifiers
from signing.tlog_proof import TlogProof
from storage.log import PostgresLogStore
from storage.service_keys import PostgresServiceKeys
from storage.tiles import LogFolder
from storage.verifiers import PostgresVerifiers
from tdh.anchoring import proving
from tdh.cli.main import main
from tdh.delivery.publication import Publication
from tdh.delivery.tiling import Tiling
from tdh.domain.errors import NotLoggedYet
from tdh.system import CheckedClock
from tdh.verifiers import PublishedVerifiers, publish_verifiers


async def test_each_version_is_entered_once_however_many_processes_start(database) -> None:
    records, files = PostgresVerifiers(database), verifiers()
    answers = await asyncio.gather(*(publish_verifiers(records, files, NOW) for _ in range(4)))
    assert sum(map(len, answers)) == len(files) == 2
    assert await publish_verifiers(records, files, NOW) == ()
    assert {(one.name, one.digest.hex()) for one in await records.all()} == {
        (file.name, file.sha256) for file in files
    }
    assert {file.name for file in files} == {"tdh_verify.py", "tdh_verify.html"}


async def test_the_log_s_entry_names_file_and_digest(database) -> None:
    (_, script) = verifiers()
    await publish_verifiers(PostgresVerifiers(database), [script], NOW)
    async with PostgresLogStore(database).round() as transaction:
        (queued,) = await transaction.take(10)
    entry = parse_operation_entry(queued.entry)
    assert entry.kind == "verifier-published"
    assert entry.fields == (("name", "tdh_verify.py"), ("digest", f"sha-256 {script.sha256}"))


@pytest.fixture
def sealer(tmp_path) -> Iterator[SealerProgram]:
    with SealerProgram(tmp_path) as one:
        one.start()
        yield one


@pytest.fixture
def verifier(database_dsn, monkeypatch, capsys):
    """Runs `tdh admin verifier …`; what it says."""
    monkeypatch.setenv("TDH_DATABASE__DSN", database_dsn)

    async def run(*words: str) -> str:
        assert await asyncio.to_thread(main, ["admin", "verifier", *words]) == 0
        return capsys.readouterr().out

    return run


async def test_a_stranger_gets_the_proof_that_the_log_has_the_digest(
    database, verifier, sealer, tmp_path
) -> None:
    (_, script) = verifiers()
    published = PublishedVerifiers(
        records=PostgresVerifiers(database),
        entries=PostgresServiceKeys(database),
        proving=proving(database),
    )
    assert await published.proof(script) is None
    assert (await verifier("publish")).count("entered") == 2
    assert (await verifier("publish")).count("known before") == 2
    assert script.sha256 in await verifier("list")
    listed = json.loads(await verifier("list", "--json"))["data"]
    assert {one["sha256"] for one in listed} == {file.sha256 for file in verifiers()}
    with pytest.raises(NotLoggedYet):
        await published.proof(script)
    signer = sealer.client()
    store, maths = PostgresLogStore(database), LogTree()
    await Publication(
        store=store,
        tiling=Tiling(store=store, folder=LogFolder(tmp_path / "log"), maths=maths),
        signer=signer,
        maths=maths,
        clock=CheckedClock(),
        crash=lambda _name: None,
    ).round()
    await signer.close()
    proof = await published.proof(script)
    trust = small.read_trust(sealer.keys.trust().text(), datetime.now(UTC))
    lines = small.check_proof(proof, [], trust)
    assert small.result(lines) == "valid", lines
    entry = parse_operation_entry(TlogProof.parse(proof).extra)
    assert dict(entry.fields)["digest"] == f"sha-256 {script.sha256}"
