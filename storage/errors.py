"""Errors of the database that an operator must mend before the service can start."""

from collections.abc import Sequence
from typing import ClassVar

from tdh.domain.errors import TDHError


class DatabaseUnfit(TDHError):
    """The server would lose what it has confirmed, or is too old; `problems` names each setting."""

    code: ClassVar[str] = "database-unfit"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(
            "this PostgreSQL cannot keep the promise of durability: " + "; ".join(problems)
        )
        self.problems = tuple(problems)


class MigrationChanged(TDHError):
    """A migration that was applied here reads differently now: schema and code have parted."""

    code: ClassVar[str] = "migration-changed"

    def __init__(self, name: str) -> None:
        super().__init__(f"migration {name} was changed after it had been applied to this database")
        self.name = name


class MigrationUnknown(TDHError):
    """The database was migrated by a newer version of this program."""

    code: ClassVar[str] = "migration-unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"this database has migration {name}, which this version does not know")
        self.name = name


class StatementsMalformed(TDHError):
    """A file of named statements does not read as one."""

    code: ClassVar[str] = "statements-malformed"

    def __init__(self, file: str, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file = file
        self.problem = problem
