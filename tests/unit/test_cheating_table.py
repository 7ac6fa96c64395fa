"""The table of cheats in `signing/README.md` names every test of a cheat, and none that is not."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "signing" / "README.md").read_text()
SOUND = "test_everybody_finds_an_honest_installation_right"


def test_each_test_of_a_cheat_has_its_row() -> None:
    table = README.partition("<!-- cheating -->\n")[2].partition("<!-- /cheating -->")[0]
    named = [re.findall(r"`(test_\w+)` \|$", line) for line in table.splitlines()[2:]]
    assert all(len(row) == 1 for row in named), "a row without its test"
    there = [
        part.name
        for path in sorted((ROOT / "tests" / "cheating").glob("test_*.py"))
        for part in ast.parse(path.read_text()).body
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
        and part.name.startswith("test_")
    ]
    assert SOUND in README
    assert sorted(name for (name,) in named) == sorted(set(there) - {SOUND})
