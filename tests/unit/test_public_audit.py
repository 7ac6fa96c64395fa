"""A log audited from its public files alone: sound, and with one thing wrong at a time."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from log_samples import LIFE, START, SampleLog

from signing.checkpoint import Checkpoint, split_note
from signing.cosignature import CosignatureSigner
from signing.log_entry import operation_entry
from signing.merkle import MerkleError
from signing.seal_check import Outcome
from signing.sealer.ceremony import make_keys
from signing.sealer.key_files import IssuerNames, load_keys
from signing.trust_file import TRUST_NOBODY, TrustFile
from tdh.audit.log_source import open_source
from tdh.audit.public_head import ShownHead, check_anchors
from tdh.audit.report import AuditCheck, AuditReport, CheckName, Tally
from tdh.audit.stranger import PublicWish, audit_log
from tdh.audit.tile_proof import prove_extension
from tdh.cli.audit_words import picture
from tdh.cli.main import main
from tdh.domain.errors import InvalidValue, ServiceUnavailable
from tdh.domain.tiles import Tile, bundle_of

N = CheckName
NOW = START + timedelta(days=2)
NAMES = IssuerNames(name_th="ก", name_en="A", policies=("urn:x",), origin="x", uri_base="urn:x:")
SIZES = (0, 1, 3, 63, 64, 65, 128, 300)


def silent(_what: str, _number: int) -> None:
    """Nobody looks."""


async def audit(log: SampleLog, *, now=NOW, trust=None, state: Path | None = None) -> AuditReport:
    wish = PublicWish(log=str(log.folder), trust=log.trust if trust is None else trust, state=state)
    return await audit_log(wish, now=now, progress=silent)


def failed(report: AuditReport) -> set[CheckName]:
    return {check.name for check in report.checks if check.outcome is Outcome.FAIL}


def one(report: AuditReport, name: CheckName) -> AuditCheck:
    (check,) = [check for check in report.checks if check.name is name]
    return check


@pytest.fixture
def log(tmp_path: Path) -> SampleLog:
    return SampleLog(tmp_path / "log")


@pytest.mark.parametrize("deliveries", SIZES)
async def test_a_sound_log_of_any_size_is_sound(log: SampleLog, deliveries: int) -> None:
    log.lives(deliveries)
    log.write()
    report = await audit(log)
    assert report.outcome is Outcome.PASS, report.to_plain()
    assert one(report, N.ENTRIES_READABLE).checked == 4 * deliveries
    assert report.statistics is not None
    assert report.statistics.accepted == report.statistics.outcomes["handed_over"].number
    assert report.statistics.accepted == deliveries
    unknown = {check.name for check in report.checks if check.outcome is Outcome.UNKNOWN}
    assert unknown == {N.APPEND_ONLY, N.ANCHORED}  # and yet all can be told


async def test_the_numbers_are_those_of_the_lives(log: SampleLog) -> None:
    for number in range(10):
        log.add(number, *LIFE[:2], minute=number)
    for number in range(10):
        log.add(number, *LIFE[2:], first=3, minute=60 * (number + 1))
    asked = ("SubmissionAcceptance", "NotificationForAcceptance")
    log.add(20, *asked, "ConsignmentRejection", minute=600)
    log.add(21, *asked, "AcceptanceRejectionExpiry", minute=600)
    log.add(22, *asked, "ConsignmentAcceptance", "ContentConsignment", minute=600)
    log.add(23, *asked, "NotificationForAcceptanceFailure", minute=600)
    log.add(24, "SubmissionAcceptance", "ContentConsignmentFailure", minute=600)
    log.add(25, "SubmissionAcceptance", "ContentConsignment", "ContentHandoverFailure", minute=600)
    log.add(26, *asked, "Withdrawal", minute=600)
    log.add(27, "SubmissionRejection", minute=600)
    log.add(28, "SubmissionAcceptance", minute=600)
    log.write()
    report = await audit(log)
    assert report.outcome is Outcome.PASS, report.to_plain()
    found = report.statistics
    assert found is not None
    numbers = {name: spread.number for name, spread in found.outcomes.items()}
    assert numbers == {
        "placed": 12,
        "handed_over": 10,
        "refused": 1,
        "expired": 1,
        "undeliverable": 2,
        "uncollected": 1,
        "withdrawn": 1,
    }
    assert (found.accepted, found.refused_submissions, found.open, found.overdue) == (18, 1, 2, 0)
    # Handed over after 61, 120, 179 ... minutes: 59 n + 61.
    spread = found.outcomes["handed_over"]
    assert (spread.p50, spread.p90, spread.most) == (61 + 59 * 4, 61 + 59 * 8, 61 + 59 * 9)
    shown = "\n".join(picture(report, thai=False))
    assert "18  accepted" in shown
    assert "half within 5.0 h, 90 % within 8.9 h, the longest 9.9 h" in shown
    thai = "\n".join(picture(report, thai=True))
    assert "นำจ่ายแล้ว: ครึ่งหนึ่งภายใน 5.0 ชั่วโมง" in thai


async def test_a_failure_that_was_not_the_last_is_counted_for_what_came_after(log) -> None:
    asked = ("SubmissionAcceptance", "NotificationForAcceptance")
    failures = ["NotificationForAcceptanceFailure"] * 3
    log.add(1, *asked, *failures, "AcceptanceRejectionExpiry")
    log.add(2, *asked, *failures)
    log.write()
    report = await audit(log)
    assert report.outcome is Outcome.PASS, report.to_plain()
    assert report.statistics.outcomes["expired"].number == 1
    assert report.statistics.outcomes["undeliverable"].number == 1
    assert report.statistics.outcomes["undeliverable"].most == 4


def _gap(log: SampleLog) -> None:
    del log.entries[9]


def _twice(log: SampleLog) -> None:
    log.entries.append(log.entries[-1])


def _not_from_one(log: SampleLog) -> None:
    log.add(77, "ContentConsignment", first=2, minute=5)


def _two_ends(log: SampleLog) -> None:
    log.add(0, "ContentHandoverFailure", first=5, minute=5)


def _handover_without_acceptance(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", "NotificationForAcceptance", "ContentConsignment")


def _after_a_refusal(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", "NotificationForAcceptance", "ConsignmentRejection")
    log.add(77, "ContentConsignment", first=4, minute=5)


def _refusal_of_an_accepted_one(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", "SubmissionRejection")


def _unknown_event(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", "Teleportation")


def _late(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", "Withdrawal", minute=24 * 60, due=date(2026, 11, 1))


def _overdue(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", due=date(2026, 11, 2))


def _backwards(log: SampleLog) -> None:
    log.add(77, "SubmissionAcceptance", minute=9)
    log.add(77, "ContentConsignment", first=2, minute=4)


def _back_dated(log: SampleLog) -> None:
    log.add(77, *LIFE, minute=-60)


def _from_the_future(log: SampleLog) -> None:
    log.add(77, *LIFE, minute=3 * 24 * 60)


def _no_entry(log: SampleLog) -> None:
    log.entries.append(b"anything\n")


def _trust_store_goes_back(log: SampleLog) -> None:
    for version in (1, 3, 2):
        fields = [("version", str(version))]
        log.entries.append(operation_entry("trust-store", START, fields))


WRONG: dict[Callable[[SampleLog], None], set[CheckName]] = {
    _gap: {N.SEQUENCES, N.CONTRADICTIONS},
    _twice: {N.SEQUENCES, N.CONTRADICTIONS},
    _not_from_one: {N.SEQUENCES, N.CONTRADICTIONS},
    _two_ends: {N.CONTRADICTIONS},
    _handover_without_acceptance: {N.CONTRADICTIONS},
    _after_a_refusal: {N.CONTRADICTIONS},
    _refusal_of_an_accepted_one: {N.CONTRADICTIONS},
    _unknown_event: {N.CONTRADICTIONS},
    _late: {N.FINAL_IN_TIME},
    _overdue: {N.FINAL_IN_TIME},
    _backwards: {N.ENTRY_TIMES},
    _back_dated: {N.ENTRY_TIMES},
    _from_the_future: {N.ENTRY_TIMES},
    _no_entry: {N.ENTRIES_READABLE},
    _trust_store_goes_back: {N.OPERATIONS},
}


@pytest.mark.parametrize("spoil", WRONG, ids=lambda spoil: spoil.__name__.strip("_"))
async def test_what_the_operator_logs_wrongly_is_told(log: SampleLog, spoil) -> None:
    """All of it is signed, and its tiles are right: only what it says is wrong."""
    log.lives(5)
    spoil(log)
    log.write()
    report = await audit(log)
    assert failed(report) == WRONG[spoil], report.to_plain()
    assert all(check.examples for check in report.checks if check.outcome is Outcome.FAIL)


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "path",
    [
        Tile(level=None, number=1, width=256).path,
        Tile(level=0, number=1, width=256).path,
        Tile(level=0, number=4, width=176).path,
        bundle_of(Tile(level=0, number=4, width=176)).path,
        Tile(level=1, number=0, width=4).path,
    ],
)
async def test_every_file_matters(log: SampleLog, path: str) -> None:
    log.lives(300)
    log.write()
    flip(log.folder / path, -1)
    assert N.TILES in failed(await audit(log))
    (log.folder / path).unlink()
    report = await audit(log)
    assert N.TILES in failed(report)
    assert path in one(report, N.TILES).examples[0]


async def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(log: SampleLog) -> None:
    log.lives(300)
    head = log.head(log.entries[:600])
    log.write()
    (log.folder / "checkpoint").write_bytes(head)  # an older one, whose partial tiles are gone
    (log.folder / "tile/1/000.p/2").write_bytes((log.folder / "tile/1/000.p/4").read_bytes()[:64])
    report = await audit(log)
    assert report.outcome is Outcome.PASS, report.to_plain()
    assert one(report, N.ENTRIES_READABLE).checked == 600


async def test_only_a_head_under_a_trusted_key_is_believed(log: SampleLog, tmp_path: Path) -> None:
    log.lives(3)
    log.write()
    stranger = SampleLog(tmp_path / "other").trust
    assert failed(await audit(log, trust=stranger)) == {N.SIGNED_HEAD}
    report = await audit(log, trust=TRUST_NOBODY)
    assert one(report, N.SIGNED_HEAD).outcome is report.outcome is Outcome.UNKNOWN
    (log.folder / "checkpoint").write_bytes(b"no note")
    assert failed(await audit(log)) == {N.SIGNED_HEAD}
    (log.folder / "checkpoint").unlink()
    with pytest.raises(ServiceUnavailable):
        await audit(log)


async def test_a_log_that_is_rewound_or_forked_is_caught(log: SampleLog, tmp_path: Path) -> None:
    state = tmp_path / "state"
    log.lives(70)
    log.write()
    assert (await audit(log, state=state)).outcome is Outcome.PASS
    kept = state.read_bytes()
    assert kept == (log.folder / "checkpoint").read_bytes()
    log.lives(10, of=70)
    log.write()
    report = await audit(log, state=state)
    assert one(report, N.APPEND_ONLY).outcome is Outcome.PASS
    newest = state.read_bytes()
    assert newest != kept

    rewound = SampleLog(tmp_path / "rewound", log.key)
    rewound.lives(75)
    fork = SampleLog(tmp_path / "fork", log.key)
    fork.lives(79)
    fork.add(1000, *LIFE)
    longer = SampleLog(tmp_path / "longer", log.key)
    longer.lives(79)
    longer.lives(5, of=1000)
    for other, word in ((rewound, "rewound"), (fork, "forked"), (longer, "forked")):
        other.write()
        report = await audit(other, state=state)
        assert failed(report) == {N.APPEND_ONLY}
        assert word in one(report, N.APPEND_ONLY).examples[0]
        # What was seen is kept, and so is the proof: two heads by one key.
        assert state.read_bytes() == newest
        proof = state.with_name("state.contradiction").read_bytes()
        assert proof == newest + b"\n" + (other.folder / "checkpoint").read_bytes()
    state.write_text("something else")
    with pytest.raises(InvalidValue):
        await audit(log, state=state)


async def test_outsiders_who_vouch_are_named(log: SampleLog) -> None:
    witness = CosignatureSigner(name="witness.example", private_key=Ed25519PrivateKey.generate())
    log.lives(3)
    log.write()
    trusts = [
        TrustFile(logs=log.trust.logs, witnesses=(witness.verifier,), witness_threshold=threshold)
        for threshold in (0, 1, 2)
    ]
    alone = [(await audit(log, trust=trust)).outcome for trust in trusts]
    assert alone == [Outcome.PASS, Outcome.UNKNOWN, Outcome.UNKNOWN]
    note = log.head()
    text = note[: note.index(b"\n\n") + 1]
    line = witness.signature_line(text, NOW)
    (log.folder / "checkpoint").write_bytes(note + line)
    reports = [await audit(log, trust=trust) for trust in trusts]
    assert [r.outcome for r in reports] == [Outcome.PASS, Outcome.PASS, Outcome.UNKNOWN]
    assert "witness.example vouches for 12 entries" in one(reports[0], N.ANCHORED).notes[0]
    assert "witness.example รับรอง 12 รายการ เมื่อ" in "\n".join(picture(reports[0], thai=True))
    *words, signature = line.split(b" ")
    changed = bytearray(base64.b64decode(signature))
    changed[-1] ^= 1
    line = b" ".join((*words, base64.b64encode(changed) + b"\n"))
    (log.folder / "checkpoint").write_bytes(note + line)
    assert N.ANCHORED in failed(await audit(log, trust=trusts[0]))


async def test_an_outside_authority_vouches_where_no_witness_is_asked_for(log, tmp_path) -> None:
    """By the rule of `tdh verify`: below a root that is named as an outsider's, and no other."""
    log.lives(3)
    note = log.head()
    head = ShownHead(note=note, checkpoint=Checkpoint.parse(split_note(note)[0]))
    made = make_keys(tmp_path / "keys", origin="x", organization="TSA", now=NOW)
    unit = load_keys(made.files, NAMES).timestamps
    stamp = partial(unit.stamp, gen_time=NOW)
    token = stamp(sha256(note).digest(), serial=1)
    other = stamp(sha256(b"another head").digest(), serial=2)
    root = made.trust().tsa_roots[0]
    outside = TrustFile(logs=log.trust.logs, outside_tsa_roots=(root,))
    inside = TrustFile(logs=log.trust.logs, tsa_roots=(root,))
    for tokens, trust, anchored in (
        ((other, b"junk", token), outside, True),
        ((token,), inside, False),
        ((other,), outside, False),
        ((token,), replace(outside, witness_threshold=1), False),
    ):
        tally = Tally(name=N.ANCHORED)
        check_anchors((replace(head, tokens=tokens),), trust, tally)
        assert (tally.hindered == "") is anchored
        assert not tally.problems
        assert any("stamped 12 entries" in each for each in tally.notes) is anchored


def test_the_command_needs_nothing_but_the_files(log, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("TDH_CONFIG", "/nowhere/tdh.toml")  # settings are not even looked for
    log.lives(3)
    log.write()
    trust = tmp_path / "trust.json"
    trust.write_bytes(log.trust.text())
    words = ["audit", "--log", log.folder.as_uri(), "--trust", str(trust)]
    assert main([*words, "--json", "--state", str(tmp_path / "state")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (tmp_path / "state").read_bytes() == (log.folder / "checkpoint").read_bytes()
    assert found["statistics"]["accepted"] == 3
    log.add(0, "ContentHandoverFailure", first=5, minute=5)
    log.write()
    assert main([*words, "--lang", "th"]) == 1
    out = capsys.readouterr().out
    assert "✗ contradictions" in out
    assert out.splitlines()[-1] == "พบข้อที่ไม่ถูกต้อง"
    assert main(["audit", "--log", "ftp://x"]) == 64
    assert main(["audit", "--state", "x"]) == 64
    assert main(["audit", "--log", str(tmp_path / "empty"), "--trust", str(trust)]) == 69


@pytest.mark.parametrize("old", [0, 1, 255, 256, 257, 1000, 1199, 1200])
async def test_an_older_head_is_proved_from_a_few_tiles(log: SampleLog, old: int) -> None:
    log.lives(300)
    log.write()
    heads = [_shown(log.head(log.entries[:size])) for size in (old, 1200)]
    async with open_source(str(log.folder)) as source:
        await prove_extension(source, *heads)
        if 0 < old < 1200:
            other = _shown(log.head([b"another", *log.entries[1:old]]))
            with pytest.raises(MerkleError):
                await prove_extension(source, other, heads[1])


def _shown(note: bytes) -> ShownHead:
    return ShownHead(note=note, checkpoint=Checkpoint.parse(split_note(note)[0]))
