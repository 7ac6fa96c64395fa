"""A database's schema as canonical text, read from the catalogue.

The text is valid SQL, the same for every PostgreSQL version and for every order in which the
migrations made things, so that it can be compared. Monthly partitions and rows are not part of it.
"""

from collections import defaultdict

import asyncpg

from storage.database import Session
from storage.queries import statements_beside

_SQL = statements_beside(__file__)
_STORAGE = {"e": "EXTERNAL", "p": "PLAIN", "m": "MAIN", "x": "EXTENDED"}

HEAD = """\
-- The schema that the migrations make. Generated: python -m storage.migrate --dump DSN
-- Monthly partitions are left out.
"""


async def dump_schema(session: Session) -> str:
    """The schema `public` as text."""
    async with session.transaction(isolation="repeatable_read", readonly=True):
        tables = await session.fetch(_SQL["tables"])
        columns = await session.fetch(_SQL["columns"])
        constraints = await session.fetch(_SQL["constraints"])
        indexes = await session.fetch(_SQL["indexes"])
    inside = defaultdict[str, list[str]](list)
    after: list[str] = []
    for row in columns:
        inside[row["owner"]].append(_column(row))
        if row["storage"]:
            after.append(
                f"ALTER TABLE {row['owner']} ALTER COLUMN {row['name']}"
                f" SET STORAGE {_STORAGE[row['storage']]};"
            )
    for row in constraints:
        definition = f"CONSTRAINT {row['name']} {row['definition']}"
        if row["is_foreign"]:
            after.append(f"ALTER TABLE {row['owner']} ADD {definition};")
        else:
            inside[row["owner"]].append(definition)
    made = [_table(row, inside[row["name"]]) for row in tables]
    made += [_index(row["definition"]) for row in indexes]
    return "\n".join([HEAD, *made, *after]) + "\n"


def _table(row: asyncpg.Record, inside: list[str]) -> str:
    if row["parent"]:
        return f"CREATE TABLE {row['name']} PARTITION OF {row['parent']} {row['bound']};"
    lines = ",\n".join(f"    {line}" for line in inside)
    partitioned = f" PARTITION BY {row['partitioned_by']}" if row["partitioned_by"] else ""
    options = f" WITH ({row['options']})" if row["options"] else ""
    return f"CREATE TABLE {row['name']} (\n{lines}\n){partitioned}{options};\n"


def _column(row: asyncpg.Record) -> str:
    words = [row["name"], row["type"]]
    if row["collation"]:
        words.append(f"COLLATE {row['collation']}")
    if row["required"]:
        words.append("NOT NULL")
    if row["identity"]:
        words.append("GENERATED ALWAYS AS IDENTITY")
    elif row["default_value"]:
        words.append(f"DEFAULT {row['default_value']}")
    return " ".join(words)


def _index(definition: str) -> str:
    # On a partitioned table the catalogue says ONLY, which would leave the partitions without.
    return definition.replace(" ON ONLY ", " ON ").replace(" ON public.", " ON ") + ";"
