"""Writes the table of the rules: `python -m tests.rules signing/README.md`; or prints it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.rules.table import drawn, table


def main(arguments: Sequence[str]) -> int:
    """Rewrite the file named by the one argument."""
    if not arguments:
        sys.stdout.write(table())
        return 0
    file = Path(arguments[0])
    file.write_text(drawn(file.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
