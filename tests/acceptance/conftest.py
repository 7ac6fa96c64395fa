"""What several acceptance tests share: a whole installation, and programs that others wrote.

Each module that asks has an installation of its own. What Go compiles of its own library is
compiled once.
"""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.installation import Installation, installed

GO_PATH = Path("/usr/share/gocode")
JAVA_PATH = Path("/usr/share/java")


@pytest.fixture(scope="module")
async def here(
    request, new_database, postgres_server, rabbitmq_server
) -> AsyncIterator[Installation]:
    """A running service; settings of its own stand in the module's `SETTINGS`."""
    extra = getattr(request.module, "SETTINGS", None)
    async with installed(new_database, postgres_server, rabbitmq_server, extra=extra) as running:
        yield running


@pytest.fixture(scope="session")
def built_by_go(tmp_path_factory) -> Callable[[str], Path]:
    """Builds a Go program that lies here; needs golang-go and golang-golang-x-mod-dev."""
    if shutil.which("go") is None or not (GO_PATH / "src/golang.org/x/mod").is_dir():
        pytest.fail("needs Debian's golang-go and golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(GO_PATH),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }

    def build(source: str) -> Path:
        program = folder / Path(source).stem
        command = ["go", "build", "-o", program, Path(__file__).with_name(source)]
        subprocess.run(command, check=True, env=environment, timeout=240)
        return program

    return build


@pytest.fixture(scope="session")
def said_by_java() -> Callable[..., list[str]]:
    """Runs a Java source that lies here, with Debian's jars: what it says, line by line."""

    def run(source: str, jars: tuple[str, ...], *arguments: str) -> list[str]:
        places = [JAVA_PATH / f"{jar}.jar" for jar in jars]
        if shutil.which("javac") is None or not all(place.exists() for place in places):
            pytest.fail(f"needs Debian's default-jdk-headless and the jars {', '.join(jars)}")
        path, program = ":".join(map(str, places)), Path(__file__).with_name(source)
        done = subprocess.run(
            ["java", "-cp", path, program, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return done.stdout.splitlines()

    return run
