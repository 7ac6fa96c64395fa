"""What the README names is there. Its commands run in the test of the demo."""

import re

from tests import readme


def test_every_file_that_the_readme_links_to_is_there():
    missing = [link for link in readme.links() if not (readme.ROOT / link).exists()]
    assert readme.links()
    assert not missing


def test_every_test_that_is_named_as_a_proof_is_there():
    named = readme.tests_named()
    assert len(named) >= 4
    assert not [path for path in named if not (readme.ROOT / path).exists()]


def test_every_make_target_that_the_readme_names_is_one():
    makefile = (readme.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert readme.make_targets() <= targets


def test_the_two_commands_are_the_first_block():
    assert readme.shell_block("Two commands").split("\n") == ["make demo", "make test", ""]
