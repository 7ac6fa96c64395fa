"""`tdh demo` from outside: the story, its files, serving, Ctrl-C, and nothing left over."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tdh.demo.failures import HomeInUse, InTheWay
from tdh.demo.home import Home
from tdh.demo.telling import columns
from tdh.local.folders import PARENT
from tdh.local.processes import family, is_running, started_at
from tests import readme

TDH = Path(sys.executable).with_name("tdh")
PATIENCE_SECONDS = 240.0
DELIVERIES_AND_REFUSAL = 7
EVIDENCES = 29
STORY = (
    "01-SubmissionAcceptance",
    "02-NotificationForAcceptance",
    "03-ConsignmentAcceptance",
    "04-ContentConsignment",
    "05-ContentAccessTracking",
    "06-ContentHandover",
)


@dataclass
class Demo:
    """A demo that runs, and the processes that it was seen to have."""

    process: subprocess.Popen
    home: Path
    folder: Path
    seen: dict

    @property
    def told(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8")

    @property
    def complaints(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8")

    def until(self, words: str) -> None:
        """Wait until it has said this."""
        limit = time.monotonic() + PATIENCE_SECONDS
        while words not in self.told:
            assert self.process.poll() is None, self.complaints
            assert time.monotonic() < limit, self.told
            time.sleep(0.1)
        self.look()

    def look(self) -> None:
        for process in family(self.process.pid):
            began = _start(process)
            if began is not None:  # else it has just ended
                self.seen[process] = began

    def end(self) -> int:
        return self.process.wait(PATIENCE_SECONDS)

    def nothing_is_left(self) -> None:
        left = [pid for pid, began in self.seen.items() if is_running(pid) and began == _start(pid)]
        assert not left
        for marker in PARENT.glob("tdh-*/owner.json"):
            owner = json.loads(marker.read_text(encoding="utf-8"))
            assert owner["process"] != self.process.pid, marker


def _start(process: int) -> int | None:
    try:
        return started_at(process)
    except OSError:
        return None


@pytest.fixture
def demo(tmp_path):
    """Starts demos in a home of their own; ends what a failed test left."""
    started = []

    def start(*words, name="first", home="home"):
        folder = tmp_path / name
        folder.mkdir()
        environment = {**os.environ, "TDH_HOME": home, "TDH_API__PORT": "none of its business"}
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            process = subprocess.Popen(
                [TDH, "demo", *words], cwd=tmp_path, env=environment, stdout=out, stderr=err
            )
        started.append(process)
        return Demo(process=process, home=tmp_path / home, folder=folder, seen={})

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def test_the_story_is_told_and_its_files_are_as_promised(demo, tmp_path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").write_text("not the demo's", encoding="utf-8")
    running = demo("--script")
    running.until("Step 5")
    assert running.end() == 0, running.complaints
    assert running.complaints == ""
    for step in range(8):
        assert f"Step {step}" in running.told
    running.nothing_is_left()
    home = running.home
    assert (home / "notes.txt").exists()
    ports = json.loads((home / "ports.json").read_text())
    assert ports.keys() == {"api", "amqp", "database"}
    tokens = sorted(path.name for path in (home / "tokens").iterdir())
    assert tokens == ["th-agency-mdes", "th-citizen-id-1100500000015", "th-tax-id-0105536000315"]
    secrets = [*(home / "tokens").iterdir(), home / "amqp" / "th-tax-id-0105536000315"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    trust = json.loads((home / "trust.json").read_text())
    wanted = {"seal_roots", "tsa_roots", "logs", "witnesses", "witness_threshold"}
    assert trust.keys() == wanted
    assert len(list((home / "letters").glob("*.pdf"))) == 5
    evidence = sorted((home / "evidence").glob("*/*.xml"))
    assert len(evidence) == EVIDENCES
    assert all(path.with_suffix(".tlog-proof").exists() for path in evidence)
    folders = [sorted(p.stem for p in f.glob("*.xml")) for f in (home / "evidence").iterdir()]
    assert len(folders) == DELIVERIES_AND_REFUSAL
    assert folders.count(list(STORY)) == 2
    assert len(list((home / "receipts").glob("*/*.pdf"))) == 4
    assert len(list((home / "bundles").glob("*.asice"))) == 1
    assert ["01-SubmissionRejection"] in folders
    assert not list(home.rglob("*key*"))
    for letter in sorted((home / "letters").iterdir()):
        command = [TDH, "validate", letter, "--trust", home / "trust"]
        code = subprocess.run(command, capture_output=True, check=False).returncode
        assert code == (1 if letter.name == "0201-1236.pdf" else 0), letter.name


def test_it_serves_until_ctrl_c_and_another_demo_is_refused_meanwhile(demo, tmp_path) -> None:
    running = demo("--keep", home=".tdh")
    running.until("Ctrl-C")
    lines = [line.strip() for line in running.told.splitlines()]
    first = next(place for place, line in enumerate(lines) if line.startswith("curl "))
    commands = lines[first : lines.index("", first)]
    assert len(commands) == 9
    for command in commands:
        words = command.replace("curl ", "curl --fail ", 1)
        ran = subprocess.run(
            ["bash", "-c", words], cwd=running.home.parent, capture_output=True, check=False
        )
        assert ran.returncode == 0, (command, ran.stderr)
        if command.startswith("curl ") and "/v1/" in command:
            assert json.loads(ran.stdout)["data"]
    the_readme_s_commands_work(tmp_path)
    another = demo("--script", name="second", home=".tdh")
    assert another.end() == 1
    assert another.complaints.splitlines()[-1].startswith("FAILED step 0: ")
    assert "another demo" in another.complaints
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 0
    assert running.complaints == ""
    assert "Traceback" not in running.told
    running.nothing_is_left()
    kept = Path(running.told.split()[-1])
    assert kept.parent == PARENT
    assert (kept / "sealer" / "keys" / "seal-key.pem").exists()
    shutil.rmtree(kept)


def the_readme_s_commands_work(folder: Path) -> None:
    """Run them as a reader would, in a checkout where the demo serves."""
    (folder / ".venv").symlink_to(readme.ROOT / ".venv")
    block = readme.shell_block("Try it while the demo serves")
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block.replace("curl -s ", "curl -sS --fail ")],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr + ran.stdout
    assert "ดศ 0201/2001" in ran.stdout, "the citizen's inbox shows the letter just sent"
    assert '"id": "ltr_' in ran.stdout or '"id":"ltr_' in ran.stdout


@pytest.mark.parametrize("words", ["starting PostgreSQL", "Step 4"])
def test_whoever_ends_the_story_early_finds_nothing_left(demo, words) -> None:
    running = demo("--script", "--lang", "en")
    running.until(words)
    assert "ขั้นที่" not in running.told
    time.sleep(1)
    running.look()
    running.process.terminate()
    running.process.terminate()  # once more, as impatient people do: it still cleans up
    assert running.end() == 1
    last = running.complaints.splitlines()[-1]
    assert last.startswith("FAILED step ")
    assert last.endswith("interrupted")
    assert "Traceback" not in running.complaints
    running.nothing_is_left()


def test_a_missing_broker_is_a_failure_that_says_what_to_install(tmp_path) -> None:
    program = """
import contextlib, sys
from pathlib import Path
from tdh.demo import play
from tdh.local.errors import MissingServer

@contextlib.contextmanager
def no_broker():
    raise MissingServer(program="rabbitmq-server", package="rabbitmq-server", looked_in="/nowhere")
    yield

play.local_servers = no_broker
sys.exit(play.play(play.Wishes(home=Path("home"), script=True, keep=False)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("FAILED step 0: ")
    assert "apt-get install rabbitmq-server" in last


def test_a_home_is_cleared_of_what_the_demo_wrote_and_of_nothing_else(tmp_path) -> None:
    with Home.locked(tmp_path / "home") as home:
        home.write("evidence/one/01.xml", b"<a/>")
        home.write("evidence/two/01.xml", b"<b/>")
        home.write("tokens/somebody", "secret", mode=0o600)
        (home.path("evidence") / "two" / "mine.txt").write_text("mine", encoding="utf-8")
        with pytest.raises(HomeInUse), Home.locked(tmp_path / "home"):
            pass
    with Home.locked(tmp_path / "home") as home:
        left = sorted(str(path.relative_to(home.folder)) for path in home.folder.rglob("*"))
    assert left == ["evidence", "evidence/two", "evidence/two/mine.txt"]


def test_a_strangers_file_in_the_way_is_left_alone(tmp_path) -> None:
    (tmp_path / "trust.json").write_text("mine", encoding="utf-8")
    with Home.locked(tmp_path) as home, pytest.raises(InTheWay):
        home.write("trust.json", "{}")
    with Home.locked(tmp_path):
        pass
    assert (tmp_path / "trust.json").read_text(encoding="utf-8") == "mine"


def test_a_list_that_names_files_elsewhere_removes_nothing_there(tmp_path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("mine", encoding="utf-8")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".written-by-demo").write_text(f"../outside\n{outside}\n")
    with Home.locked(tmp_path / "home"):
        pass
    assert outside.exists()


def test_thai_signs_above_and_below_take_no_column() -> None:
    assert columns("ที่อยู่") == 3
    assert columns("abc") == 3
