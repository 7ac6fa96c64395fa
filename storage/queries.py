"""Named SQL statements: a store's statements lie in the `.sql` file of its module's stem.

A statement begins with the line `-- name: its_name` and goes on to the next such line. Nothing is
ever put together at run time; values travel as parameters only.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from storage.errors import StatementsMalformed

_NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$", re.MULTILINE)


def statements_beside(module_file: str) -> Mapping[str, str]:
    """The statements of a module, by name (argument: its `__file__`).

    Raises StatementsMalformed, at import.
    """
    file = Path(module_file).with_suffix(".sql")
    return parse_statements(file.read_text(encoding="utf-8"), file.name)


def parse_statements(text: str, file: str) -> Mapping[str, str]:
    """Split a file into its named statements. Raises StatementsMalformed."""
    before, *parts = _NAME.split(text)
    if _without_comments(before):
        raise StatementsMalformed(file, "a statement before the first name")
    found: dict[str, str] = {}
    for name, statement in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise StatementsMalformed(file, f"{name} stands twice")
        if not _without_comments(statement):
            raise StatementsMalformed(file, f"{name} is empty")
        found[name] = statement.strip()
    return MappingProxyType(found)


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text).strip()
