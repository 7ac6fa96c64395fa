"""The witness: what it cosigns, what it refuses and how, and that it never tells two histories."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from witness_samples import CLASSIC, LOG, OTHER_LOG, QUANTUM, History

from relay.witnesses import request_body
from signing.checkpoint import Checkpoint, NoteSigner, open_note, sign, sign_text
from signing.cosignature import CosignatureSigner, Cosigner, cosigned_line, cosigners
from tdh.domain.errors import ClockBehind
from tdh.witness import state as state_module
from tdh.witness.errors import OtherSize, Refused, StateError, WitnessSetupError
from tdh.witness.rules import MAX_BODY_BYTES, KnownLogs, read_request
from tdh.witness.state import StateFolder, allow_keys, origin_hash
from tdh.witness.witness import Witness

NOW = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
TOLD = History.of(40)
LOGS = KnownLogs.of([LOG.vkey, OTHER_LOG.vkey])
VKEYS = (CLASSIC.vkey, QUANTUM.vkey)


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def go(self, **by: float) -> None:
        self.time += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    allow_keys(tmp_path / "state", VKEYS)
    return tmp_path / "state"


@pytest.fixture
def open_witness(folder, clock):
    """Opens the witness; again, as after a restart."""
    opened: list[StateFolder] = []

    def make(signers=(CLASSIC, QUANTUM), logs=LOGS) -> Witness:
        for state in opened:
            state.close()
        opened[:] = [StateFolder(folder, [signer.vkey for signer in signers])]
        return Witness(signers=signers, logs=logs, state=opened[0], clock=clock)

    yield make
    for state in opened:
        state.close()


@pytest.fixture
def witness(open_witness) -> Witness:
    return open_witness()


def status_of(witness: Witness, body: bytes) -> HTTPStatus:
    with pytest.raises(Refused) as caught:
        witness.add_checkpoint(body)
    return caught.value.status


# --- what it cosigns ---------------------------------------------------------------------------


def test_a_log_that_grows_is_cosigned_by_every_key(witness, clock) -> None:
    for old, size in ((0, 0), (0, 1), (1, 1), (1, 7), (7, 8), (8, 40)):
        clock.go(minutes=1)
        lines = witness.add_checkpoint(TOLD.request(old, size))
        note = TOLD.note(size)
        found = [cosigned_line(note, lines, signer.verifier) for signer in (CLASSIC, QUANTUM)]
        assert [time for _, time in found] == [clock.time] * 2
        assert b"".join(line for line, _ in found) == lines


def test_monitors_get_the_newest_head_with_all_signatures(witness) -> None:
    assert witness.newest(origin_hash(LOG.name)) is None
    witness.add_checkpoint(TOLD.request(0, 3))
    stranger = NoteSigner(name="stranger.example", private_key=Ed25519PrivateKey.generate())
    noisy = TOLD.note(5) + stranger.signature_line(TOLD.head(5).text())
    lines = witness.add_checkpoint(request_body(3, TOLD.proof(3, 5), noisy))
    note = witness.newest(origin_hash(LOG.name))
    assert note == TOLD.note(5) + lines
    assert open_note(note, [LOG.verifier])[0] == TOLD.head(5)
    assert cosigners(note, [CLASSIC.verifier]) == (Cosigner(name=CLASSIC.name, time=NOW),)


def test_logs_are_watched_apart(witness) -> None:
    other = History.of(9, OTHER_LOG).forked(2)
    witness.add_checkpoint(TOLD.request(0, 5))
    witness.add_checkpoint(other.request(0, 9))
    witness.add_checkpoint(TOLD.request(5, 6))
    assert [(one.origin, one.size, one.contradiction) for one in witness.watched()] == [
        (OTHER_LOG.name, 9, False),
        (LOG.name, 6, False),
    ]


def test_a_log_may_sign_by_either_of_its_keys(open_witness) -> None:
    key = CosignatureSigner(name=LOG.name, private_key=MLDSA44PrivateKey.from_seed_bytes(b"l" * 32))
    witness = open_witness(logs=KnownLogs.of([LOG.vkey, key.vkey]))
    text = TOLD.head(4).text()
    quantum_only = text + b"\n" + key.signature_line(text, None)
    assert witness.add_checkpoint(request_body(0, (), quantum_only))
    both = TOLD.note(5) + key.signature_line(TOLD.head(5).text(), None)
    assert witness.add_checkpoint(request_body(4, TOLD.proof(4, 5), both))
    assert witness.newest(origin_hash(LOG.name)).startswith(both)


def test_a_witness_may_have_one_key_only(open_witness) -> None:
    lines = open_witness(signers=(CLASSIC,)).add_checkpoint(TOLD.request(0, 5))
    assert lines.count(b"\n") == 1
    assert cosigned_line(TOLD.note(5), lines, CLASSIC.verifier)


def test_extension_lines_are_cosigned_by_the_kind_that_covers_them(open_witness) -> None:
    head = Checkpoint(origin=LOG.name, size=5, root=TOLD.head(5).root, extensions=("more",))
    body = request_body(0, (), sign(head, LOG))
    quantum = open_witness(signers=(QUANTUM,))
    assert status_of(quantum, body) == HTTPStatus.BAD_REQUEST
    lines = open_witness().add_checkpoint(body)
    assert cosigned_line(sign(head, LOG), lines, CLASSIC.verifier)
    assert lines.count(b"\n") == 1


def test_the_same_head_again_is_cosigned_with_the_later_time(witness, clock, open_witness) -> None:
    first = witness.add_checkpoint(TOLD.request(0, 5))
    clock.go(milliseconds=400)
    assert witness.add_checkpoint(TOLD.request(5, 5)) == first
    witness = open_witness()
    at_once = witness.add_checkpoint(TOLD.request(5, 5))
    assert cosigned_line(TOLD.note(5), at_once, CLASSIC.verifier)[1] == NOW
    clock.go(milliseconds=600)
    again = witness.add_checkpoint(TOLD.request(5, 5))
    assert cosigned_line(TOLD.note(5), again, CLASSIC.verifier)[1] == clock.time
    assert witness.newest(origin_hash(LOG.name)) == TOLD.note(5) + again


# --- what it refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize("held", [0, 5])
def test_another_old_size_is_answered_with_the_size_that_is_held(witness, held: int) -> None:
    if held:
        witness.add_checkpoint(TOLD.request(0, held))
    for old in {0, 3, 5, 7} - {held}:
        with pytest.raises(OtherSize) as caught:
            witness.add_checkpoint(TOLD.request(old, 9))
        assert (caught.value.size, caught.value.status) == (held, HTTPStatus.CONFLICT)


def test_a_fork_is_refused_at_every_size(witness) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    for at in (0, 1, 7, 16, 19):
        fork = TOLD.forked(at)
        for size in (20, 21, 32, 40):
            assert status_of(witness, fork.request(20, size)) == HTTPStatus.UNPROCESSABLE_ENTITY
            honest_proof = request_body(20, TOLD.proof(20, size), fork.note(size))
            assert status_of(witness, honest_proof) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert witness.add_checkpoint(TOLD.forked(20).request(20, 40))  # which is no fork of these


def test_two_heads_of_one_size_are_kept_as_proof(witness, folder, open_witness) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    fork = TOLD.forked(19)
    assert status_of(witness, fork.request(0, 20)) == HTTPStatus.CONFLICT
    assert [one.contradiction for one in witness.watched()] == [False, True]
    kept = (folder / origin_hash(LOG.name) / state_module.CONTRADICTION_NAME).read_bytes()
    held = witness.newest(origin_hash(LOG.name))
    assert kept == held + b"\n" + fork.note(20)
    for note, history in ((held, TOLD), (fork.note(20), fork)):
        assert open_note(note, [LOG.verifier])[0] == history.head(20)
    status_of(witness, TOLD.forked(3).request(20, 20))
    assert (folder / origin_hash(LOG.name) / state_module.CONTRADICTION_NAME).read_bytes() == kept
    assert open_witness().watched()[1].contradiction


def test_nothing_but_the_right_proof_will_do(witness) -> None:
    proof = TOLD.proof(6, 11)
    witness.add_checkpoint(TOLD.request(0, 6))
    for wrong in ((), proof[:-1], (*proof, proof[0]), proof[::-1], (bytes(32), *proof[1:])):
        body = request_body(6, wrong, TOLD.note(11))
        assert status_of(witness, body) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert witness.add_checkpoint(request_body(6, proof, TOLD.note(11)))


def test_from_nothing_there_is_nothing_to_prove(witness) -> None:
    body = request_body(0, (bytes(32),), TOLD.note(11))
    assert status_of(witness, body) == HTTPStatus.UNPROCESSABLE_ENTITY
    wrong = sign(Checkpoint(origin=LOG.name, size=0, root=bytes(32)), LOG)
    assert status_of(witness, request_body(0, (), wrong)) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not any(one.contradiction for one in witness.watched())  # there is no other head yet


def test_an_unknown_log_is_told_so(witness) -> None:
    stranger = NoteSigner(name="stranger.example", private_key=Ed25519PrivateKey.generate())
    assert status_of(witness, History.of(3, stranger).request(0, 3)) == HTTPStatus.NOT_FOUND


def test_a_head_that_its_log_did_not_sign_is_forbidden(witness) -> None:
    text = TOLD.head(3).text()
    impostor = NoteSigner(name=LOG.name, private_key=Ed25519PrivateKey.generate())
    wrong_line = LOG.signature_line(TOLD.head(4).text())
    for note in (
        sign_text(text, impostor),
        sign_text(text, OTHER_LOG),
        text + b"\n" + CLASSIC.signature_line(text, NOW),
        text + b"\n" + wrong_line,
        TOLD.note(3) + wrong_line,
    ):
        assert status_of(witness, request_body(0, (), note)) == HTTPStatus.FORBIDDEN


def test_signature_comes_before_size_and_size_before_growth(witness) -> None:
    impostor = NoteSigner(name=LOG.name, private_key=Ed25519PrivateKey.generate())
    unsigned = sign_text(TOLD.head(3).text(), impostor)
    assert status_of(witness, request_body(9, (), unsigned)) == HTTPStatus.FORBIDDEN
    for old in (4, 9):
        assert status_of(witness, request_body(old, (), TOLD.note(3))) == HTTPStatus.BAD_REQUEST
    assert status_of(witness, request_body(2, (), TOLD.forked(1).note(3))) == HTTPStatus.CONFLICT


GOOD = TOLD.request(6, 11)
OLD, REST = GOOD.split(b"\n", 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"\n" + GOOD,
        GOOD[:-1],
        GOOD + b"\n",
        GOOD.replace(b"\n\n", b"\n", 1),
        GOOD.replace(b"\n", b"\r\n"),
        b"OLD 6\n" + REST,
        b"old  6\n" + REST,
        b"old 06\n" + REST,
        b"old +6\n" + REST,
        b"old 6 \n" + REST,
        b"old\n" + REST,
        b"old -1\n" + REST,
        b"old 9223372036854775808\n" + REST,
        b"old \xef\xbc\x96\n" + REST,
        OLD + b"\nAAAA\n" + REST,
        OLD + b"\n\n" + REST,
        OLD + b"\n\xff\n" + REST,
        OLD + b"\n" + b"A" * 43 + b"\n" + REST,
        OLD + b"\n" + b"A" * 42 + b"B=\n" + REST,
        OLD + b"\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + TOLD.note(11),
        GOOD.replace(b"\n11\n", b"\n011\n"),
        OLD + b"\n\n" + sign_text(b"no checkpoint\n", LOG),
        b"x" * (MAX_BODY_BYTES + 1),
    ],
)
def test_what_is_no_request_is_refused_as_malformed(witness, body: bytes) -> None:
    assert status_of(witness, body) == HTTPStatus.BAD_REQUEST


def test_a_proof_of_sixty_three_lines_is_still_read() -> None:
    body = OLD + b"\n" + (b"A" * 43 + b"=\n") * 63 + b"\n" + TOLD.note(11)
    assert len(read_request(body, LOGS).proof) == 63


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_changed_body_is_cosigned_but_as_the_same_head(data) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        place = data.draw(st.integers(min_value=0, max_value=len(body) - 1))
        match data.draw(st.sampled_from(("change", "drop", "insert", "repeat"))):
            case "change":
                body[place] = data.draw(st.integers(min_value=0, max_value=255))
            case "drop":
                del body[place : place + data.draw(st.integers(min_value=1, max_value=60))]
            case "insert":
                body[place:place] = data.draw(st.binary(min_size=1, max_size=8))
            case "repeat":
                body += body[place:]
    try:
        request = read_request(bytes(body), LOGS)
    except Refused:
        return
    assert request.head == TOLD.head(11)


@given(noise=st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(Refused):
        read_request(noise, LOGS)


# --- time ----------------------------------------------------------------------------------------


def test_a_cosignature_is_never_older_than_the_one_before(witness, clock, open_witness) -> None:
    clock.go(microseconds=700_000)
    witness.add_checkpoint(TOLD.request(0, 5))
    clock.go(seconds=-4)
    lines = witness.add_checkpoint(TOLD.request(5, 6))
    assert cosigned_line(TOLD.note(6), lines, CLASSIC.verifier)[1] == NOW
    clock.go(minutes=-1)
    for again in (witness, open_witness()):
        with pytest.raises(ClockBehind):
            again.add_checkpoint(TOLD.request(6, 7))
        assert again.watched()[1].size == 6


# --- memory --------------------------------------------------------------------------------------


def test_a_restart_forgets_nothing(witness, open_witness, clock) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    note = witness.newest(origin_hash(LOG.name))
    again = open_witness()
    assert again.newest(origin_hash(LOG.name)) == note
    assert again.watched()[1].time == NOW
    assert status_of(again, TOLD.forked(3).request(20, 30)) == HTTPStatus.UNPROCESSABLE_ENTITY
    assert again.add_checkpoint(TOLD.request(20, 30))


def test_a_log_that_is_no_longer_watched_is_remembered_all_the_same(witness, open_witness) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    open_witness(logs=KnownLogs.of([OTHER_LOG.vkey]))
    again = open_witness()
    assert status_of(again, TOLD.forked(3).request(0, 30)) == HTTPStatus.CONFLICT


def test_what_cannot_be_remembered_is_not_cosigned(witness, monkeypatch) -> None:
    witness.add_checkpoint(TOLD.request(0, 5))
    real = state_module.replace_file

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state_module, "replace_file", full)
    with pytest.raises(OSError, match="No space"):
        witness.add_checkpoint(TOLD.request(5, 9))
    monkeypatch.setattr(state_module, "replace_file", real)
    assert witness.watched()[1].size == 5
    assert witness.add_checkpoint(TOLD.forked(7).request(5, 9))


def test_a_second_process_gets_no_access_to_the_memory(witness, folder) -> None:
    with pytest.raises(StateError, match="another process"):
        StateFolder(folder, VKEYS)


def test_an_empty_memory_is_never_begun_by_mistake(tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WitnessSetupError, match="not the memory"):
        StateFolder(tmp_path / "empty", VKEYS)
    with pytest.raises(StateError, match="cannot be opened"):
        StateFolder(tmp_path / "absent", VKEYS)
    allow_keys(tmp_path / "empty", [CLASSIC.vkey])
    with pytest.raises(WitnessSetupError, match="not the memory"):
        StateFolder(tmp_path / "empty", VKEYS)
    allow_keys(tmp_path / "empty", [QUANTUM.vkey])
    StateFolder(tmp_path / "empty", VKEYS).close()


def damage_byte(content: bytes) -> bytes:
    return content[:200] + bytes((content[200] ^ 1,)) + content[201:]


def other_time(content: bytes) -> bytes:
    lines = content.split(b"\n", 2)
    return b"\n".join((lines[0], b"%d" % (int(lines[1]) - 1), lines[2]))


@pytest.mark.parametrize(
    "damage",
    [
        damage_byte,
        other_time,
        lambda content: content[:-1],
        lambda content: content[:60],
        lambda _content: b"",
        lambda content: content + b"\n",
        lambda content: bytes(len(content)),
    ],
)
def test_a_torn_memory_is_noticed_and_nothing_is_cosigned(
    witness, folder, open_witness, damage
) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    path = folder / origin_hash(LOG.name) / state_module.HEAD_NAME
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StateError):
        open_witness()


@pytest.mark.parametrize("time", [b"0", b"", b"-1", b"253402300800", b"1.5"])
def test_a_head_without_a_possible_time_is_no_memory(
    witness, folder, open_witness, time: bytes
) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    body = time + b"\n" + TOLD.note(20)
    first = f"tdh-witness-head/v1 {hashlib.sha256(body).hexdigest()}\n".encode()
    (folder / origin_hash(LOG.name) / state_module.HEAD_NAME).write_bytes(first + body)
    with pytest.raises(StateError, match="no time"):
        open_witness()


def test_the_memory_of_one_log_does_not_do_for_another(witness, folder, open_witness) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    (folder / origin_hash(LOG.name)).rename(folder / origin_hash(OTHER_LOG.name))
    with pytest.raises(StateError, match="another log"):
        open_witness()


def test_a_half_written_head_beside_the_whole_one_is_passed_over(
    witness, folder, open_witness
) -> None:
    witness.add_checkpoint(TOLD.request(0, 20))
    (folder / origin_hash(LOG.name) / "checkpoint.new").write_bytes(b"half")
    (folder / origin_hash(OTHER_LOG.name)).mkdir()
    assert [one.size for one in open_witness().watched()] == [0, 20]


def test_two_requests_for_one_log_never_race(witness) -> None:
    """Of many senders with the same old size one wins; the others learn its size."""
    witness.add_checkpoint(TOLD.request(0, 5))
    rivals = [TOLD.forked(5 + number).request(5, 30 + number) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: _answer(witness, body), rivals * 3))
    won = {rivals.index(body) for body, answer in zip(rivals * 3, answers, strict=True) if answer}
    assert len(won) == 1
    assert witness.watched()[1].size == 30 + won.pop()


def _answer(witness: Witness, body: bytes) -> bytes | None:
    try:
        return witness.add_checkpoint(body)
    except Refused:
        return None


# --- set-up --------------------------------------------------------------------------------------


@pytest.mark.parametrize("vkeys", [[], ["noise"], [CLASSIC.vkey], [LOG.vkey, LOG.vkey[:-1]]])
def test_only_keys_of_logs_are_watched(vkeys) -> None:
    with pytest.raises(WitnessSetupError):
        KnownLogs.of(vkeys)


def test_a_log_whose_name_one_of_the_keys_cannot_sign_is_refused_at_once(open_witness) -> None:
    log = NoteSigner(name="l" * 256, private_key=LOG.private_key)
    with pytest.raises(WitnessSetupError, match="too long"):
        open_witness(logs=KnownLogs.of([log.vkey]))
    assert open_witness(signers=(CLASSIC,), logs=KnownLogs.of([log.vkey]))
