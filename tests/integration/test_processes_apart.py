"""The processes of a running service: what they keep from others of their user, and from disk."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tdh.roles import parts_of
from tests.installation import installed

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
CLIENTS = 54321 if IS_ROOT else os.getegid()
# Root may look everywhere; so the two of a kind are ordinary users where the tests run as root.
SOMEBODY = {"user": 65534, "group": 65534, "extra_groups": []} if IS_ROOT else {}

SECRETIVE = """
import sys
sys.path.append(sys.argv[1])
from tdh.system import protect_memory
print("began", flush=True)
input()
protect_memory()
print("protected", flush=True)
input()
"""


@pytest.fixture(scope="module")
async def here(new_database, postgres_server, rabbitmq_server):
    extra = {"TDH_SEALER__CLIENTS_GROUP": str(CLIENTS)}
    async with installed(new_database, postgres_server, rabbitmq_server, extra=extra) as running:
        yield running


def can_be_read(path: str) -> bool:
    """Whether another process of the same user may."""
    return subprocess.run(["cat", path], capture_output=True, check=False, **SOMEBODY).stdout != b""


def test_nobody_of_the_same_user_may_look_into_a_protected_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", "-c", SECRETIVE, str(ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"TDH_SECRET": "x"},
        text=True,
        **SOMEBODY,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        environment = f"/proc/{process.pid}/environ"
        assert process.stdout.readline() == "began\n"
        assert can_be_read(environment)
        print(file=process.stdin, flush=True)
        assert process.stdout.readline() == "protected\n"
        assert not can_be_read(environment)
        assert can_be_read(f"/proc/{process.pid}/stat"), "what a benchmark counts by"
        process.kill()


def test_every_process_of_the_service_protects_its_memory(here) -> None:
    for part in parts_of(here.config):
        pid = here.supervisor.pid(part.name)
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
        line = next(line for line in limits if line.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"], part.name


def test_the_sealer_s_socket_is_for_the_group_of_the_settings(here) -> None:
    made = here.config.sealer.socket.stat()

    assert (stat.S_IMODE(made.st_mode), made.st_gid) == (0o660, CLIENTS)
