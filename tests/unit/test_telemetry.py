"""What a log line may say of an error."""

import json
import subprocess
import sys

import pytest

CANARY = "เรื่องลับของนายเอ-CANARY"
PROGRAM = """
import logging, sys
import structlog
from tdh import telemetry

telemetry.configure(level="debug", role="api", human=sys.argv[1] == "human")


def inner(subject):
    raise ValueError("cannot read " + subject)


def outer(subject):
    try:
        inner(subject)
    except ValueError as error:
        raise TypeError(subject) from error


try:
    outer(sys.argv[2])
except TypeError:
    structlog.get_logger().exception("failed", role="api")
    logging.getLogger("aiohttp.server").exception("Error handling request from %s", "127.0.0.1")
"""


def logged(kind):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind, CANARY], capture_output=True, check=True, text=True
    )
    return done.stderr


@pytest.mark.parametrize("kind", ["json", "human"])
def test_neither_words_of_an_error_nor_variables_are_logged_but_types_and_places(kind):
    lines = logged(kind)
    assert "CANARY" not in lines
    assert "เรื่อง" not in lines
    assert lines.count("TypeError") == 2
    assert lines.count("ValueError") == 2
    assert "inner" in lines
    assert "outer" in lines


def test_an_error_is_one_json_line():
    first = json.loads(logged("json").splitlines()[0])
    assert first["event"] == "failed"
    assert first["exception"][0] == "TypeError"
