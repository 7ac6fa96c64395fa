"""One question to a time server and its answer, byte by byte; what a real one may say wrong."""

import struct

import pytest

from relay.sntp import (
    KissOfDeath,
    NoTime,
    TimeServer,
    answers,
    question,
    read_answer,
)

SERVER = TimeServer(host="ntp.example")
COOKIE = 0x0123_4567_89AB_CDEF
SENT = 1_795_000_000.25
UNIX = 2_208_988_800
PACKET = struct.Struct(">BBbbII4sQQQQ")


def stamp(seconds: float) -> int:
    return int((seconds + UNIX) * 2**32) % 2**64


def answer(**changes) -> bytes:
    """What an honest server says that got the question after 10 ms and needed 2."""
    fields = {
        "first": 0b00_100_100,
        "stratum": 2,
        "poll": 6,
        "precision": -20,
        "delay": 0,
        "dispersion": 0,
        "reference": b"\x0a\0\0\1",
        "updated": stamp(SENT - 60),
        "origin": COOKIE,
        "received": stamp(SENT + 0.010),
        "transmitted": stamp(SENT + 0.012),
    }
    return PACKET.pack(*(fields | changes).values())


def read(data: bytes):
    return read_answer(data, server=SERVER, sent=SENT, taken=0.022)


def test_the_question_says_nothing_of_our_clock() -> None:
    assert question(COOKIE) == bytes((0x23,)) + bytes(39) + COOKIE.to_bytes(8)


def test_an_honest_answer_measures_offset_and_way() -> None:
    found = read(answer())
    assert found.offset == pytest.approx(0, abs=1e-6)
    assert found.round_trip == pytest.approx(0.020, abs=1e-6)
    assert found.error == pytest.approx(0.010, abs=1e-6)


@pytest.mark.parametrize("ahead", [-3.5, 0.25, 86_400.0])
def test_a_server_ahead_of_us_shows_by_how_much(ahead: float) -> None:
    data = answer(received=stamp(SENT + 0.010 + ahead), transmitted=stamp(SENT + 0.012 + ahead))
    assert read(data).offset == pytest.approx(ahead, abs=1e-6)


def test_what_the_server_may_be_off_itself_counts_as_error() -> None:
    found = read(answer(delay=int(0.2 * 65536), dispersion=int(0.05 * 65536)))
    assert found.error == pytest.approx(0.010 + 0.150, abs=1e-4)


def test_times_of_the_next_era_are_read() -> None:
    sent = 2_100_000_000.0  # 2036-07-18
    data = answer(received=stamp(sent + 0.010), transmitted=stamp(sent + 0.012))
    found = read_answer(data, server=SERVER, sent=sent, taken=0.022)
    assert found.offset == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        answer()[:47],
        answer(origin=COOKIE ^ 1),
        answer(origin=0),
        answer(first=0b00_100_011),  # our own question come back
        answer(first=0b00_100_101),  # broadcast
        answer(first=0b00_011_100),  # another version
    ],
)
def test_what_answers_no_question_of_ours_is_not_heard(data: bytes) -> None:
    assert not answers(data, COOKIE)
    assert answers(answer(), COOKIE)
    assert answers(answer() + bytes(20), COOKIE)  # a field behind it is not ours to read


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"first": 0b11_100_100}, "not synchronised"),
        ({"stratum": 16}, "not synchronised"),
        ({"delay": 3 * 65536}, "too far"),
        ({"dispersion": 2 * 65536}, "too far"),
        ({"received": 0}, "no time"),
        ({"transmitted": 0}, "no time"),
        ({"transmitted": stamp(SENT + 0.009)}, "wrong order"),
        ({"transmitted": stamp(SENT + 0.040)}, "wrong order"),
    ],
)
def test_an_answer_without_a_time_to_be_trusted_is_none(changes, why: str) -> None:
    with pytest.raises(NoTime, match=why):
        read(answer(**changes))


def test_a_kiss_is_told_apart() -> None:
    with pytest.raises(KissOfDeath, match="DENY") as told:
        read(answer(stratum=0, reference=b"DENY"))
    assert told.value.kiss == "DENY"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("time.example", "time.example", 123),
        ("10.0.0.1:1123", "10.0.0.1", 1123),
        ("[fd00::1]:5", "fd00::1", 5),
        ("[fd00::1]", "fd00::1", 123),
    ],
)
def test_servers_are_named_by_host_and_port(text: str, host: str, port: int) -> None:
    assert TimeServer.read(text) == TimeServer(host=host, port=port)
    assert TimeServer.read(str(TimeServer.read(text))) == TimeServer.read(text)


@pytest.mark.parametrize("text", ["", ":123", "a:b", "a/b", "me@a", "a:99999", "[fd00::1"])
def test_what_names_no_server_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        TimeServer.read(text)
