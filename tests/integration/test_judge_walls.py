"""What a judge's child that was taken over can still do: nothing. Real processes, real kernel.

The program below plays the child that was taken over. It gets everything ready that would help it
(modules, open sockets, its parent's number), confines itself as a child does, and tries. Once as
the user that started it, so as root where the tests run as root; once as a user without rights
whose files lie around, as where TDH is not started by root.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from signing.judge import child, program, seccomp
from signing.judge.chain import material_of
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits, Policy
from signing.judge.pool import JudgePool
from signing.pades import TimestampReply
from signing.trust import load_trust
from tdh.domain.errors import JudgeUnavailable
from tests.pki import faults, make
from tests.vectors import cms, containers, xml, xml_markup

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
USERS = (None, NOBODY) if os.geteuid() == 0 else (None,)
"""None: who runs the tests."""

TAKEN_OVER = """
import ctypes, json, mmap, os, resource, socket, sys, _thread
sys.path.append(sys.argv[1])
from signing.judge import sandbox, seccomp
from signing.judge.policy import Limits

secret, path, port, user = sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
if user:
    os.setgroups([])
    os.setresgid(int(user), int(user), int(user))
    os.setresuid(int(user), int(user), int(user))
    assert open(secret).read() == "key"  # its own: nothing but the walls is in the way
libc = ctypes.CDLL(None, use_errno=True)
ptrace, prctl, unshare = {"x86_64": (101, 157, 272), "aarch64": (117, 167, 97)}[os.uname().machine]
local, other, stream = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX), socket.socket()
datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
machine = seccomp.this_machine()
allowed = {*machine.allowed.values(), *machine.mapping.values()}
parent = os.getppid()
receives = "locator" in sys.argv[6:]
allowed |= {machine.receiving} if receives else set()
sandbox.confine(Limits(memory_bytes=64 << 20), parent, receives=receives)

def call(*arguments):
    if libc.syscall(*[ctypes.c_long(one) for one in arguments]) == -1:
        raise OSError(ctypes.get_errno(), "")

def fork():
    if os.fork() == 0:
        os._exit(0)

def try_(action):
    try:
        action()
    except OSError as problem:
        return problem.errno
    except (MemoryError, RuntimeError) as problem:
        return type(problem).__name__
    return "done"

results = {name: try_(action) for name, action in {
    "open a public file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "open a secret": lambda: os.open(secret, os.O_RDONLY),
    "open a folder": lambda: os.listdir("/"),
    "look at a file": lambda: os.stat("/etc/passwd"),
    "open a device": lambda: os.open("/dev/null", os.O_WRONLY),
    "write to a folder": lambda: os.open("/tmp/tdh-escaped", os.O_WRONLY | os.O_CREAT),
    "rename": lambda: os.rename(secret, secret + "x"),
    "change rights": lambda: os.chmod(secret, 0o666),
    "make a local socket": lambda: socket.socket(socket.AF_UNIX),
    "make a network socket": lambda: socket.socket(socket.AF_INET),
    "make a pair": lambda: socket.socketpair(),
    "connect to a local socket": lambda: local.connect(path),
    "connect to a port": lambda: stream.connect(("127.0.0.1", port)),
    "send to an address": lambda: datagram.sendto(b"x", ("127.0.0.1", port)),
    "bind": lambda: other.bind(path + "x"),
    "listen": lambda: stream.listen(),
    "start a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
    "fork": fork,
    "signal its parent": lambda: os.kill(parent, 0),
    "kill its parent": lambda: os.kill(parent, 9),
    "trace its parent": lambda: call(ptrace, 16, parent, 0, 0),
    "limit its parent": lambda: resource.prlimit(parent, resource.RLIMIT_CPU),
    "memory to execute": lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC),
    "a file in memory": lambda: os.memfd_create("x"),
    "dump itself": lambda: call(prctl, 4, 1, 0, 0, 0),
    "a namespace": lambda: call(unshare, 0x10000000),
    "become root": lambda: os.setresuid(0, 0, 0),
}.items()}
results["start a thread"] = try_(lambda: _thread.start_new_thread(int, ()))
results["memory"] = try_(lambda: bytearray(256 << 20))
results["think"] = try_(lambda: sum(bytearray(1 << 20)))
results["user"] = os.getuid()
# Every call there is, and some that are not yet: only the listed ones are looked at. Two of x86-64
# are the kernel's own way back from a probe (uretprobe, uprobe): it kills whoever else makes them.
others = [number for number in range(600) if number not in {335, 336} | allowed]
results["let through"] = [number for number in others if try_(lambda: call(number, *[-1] * 6)) != 1]
os.write(1, json.dumps(results).encode())
if sys.argv[6:] == ["x32"]:
    libc.syscall(0x40000000 + 39)  # getpid by another table of numbers
os._exit(0)
"""
OTHER_ANSWERS = {"start a thread": "RuntimeError", "memory": "MemoryError", "think": "done"}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file as the vault's keys are, of the user without rights where there is one."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder != Path("/") and not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    path = tmp_path / "key-encryption-key"
    path.write_text("key", encoding="ascii")
    path.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    return path


@pytest.fixture
def local_door(tmp_path: Path) -> Iterator[Path]:
    """A socket as the sealer's, which lets everybody in."""
    path = tmp_path / "sealer.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen()
        yield path


def taken_over(
    secret: Path, door: Path, user: int | None, *more: str
) -> subprocess.CompletedProcess[bytes]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = [str(ROOT), str(secret), str(door), str(server.getsockname()[1])]
        return subprocess.run(
            [sys.executable, "-I", "-c", TAKEN_OVER, *arguments, str(user or ""), *more],
            capture_output=True,
            check=False,
            timeout=60,
        )


@pytest.mark.parametrize("sort", ["child", "locator"])
@pytest.mark.parametrize("user", USERS)
def test_a_child_that_was_taken_over_can_only_think(
    user: int | None, sort: str, secret: Path, local_door: Path
) -> None:
    ended = taken_over(secret, local_door, user, sort)

    assert ended.returncode == 0, ended.stderr.decode()
    results = json.loads(ended.stdout)
    assert results.pop("user") == (os.getuid() or NOBODY)
    assert results.pop("let through") == []
    for attempt, expected in OTHER_ANSWERS.items():
        assert results.pop(attempt) == expected, attempt
    assert len(results) == 27
    assert set(results.values()) == {1}, results  # EPERM
    assert secret.read_text(encoding="ascii") == "key"


def test_a_call_by_another_table_of_numbers_kills(secret: Path, local_door: Path) -> None:
    if os.uname().machine == "x86_64":  # the only one with two tables
        ended = taken_over(secret, local_door, USERS[-1], "x32")
        assert ended.returncode == -signal.SIGSYS


DOCUMENTS = {
    "good": lambda letter: letter,
    "altered": faults.altered_byte,
    "altered signature": faults.altered_signature,
    "appended": faults.appended_bytes,
    "another revision": faults.changed_by_revision,
    "wider gap": faults.widened_gap,
    "no contents": faults.emptied_contents,
    "header": faults.header_not_first,
    "damaged": lambda letter: letter[: len(letter) // 2],
    "no pdf": lambda _letter: b"hello",
    "active": lambda _letter: make.sign_pdf(
        make.simple_pdf(catalog=b"/OpenAction << /S /JavaScript /JS (x) >>"), good()
    ),
    "two signers": lambda letter: make.sign_pdf(
        letter, make.shared_pki().signers["rsa"], field_name="Signature2"
    ),
    "Ed25519": lambda _letter: make.sign_pdf(
        make.simple_pdf(), make.shared_pki().signers["ed25519"]
    ),
    "long term": lambda _letter: long_term(),
    "object streams": lambda _letter: faults.with_object_stream(good()),
    "hybrid": lambda _letter: faults.hybrid(good()),
    "XML": lambda _letter: xml.sign(xml.INVOICE, good(), xml.Plan(timestamp=stamp())),
    "XML, exclusive": lambda _letter: xml.sign(
        xml.INVOICE, make.shared_pki().signers["rsa"], xml.Plan(c14n=xml.EXCLUSIVE)
    ),
    "XML, hostile": lambda _letter: xml_markup.a_billion_laughs(make.shared_pki()),
    "XML, damaged": lambda _letter: xml_markup.half_a_document(make.shared_pki()),
}
"""Makers of documents of every kind that the judge treats in its own way."""


def good() -> make.TestSigner:
    return make.shared_pki().signers["good"]


def stamp() -> TimestampReply:
    return make.shared_pki().timestamp(make.SIGNED_AT)


def long_term() -> bytes:
    pki = make.shared_pki()
    stamped = make.sign_pdf(make.simple_pdf(), good(), timestamp=stamp())
    lists = list(make.revocation_lists(pki).values())
    certificates = [pki.issuing.certificate, pki.root.certificate]
    kept = faults.with_validation_data(stamped, certificates=certificates, lists=lists)
    return faults.with_document_timestamp(kept, pki.timestamp(make.JUDGED_AT))


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    letter = make.sign_pdf(make.simple_pdf(), good())
    pdfs = {name: maker(letter) for name, maker in DOCUMENTS.items()}
    kit, messages = containers.kit(), cms.kit()
    return {
        **pdfs,
        **containers.good(kit),
        **containers.stamps_only(kit),
        **{f"container {name}": one.make(kit) for name, one in containers.VECTORS.items()},
        **{f"CMS {name}": one.make(messages) for name, one in cms.VECTORS.items()},
    }


async def test_walls_change_no_verdict(documents: dict[str, bytes]) -> None:
    trust = load_trust([make.shared_pki().trust_folder])
    bench = child.Bench(
        material=material_of(trust),
        trust_version=trust.version,
        policy=Policy(),
        limits=Limits(),
    )
    async with JudgePool(trust, fast=False) as pool:
        for name, document in documents.items():
            with Memfd(document) as memfd:
                memfd.seal()
                confined = await pool.report(memfd.fd, memfd.size, make.JUDGED_AT)
            free = await asyncio.to_thread(child.judge_document, bench, document, make.JUDGED_AT)
            assert confined == free, name


LISTENING = """
import sys
sys.path[:0] = sys.argv[1:2]
from datetime import datetime
from pathlib import Path
from signing.judge import child, parent, selftest, warm
from signing.judge.chain import material_of
from signing.judge.policy import Limits, Policy, RevocationMode
from signing.trust import load_trust

policy, limits = Policy(revocation=RevocationMode.IF_PRESENT), Limits()
documents = [path.read_bytes() for path in sorted(Path(sys.argv[3]).rglob("*")) if path.is_file()]
trust = load_trust([Path(sys.argv[2])])
bench = child.Bench(material=material_of(trust), trust_version="", policy=policy, limits=limits)
at = datetime.fromisoformat(sys.argv[4])
warm.load()
selftest.run(parent._code_for(policy, limits))
import asyncio
loop = asyncio.new_event_loop()
heard, OUTSIDE = set(), ("os.", "socket.", "subprocess.", "ctypes.")
def listen(event, arguments):
    if event in ("open", "import") or event.startswith(OUTSIDE):
        heard.add(f"{event} {arguments[0] if arguments else ''}")
sys.addaudithook(listen)
for document in documents:
    child.judge_document(bench, document, at, run_to_end=loop.run_until_complete)
done = sorted(heard)
print(len(documents), *done, sep="\\n")
"""


def heard_while_judging(folder: Path) -> list[str]:
    """How many documents were judged, and what the interpreter did outside itself meanwhile."""
    arguments = [str(ROOT), str(make.shared_pki().trust_folder), str(folder)]
    return subprocess.run(
        [sys.executable, "-I", "-c", LISTENING, *arguments, make.JUDGED_AT.isoformat()],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    ).stdout.splitlines()


def test_judging_opens_and_imports_nothing(documents: dict[str, bytes], tmp_path: Path) -> None:
    for name, document in documents.items():
        (tmp_path / name).write_bytes(document)

    assert heard_while_judging(tmp_path) == [str(len(documents))]


@pytest.mark.reference
def test_judging_real_documents_opens_and_imports_nothing(reference: Path) -> None:
    count, *heard = heard_while_judging(reference / "corpus")

    assert int(count) > 0
    assert heard == []


TOO_NARROW = """
from dataclasses import replace
one = s.this_machine()
allowed = {name: number for name, number in one.allowed.items() if name != "pread64"}
s.this_machine = lambda: replace(one, allowed=allowed)
"""


@pytest.mark.parametrize(
    ("sabotage", "words"),
    [
        ("s.MACHINES = {}", "no list of calls"),
        ("s._PR_SET_SECCOMP = 9999", "errno 22"),
        ("s.refuse_calls = lambda machine, receives: None", "could open a file"),
        (TOO_NARROW, "cannot judge"),
    ],
    ids=["processor", "kernel", "no filter", "too narrow"],
)
async def test_a_judge_without_its_walls_does_not_start_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    sabotage: str,
    words: str,
) -> None:
    broken = f"import signing.judge.seccomp as s\n{sabotage}\nfrom signing"
    boot = program._BOOT.replace("from signing", broken, 1)
    monkeypatch.setattr(program, "_BOOT", boot)

    with pytest.raises(JudgeUnavailable, match=words):
        async with JudgePool(load_trust([])):
            pass
    assert words in caplog.text


if os.geteuid() == 0:  # only root can become somebody else
    AS_NOBODY = """
import asyncio, sys
sys.path.append(sys.argv[1])
from signing.judge import selftest
from signing.judge.memfd import Memfd
from signing.judge.pool import JudgePool
from signing.trust import load_trust

async def main():
    async with JudgePool(load_trust([selftest.SAMPLE / "trust"])) as pool:
        with Memfd((selftest.SAMPLE / "letter.pdf").read_bytes()) as memfd:
            memfd.seal()
            verdict = await pool.judge(memfd.fd, memfd.size, selftest.JUDGED_AT)
    print(verdict.reason.code)

asyncio.run(main())
"""

    OFFLINE = """
import socket, sys
sys.path.append(sys.argv[1])
from signing.judge import sandbox
assert sandbox.leave_network()
socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2)
"""

    def test_the_judge_s_program_leaves_the_network_too_where_it_may() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = str(server.getsockname()[1])
            found = subprocess.run(
                [sys.executable, "-I", "-c", OFFLINE, str(ROOT), port],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
        assert "Network is unreachable" in found.stderr

    def test_the_judge_judges_where_nobody_is_root() -> None:
        found = subprocess.run(
            [sys.executable, "-I", "-c", AS_NOBODY, str(ROOT)],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert found.stdout.strip() == "signature-valid", found.stderr


def test_the_list_of_each_processor_has_the_calls_that_end_and_answer() -> None:
    for machine in seccomp.MACHINES.values():
        assert {"pread64", "write", "exit_group"} <= machine.allowed.keys()
        assert not {"openat", "socket", "execve", "clone", "kill", "prctl"} & machine.allowed.keys()
        numbers = [*machine.allowed.values(), *machine.mapping.values()]
        assert len(set(numbers)) == len(numbers)
