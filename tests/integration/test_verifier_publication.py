"""The small verifiers' digests: each version is entered into the log once, with its row."""

import asyncio

from builders import NOW

from signing.log_entry import parse_operation_entry
from signing.standalone.published import verifiers
from storage.log import PostgresLogStore
from storage.verifiers import PostgresVerifiers
from tdh.verifiers import publish_verifiers


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
