"""`tdh audit watch` follows a log over HTTP: what it catches, what it survives, what it exports."""

import asyncio
import re
import signal
import socket
import sys
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientError, ClientSession, web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from log_samples import LIFE, START, SampleLog

from signing.cosignature import CosignatureSigner
from signing.trust_file import TrustFile
from tdh.audit.book import Book
from tdh.audit.log_source import open_source
from tdh.audit.metrics import WatchMetrics
from tdh.audit.watch import Alarm, Watcher, WatchWish
from tdh.domain.tiles import Tile

NOW = START + timedelta(days=2)


class Server:
    """Gives a folder out by HTTP, counts what is asked for, and may be out of order."""

    def __init__(self, log: SampleLog) -> None:
        self.log, self.asked, self.status = log, Counter[str](), 200
        self.url, self.anchored, self.anchors = "", b"", {}

    async def answer(self, request: web.Request) -> web.Response:
        if request.query:  # what the format does not know
            return web.Response(body=self.anchored) if self.anchored else web.Response(status=400)
        path = request.path.removeprefix("/log/")
        self.asked[path] += 1
        if path.startswith("anchors/"):
            return web.json_response(self.anchors)
        if self.status != 200:
            return web.Response(status=self.status)
        file = self.log.folder / path
        return web.Response(body=file.read_bytes()) if file.is_file() else web.Response(status=404)

    @asynccontextmanager
    async def serving(self):
        application = web.Application()
        application.router.add_get("/log/{path:.+}", self.answer)
        runner = web.AppRunner(application)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()


@pytest.fixture
def log(tmp_path: Path) -> SampleLog:
    made = SampleLog(tmp_path / "log")
    made.lives(100)
    made.write()
    return made


@pytest.fixture
async def server(log: SampleLog):
    async with Server(log).serving() as running:
        yield running


class Watch:
    """Looks; each look may be by a new process on the same file."""

    def __init__(self, server: Server, folder: Path, **wish) -> None:
        self.server, self.state = server, folder / "watch"
        trust = wish.pop("trust", server.log.trust)
        self.wish = WatchWish(trust=trust, state=self.state, again_seconds=0, **wish)

    async def look(self, now=NOW):
        with Book(self.state, lasting=True) as book:
            async with open_source(self.server.url) as source:
                return await Watcher(self.wish, book).look(source, now)


@pytest.fixture
def watch(server: Server, tmp_path: Path) -> Watch:
    return Watch(server, tmp_path)


async def test_only_what_is_new_is_read(server: Server, watch: Watch) -> None:
    seen = await watch.look()
    assert (seen.size, dict(seen.alarms)) == (400, {})
    assert server.asked["tile/entries/000"] == 1
    for number in range(3):
        server.log.lives(30, of=100 + 30 * number)
        server.log.write()
        assert (await watch.look()).size == 400 + 120 * (number + 1)
    assert server.asked["tile/entries/000"] == server.asked["tile/0/000"] == 1
    assert (await watch.look()).statistics.outcomes["handed_over"].number == 190
    assert not (await watch.look()).alarms


async def test_an_outage_is_told_and_waited_out(server: Server, watch: Watch) -> None:
    server.status = 503
    assert set((await watch.look()).alarms) == {Alarm.UNREACHABLE}
    server.status = 200
    assert (await watch.look()).size == 400
    server.log.lives(100, of=100)
    server.log.write()
    server.status = 500
    seen = await watch.look()
    assert (seen.size, set(seen.alarms)) == (400, {Alarm.UNREACHABLE})
    server.status = 200
    seen = await watch.look()
    assert (seen.size, dict(seen.alarms)) == (800, {})


async def test_a_log_that_is_rewound_forked_or_signed_by_another_is_never_taken(
    server: Server, watch: Watch, tmp_path: Path
) -> None:
    await watch.look()
    sound = server.log
    rewound, fork, longer = (SampleLog(tmp_path / name, sound.key) for name in "abc")
    rewound.lives(99)
    fork.lives(99)
    fork.add(1000, *LIFE)
    longer.lives(30)
    longer.lives(120, of=1000)
    other = SampleLog(tmp_path / "d")
    other.lives(101)
    for bad, alarm in (
        (rewound, Alarm.REWOUND),
        (fork, Alarm.FORKED),
        (longer, Alarm.FORKED),
        (other, Alarm.UNSIGNED),
    ):
        bad.write()
        server.log = bad
        seen = await watch.look()
        assert (seen.size, set(seen.alarms)) == (400, {alarm}), seen.alarms
        if alarm is not Alarm.UNSIGNED:
            proof = watch.state.with_name("watch.contradiction").read_bytes()
            assert proof == sound.head() + b"\n" + bad.head()
    server.log = sound
    sound.lives(1, of=100)
    sound.write()
    seen = await watch.look()
    assert (seen.size, dict(seen.alarms)) == (404, {})


async def test_a_tile_that_is_damaged_or_missing_is_an_alarm_until_it_is_right(
    server: Server, watch: Watch
) -> None:
    await watch.look()
    server.log.lives(100, of=100)
    server.log.write()
    for tile in (Tile(level=None, number=2, width=256), Tile(level=1, number=0, width=3)):
        path = server.log.folder / tile.path
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b"?")
        assert set((await watch.look()).alarms) == {Alarm.TILES}
        path.unlink()
        seen = await watch.look()
        assert (seen.size, set(seen.alarms)) == (400, {Alarm.TILES})
        path.write_bytes(whole)
    assert (await watch.look()).size == 800


async def test_what_is_wrong_in_entries_stays_an_alarm(server: Server, watch: Watch) -> None:
    await watch.look()
    log = server.log
    log.add(0, "ContentHandoverFailure", first=5, minute=5)
    log.add(500, "ContentConsignment", first=3, minute=5)
    log.add(501, *LIFE, minute=-200)
    log.entries.append(b"anything\n")
    log.write()
    wanted = {Alarm.CONTRADICTION, Alarm.GAP, Alarm.TIMES, Alarm.UNREADABLE}
    for _ in range(2):  # another process knows it too
        assert set((await watch.look()).alarms) == wanted
    seen = await watch.look()
    assert (seen.problems[Alarm.GAP], seen.problems[Alarm.CONTRADICTION]) == (1, 2)


async def test_overdue_deliveries_and_a_head_that_stands_still_are_alarms(
    server: Server, tmp_path: Path
) -> None:
    watch = Watch(server, tmp_path, stale_seconds=3600)
    server.log.add(500, "SubmissionAcceptance", due=(START + timedelta(days=3)).date())
    server.log.write()
    assert not (await watch.look()).alarms
    assert set((await watch.look(NOW + timedelta(hours=2))).alarms) == {Alarm.STALE}
    seen = await watch.look(NOW + timedelta(days=2))
    assert set(seen.alarms) == {Alarm.STALE, Alarm.OVERDUE}
    assert (seen.statistics.overdue, seen.statistics.open) == (1, 1)
    server.log.add(500, "Withdrawal", first=2, minute=60)
    server.log.write()
    seen = await watch.look(NOW + timedelta(days=2))
    assert not seen.alarms


async def test_who_vouches_may_have_done_so_for_an_older_head(
    server: Server, tmp_path: Path
) -> None:
    witness = CosignatureSigner(name="witness.example", private_key=Ed25519PrivateKey.generate())
    trust = TrustFile(
        logs=server.log.trust.logs, witnesses=(witness.verifier,), witness_threshold=1
    )
    watch = Watch(server, tmp_path, trust=trust)
    assert set((await watch.look()).alarms) == {Alarm.UNANCHORED}
    older, other = (server.log.head(entries) for entries in (server.log.entries[:300], [b"x"]))
    for note, alarms in ((older, set()), (other, {Alarm.UNANCHORED})):
        text = note[: note.index(b"\n\n") + 1]
        server.anchored = note + witness.signature_line(text, NOW)
        assert set((await watch.look()).alarms) == alarms


@pytest.mark.parametrize("anchors", [{}, [], {"tokens": [{"token": 7}]}, {"tokens": "x"}, None])
async def test_anchors_that_are_none_are_passed_over(server: Server, anchors) -> None:
    server.anchors = anchors
    async with open_source(server.url) as source:
        await source.checkpoint()
        assert await source.tokens(400) == ()
        server.anchors = {"tokens": [{"token": "AAEC", "name": None}, {"token": "Aw=="}]}
        assert await source.tokens(400) == (b"\0\1\2", b"\3")


async def test_metrics_are_those_of_the_last_look(server: Server, watch: Watch) -> None:
    metrics = WatchMetrics()
    metrics.show(await watch.look(), NOW)
    text = metrics.text().decode()
    assert "tdh_audit_log_entries 400.0" in text
    assert 'tdh_audit_deliveries{outcome="handed_over"} 100.0' in text
    assert 'tdh_audit_alarm{alarm="forked"} 0.0' in text
    server.status = 503
    metrics.show(await watch.look(), NOW + timedelta(minutes=1))
    text = metrics.text().decode()
    assert 'tdh_audit_alarm{alarm="unreachable"} 1.0' in text
    reached = re.search(r"^tdh_audit_success_timestamp_seconds (.*)$", text, re.MULTILINE)
    assert reached is not None
    assert float(reached[1]) == NOW.timestamp()


async def test_the_command_watches_serves_metrics_and_ends_at_an_alarm(
    server: Server, tmp_path: Path
) -> None:
    trust = tmp_path / "trust.json"
    trust.write_bytes(server.log.trust.text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["audit", "watch", "--log", server.url, "--trust", str(trust), "--every", "0.05"]
    words += ["--state", str(tmp_path / "state"), "--listen", f"127.0.0.1:{port}"]
    for ends_by in (signal.SIGKILL, None):
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tdh", *words, "--exit-on-alarm", stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(20):
            while not re.search(rb"entries [48]00\.0", await _metrics(port)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        if ends_by is not None:
            program.send_signal(ends_by)
            await program.communicate()
            server.log.lives(100, of=100)
            server.log.write()
            continue
        server.log.add(0, "ContentHandoverFailure", first=5, minute=5)
        server.log.write()
        async with asyncio.timeout(20):
            _, said = await program.communicate()
        assert program.returncode == 1
        assert b'"alarm": "contradiction"' in said
    assert server.asked["tile/entries/000"] == 1  # the second process went on where the first was


async def _metrics(port: int) -> bytes:
    try:
        async with (
            ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/metrics") as answer,
        ):
            return await answer.read()
    except ClientError:
        return b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_well_also_where_a_script_had_one_ignored(
    server: Server, tmp_path: Path, number: signal.Signals
) -> None:
    trust = tmp_path / "trust.json"
    trust.write_bytes(server.log.trust.text())
    words = ["--log", server.url, "--trust", str(trust), "--state", str(tmp_path / "state")]
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tdh", "audit", "watch", *words),
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # as a shell does for `&`
    )
    assert program.stderr is not None
    async with asyncio.timeout(20):
        assert b"audit.looked" in await program.stderr.readline()
        program.send_signal(number)
        _, said = await program.communicate()
    assert (program.returncode, b"Traceback" in said) == (0, False)
