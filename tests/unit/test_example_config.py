"""deploy/ speaks of the settings that the program has: all of them, with the right defaults."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from tdh.config import NOT_SETTINGS, Config, ConfigError, load

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
EXAMPLE = DEPLOY / "tdh.example.toml"
COMMENTED = re.compile(r"^#(?=[a-z_]+ = )", re.MULTILINE)
VARIABLE = re.compile(r"\bTDH_[A-Z_]+[A-Z]\b")


def settings() -> set[tuple[str, str]]:
    sections = get_type_hints(Config)
    return {(name, field.name) for name, kind in sections.items() for field in fields(kind)}


@pytest.fixture
def uncommented(tmp_path: Path) -> Path:
    path = tmp_path / "tdh.toml"
    path.write_text(COMMENTED.sub("", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    return path


def test_the_example_as_it_is_changes_nothing() -> None:
    assert load({"TDH_CONFIG": str(EXAMPLE)}) == Config()


def test_each_default_in_the_example_is_the_default_of_the_code(uncommented: Path) -> None:
    assert load({"TDH_CONFIG": str(uncommented)}) == Config()


def test_the_example_shows_every_setting_and_no_other(uncommented: Path) -> None:
    shown = tomllib.loads(uncommented.read_text(encoding="utf-8"))
    assert {(name, key) for name, section in shown.items() for key in section} == settings()


def test_an_example_with_a_misspelled_setting_would_be_noticed(uncommented: Path) -> None:
    text = uncommented.read_text(encoding="utf-8")
    uncommented.write_text(text.replace("connections =", "conections ="), encoding="utf-8")
    with pytest.raises(ConfigError, match="conections"):
        load({"TDH_CONFIG": str(uncommented)})


@pytest.mark.parametrize(
    "path",
    [
        DEPLOY / "Dockerfile",
        DEPLOY / "compose.yaml",
        DEPLOY / "README.md",
        *sorted((DEPLOY / "systemd").iterdir()),
    ],
    ids=lambda path: path.name,
)
def test_each_variable_that_deploy_sets_is_one_that_the_program_reads(path: Path) -> None:
    known = {f"TDH_{section}__{key}".upper() for section, key in settings()}
    known |= {f"{name}_FILE" for name in known} | {f"TDH_{name}" for name in NOT_SETTINGS}
    unknown = set(VARIABLE.findall(path.read_text(encoding="utf-8"))) - known
    assert not unknown
