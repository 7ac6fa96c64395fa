"""The scanner's client against a real clamd, and against daemons that behave badly."""

import asyncio
import time

import pytest
from clamd_server import (
    MARKER,
    NAME,
    STREAM_MOST,
    clamd,
    daemon,
    deaf,
    says,
    silent,
    version,
)

from relay.clamd import Clamd, Patience, address_of
from tdh.domain.scanning import ScanOutcome
from tdh.local.ports import LOOPBACK, free_ports

HURRIED = Patience(connect=0.5, write=0.5, answer=0.5)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with clamd(tmp_path_factory.mktemp("clamd")) as running:
        yield running


@pytest.fixture(params=["unix", "tcp"])
def scanner(server, request):
    return Clamd(address_of(getattr(server, request.param)))


async def scan(scanner, *pieces):
    document = scanner.document()
    for piece in pieces:
        await document.write(piece)
    return await document.finding()


async def test_a_document_without_anything_known_is_clean_and_names_the_engine(scanner):
    finding = await scan(scanner, b"%PDF-1.7 ", b"a letter")
    assert (finding.outcome, finding.name) == (ScanOutcome.CLEAN, "")
    assert finding.engine.startswith("ClamAV 1.")


async def test_what_the_database_knows_is_found_also_across_two_pieces(scanner):
    finding = await scan(scanner, b"before " + MARKER[:20], MARKER[20:] + b" after")
    assert (finding.outcome, finding.name) == (ScanOutcome.FOUND, f"{NAME}.UNOFFICIAL")
    assert finding.engine.startswith("ClamAV 1.")


@pytest.mark.parametrize("pieces", [(), (b"",), (b"", b"x", b"")], ids=repr)
async def test_an_empty_piece_does_not_end_the_document(scanner, pieces):
    assert (await scan(scanner, *pieces)).outcome is ScanOutcome.CLEAN
    assert (await scan(scanner, *pieces, MARKER)).outcome is ScanOutcome.FOUND


@pytest.mark.parametrize("piece", [STREAM_MOST + 1, 65536, 999], ids=str)
async def test_what_is_longer_than_a_stream_may_be_was_not_scanned_completely(scanner, piece):
    pieces = [b"x" * piece] * (2 * STREAM_MOST // piece)
    for _ in range(5):  # clamd ends the connection while we write: its words must not get lost
        finding = await scan(scanner, *pieces)
        assert finding.outcome is ScanOutcome.INCOMPLETE
        assert "size limit exceeded" in finding.name


async def test_what_clamd_does_not_look_into_was_not_scanned_completely(scanner):
    finding = await scan(scanner, b"x" * (1024 * 1024 + 1))  # beyond MaxFileSize
    assert finding.outcome is ScanOutcome.INCOMPLETE
    assert finding.name.startswith("Heuristics.Limits.Exceeded")


async def test_many_documents_at_once_get_their_own_answers(scanner):
    findings = await asyncio.gather(
        *(scan(scanner, b"x" * n, MARKER if n % 2 else b"") for n in range(40))
    )
    outcomes = [finding.outcome for finding in findings]
    assert outcomes == [ScanOutcome.CLEAN, ScanOutcome.FOUND] * 20


async def test_an_abandoned_document_leaves_no_file_with_clamd(scanner, server):
    document = scanner.document()
    await document.write(b"x" * 100_000)
    document.close()
    document.close()
    assert (await document.finding()).outcome is ScanOutcome.UNAVAILABLE
    async with asyncio.timeout(10):
        while any(server.scratch.iterdir()):  # noqa: ASYNC110 - another process's files
            await asyncio.sleep(0.05)


async def test_it_works_while_clamd_answers(scanner):
    assert await scanner.works()


async def test_a_scanner_that_goes_down_is_unavailable_and_its_cause_is_told(tmp_path):
    with clamd(tmp_path) as running:
        scanner = Clamd(address_of(running.tcp), HURRIED)
        document = scanner.document()
        await document.write(b"the first half")
        running.process.kill()
        running.process.wait()
        await document.write(b"the second half")
        finding = await document.finding()
        assert finding.outcome is ScanOutcome.UNAVAILABLE
        assert "ended the connection" in finding.name
    finding = await scan(scanner, b"a letter")
    assert (finding.outcome, finding.engine) == (ScanOutcome.UNAVAILABLE, "")
    assert "cannot be reached" in finding.name
    assert not await scanner.works()


@pytest.mark.parametrize(
    "url", ["unix:/nowhere/clamd.sock", "unix:/" + "x" * 200, "tcp://.invalid:1"]
)
async def test_an_address_where_nobody_listens_is_unavailable(url):
    scanner = Clamd(address_of(url), HURRIED)
    finding = await scan(scanner, b"a letter")
    assert finding.outcome is ScanOutcome.UNAVAILABLE
    assert "cannot be reached" in finding.name
    assert not await scanner.works()


@pytest.mark.parametrize(
    ("behaviours", "cause"),
    [
        ([silent], "does not answer in time"),
        ([version, silent], "does not answer in time"),
        ([version, deaf], "does not take the document in time"),
        ([version, says(b"")], "ended the connection without an answer"),
        ([version, says(b"stream: OK")], "ended the connection without an answer"),
        ([version, says(b"stream: OKAY\0")], "says: stream: OKAY"),
        ([version, says(b"stream:  FOUND\0")], "says: "),
        ([version, says(b"\0")], "says: "),
        ([version, says(b"Can't allocate memory ERROR\0")], "memory ERROR"),
        ([version, says(b"stream: a\x1b[31m ERROR\0")], "a?[31m ERROR"),
        ([version, says(b"x" * 5000)], "too many bytes"),
    ],
    ids=str,
)
async def test_trouble_of_any_kind_is_unavailable_with_its_cause(behaviours, cause):
    async with daemon(*behaviours) as url:
        finding = await scan(Clamd(address_of(url), HURRIED), *[b"x" * 1_000_000] * 16)
    assert finding.outcome is ScanOutcome.UNAVAILABLE
    assert cause in finding.name


async def test_an_ok_to_a_part_of_the_document_is_never_clean():
    async def hasty(reader, writer):
        await reader.readexactly(1000)
        writer.write(b"stream: OK\0")

    async with daemon(version, hasty) as url:
        document = Clamd(address_of(url), HURRIED).document()
        for _ in range(50):
            await document.write(b"x" * 100_000)
            await asyncio.sleep(0.001)
        assert (await document.finding()).outcome is ScanOutcome.UNAVAILABLE


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(b"stream: OK\0", ScanOutcome.UNAVAILABLE), (b"stream: Bad FOUND\0", ScanOutcome.FOUND)],
)
async def test_an_ok_before_the_end_is_never_clean_though_the_rest_is_taken(said, outcome):
    async def hasty(reader, writer):
        await reader.readexactly(1000)
        writer.write(said)
        while await reader.read(65536):
            pass

    async with daemon(version, hasty) as url:
        document = Clamd(address_of(url), HURRIED).document()
        for _ in range(10):
            await document.write(b"x" * 1000)
            await asyncio.sleep(0.02)
        assert (await document.finding()).outcome is outcome


async def test_an_answer_in_many_pieces_is_one_answer():
    letters = [bytes([letter]) for letter in b"stream: Some.Name FOUND\0"]
    async with daemon(version, says(*letters)) as url:
        finding = await scan(Clamd(address_of(url)), b"a letter")
    assert (finding.outcome, finding.name) == (ScanOutcome.FOUND, "Some.Name")
    assert finding.engine == "ClamAV 1.4.3/27000/a day"


async def test_a_connection_that_nobody_takes_is_given_up_in_time():
    async with daemon(silent) as url:
        began = time.monotonic()
        assert not await Clamd(address_of(url), HURRIED).works()
        assert time.monotonic() - began < 5


async def test_a_cancelled_scan_is_cancelled_and_its_connection_closed():
    async with daemon(version, silent) as url:
        document = Clamd(address_of(url)).document()
        await document.write(b"a letter")
        waiting = asyncio.ensure_future(document.finding())
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await document.finding()).name == "the document was given up"


@pytest.mark.parametrize(
    "url",
    ["", "clamd", "http://127.0.0.1:3310", "tcp://127.0.0.1", "tcp://:3310", "tcp://h:99999",
     "unix:relative", "unix://host/path", "tcp://h:1/path"],
)  # fmt: skip
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(ValueError, match=r"\w"):
        address_of(url)


def test_nobody_listens_on_a_free_port():
    (port,) = free_ports(1)
    scanner = Clamd(address_of(f"tcp://{LOOPBACK}:{port}"), HURRIED)
    assert not asyncio.run(scanner.works())
