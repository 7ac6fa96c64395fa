"""The README as programs read it: its shell blocks, links and commands."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def shell_block(heading: str) -> str:
    """The `sh` block below a heading."""
    section = TEXT.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert found, f"no sh block below {heading}"
    return found[1]


def links() -> list[str]:
    """Files of this repository that the README links to."""
    return [link for link in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in link]


def tests_named() -> list[str]:
    """What the README names as a proof, to be given to `make test PYTEST=…`."""
    named = re.findall(r"`(tests/[^`]+)`", TEXT)
    return [path for words in named for path in words.split()]


def make_targets() -> set[str]:
    """The targets that the README names."""
    return set(re.findall(r"\bmake ([a-z]+)", TEXT))
