"""Every statement of the service goes by key, already when all tables are empty.

The first plan of a connection is kept (`storage.database`), and it is often made on the day of
installation or on the first of a month. A plan that walks a table or a whole index then costs
nothing, and grows with the table.
"""

import json
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

from storage import (
    anchors,
    archive,
    journal,
    log,
    mailboxes,
    outbox,
    parties,
    receipts,
    revocation,
    service_keys,
    views,
)
from storage.database import Database, Session
from storage.queries import statements_beside

MODULES: tuple[ModuleType, ...] = (
    *(anchors, archive, journal, log, mailboxes, outbox, parties, receipts, revocation, views),
    service_keys,
)
ON_PURPOSE = {
    "storage.anchors.newest_settled",
    "storage.archive.archived",
    "storage.archive.unstamped",
    "storage.journal.last_beat",
    "storage.log.head",
    "storage.log.swap_tree",
    "storage.log.take",
    "storage.log.tree",
    "storage.log.waiting",
    "storage.outbox.pressure",
    "storage.parties.all_parties",
    "storage.service_keys.all",
    "storage.service_keys.newest_trust_file",
}
"""These read from an end of a table, or all of a small one."""

EXAMPLES = {"date": "current_date", "text": "'x'"}
"""What decides about partitions must have a value, or the plan is shown without them."""


async def test_each_statement_finds_its_rows_by_the_key_of_an_index(database: Database) -> None:
    walked: dict[str, list[str]] = {}
    async with database.session() as session:
        keys = await first_columns(session)
        for name, statement in statements():
            plan = await plan_of(session, statement)
            found = [named(node) for node in plan if walks(node, keys)]
            if found:
                walked[name] = found
    assert walked.keys() == ON_PURPOSE, walked


def statements() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        for name, statement in statements_beside(module.__file__ or "").items():
            yield f"{module.__name__}.{name}", statement


async def first_columns(session: Session) -> Mapping[str, str]:
    """The first column of each index."""
    rows = await session.fetch(
        "SELECT i.indexrelid::regclass::text AS index, a.attname AS column FROM pg_index i "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
    )
    return {row["index"]: row["column"] for row in rows}


async def plan_of(session: Session, statement: str) -> list[dict[str, Any]]:
    """The nodes of the plan that is kept."""
    await session.execute(f"PREPARE kept AS {statement}")
    types = await session.fetchval(
        "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = 'kept'"
    )
    values = ", ".join(EXAMPLES.get(each, "NULL") for each in types)
    shown = await session.fetchval(
        f"EXPLAIN (FORMAT JSON) EXECUTE kept{f'({values})' if values else ''}"
    )
    await session.execute("DEALLOCATE kept")
    return list(nodes(json.loads(shown)[0]["Plan"]))


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def named(node: Mapping[str, Any]) -> str:
    return str(node.get("Index Name") or node["Relation Name"])


def walks(node: Mapping[str, Any], keys: Mapping[str, str]) -> bool:
    """Whether the node reads more the larger its table is."""
    if node["Node Type"] == "Seq Scan":
        return True
    if "Index Name" not in node:
        return False
    condition = node.get("Index Cond", "")
    return re.search(rf"\b{keys[node['Index Name']]}\b", condition) is None
