"""`tdh doctor`: what each part's state is called, and what the whole comes to."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from evidence_samples import NOW

from signing.seal_check import Outcome
from signing.verify.report import Text
from tdh.cli.doctor import picture
from tdh.cli.main import main
from tdh.config import AnchorConfig, Config, IssuerConfig, LogConfig, TsaConfig, VaultConfig
from tdh.doctor import programs, proofs, rooms
from tdh.doctor.finding import Diagnosis, Part, trouble, unsure, well
from tdh.domain.errors import StorageUnavailable
from tdh.domain.service_keys import KeyUse, RecordedKey, ServiceKey

KEY = ServiceKey(
    use=KeyUse.SEAL, key=b"k" * 32, certificate=b"c" * 32, ends_at=NOW + timedelta(days=400)
)
TEXT = Text(th="ไทย", en="English")
GOOD = well(Part.LOG, "ดี", "good")
BAD = trouble(Part.LOG, TEXT, TEXT)
SOON = unsure(Part.LOG, TEXT, TEXT)
ASIDE = unsure(Part.LOG, TEXT, counts=False)


@pytest.mark.parametrize(
    ("findings", "outcome"),
    [
        ((GOOD,), Outcome.PASS),
        ((GOOD, ASIDE), Outcome.PASS),
        ((GOOD, ASIDE, SOON), Outcome.UNKNOWN),
        ((GOOD, SOON, BAD), Outcome.FAIL),
        ((ASIDE,), Outcome.UNKNOWN),
        ((), Outcome.UNKNOWN),
    ],
)
def test_the_whole_is_the_worst_that_counts(findings, outcome) -> None:
    assert Diagnosis(findings=findings).outcome is outcome


def test_each_line_has_its_sign_and_each_trouble_its_advice() -> None:
    lines = list(picture(Diagnosis(findings=(GOOD, BAD, SOON)), thai=True))

    assert lines[0] == "✓ log       ดี"
    assert lines[1:3] == ["✗ log       ไทย", "            → ไทย"]
    assert lines[3].startswith("– ")
    assert "English" in "".join(picture(Diagnosis(findings=(BAD,)), thai=False))


@pytest.mark.parametrize(
    ("key", "changes", "outcome", "words"),
    [
        (KEY, {}, Outcome.PASS, "ends in 400 days"),
        (replace(KEY, ends_at=NOW + timedelta(days=59)), {}, Outcome.UNKNOWN, "ends in 59 days"),
        (replace(KEY, ends_at=NOW - timedelta(days=1)), {}, Outcome.FAIL, "ended at"),
        (KEY, {"retires_at": NOW}, Outcome.FAIL, "is retired"),
        (KEY, {"compromised_since": NOW, "reason": "stolen"}, Outcome.FAIL, "stolen"),
        (ServiceKey(use=KeyUse.LOG, key=b"l" * 32), {}, Outcome.PASS, "has no end"),
    ],
)
def test_a_key_is_told_with_its_days(key, changes, outcome, words) -> None:
    recorded = RecordedKey(key=key, in_service_at=NOW, **changes)
    (found,) = proofs.keys([key], [recorded], NOW)

    assert found.outcome is outcome
    assert words in found.text.en
    assert (found.advice is None) == (outcome is Outcome.PASS)


def test_a_key_that_the_log_does_not_know_is_trouble() -> None:
    other = RecordedKey(key=replace(KEY, certificate=b"d" * 32), in_service_at=NOW)
    (found,) = proofs.keys([KEY], [other], NOW)

    assert found.outcome is Outcome.FAIL
    assert "does not know" in found.text.en


def test_receipts_are_not_well_once_their_key_was_given_up_and_say_what_the_keys_say() -> None:
    key = replace(KEY, use=KeyUse.RECEIPT)
    good = RecordedKey(key=key, in_service_at=NOW)
    lost = replace(good, compromised_since=NOW, reason="stolen")
    newer = replace(good, key=replace(key, key=b"n" * 32))

    assert proofs.receipt_key([key], [good], NOW) is None
    assert proofs.receipt_key([], [], NOW) is None
    for in_use, recorded in (([key], [lost]), ([], [lost]), ([key], [lost, newer])):
        found = proofs.receipt_key(in_use, recorded, NOW)
        (of_keys,) = proofs.keys([key], recorded, NOW)
        assert found == replace(of_keys, part=Part.RECEIPTS)
        assert "tdh admin key rotate --use receipt" in found.advice.en
    assert proofs.receipt_key([newer.key], [lost, newer], NOW) is None


def test_the_example_s_log_name_is_trouble() -> None:
    assert programs.settings(Config()).outcome is Outcome.FAIL
    named = Config(issuer=IssuerConfig(origin="log.example.go.th"))
    assert programs.settings(named).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("named", "word"),
    [
        (AnchorConfig(witnesses=("garbage",)), "anchor.witnesses"),
        (AnchorConfig(authorities=("garbage",)), "anchor.authorities"),
        (
            AnchorConfig(
                authorities=("a=https://a.example/tsr",), authority_roots=Path("/nonexistent")
            ),
            "/nonexistent",
        ),
    ],
)
async def test_outsiders_that_nobody_could_ask_are_told_before_the_program_is_started(
    named, word
) -> None:
    (found,) = await programs.outsiders(Config(anchor=named))
    assert (found.part, found.outcome) == (Part.SETTINGS, Outcome.FAIL)
    assert word in found.text.en
    assert await programs.outsiders(Config()) == ()


async def test_parts_that_are_not_there_are_told_with_what_to_do(tmp_path) -> None:
    nowhere = replace(Config().sealer, socket=tmp_path / "none")
    config = Config(sealer=nowhere, receipts=replace(Config().receipts, socket=tmp_path / "none"))
    sealer, identity = await programs.sealer(config, NOW)
    found = [
        sealer,
        await programs.receipts(config),
        await programs.database(StorageUnavailable("away")),
    ]
    assert identity is None
    assert {one.outcome for one in found} == {Outcome.FAIL}
    assert all(one.advice is not None for one in found)
    assert "away" in found[2].text.en


def test_disks_are_told_and_what_cannot_be_seen_is_not_trouble(tmp_path) -> None:
    config = Config(
        vault=VaultConfig(folder=tmp_path, extra_folders=(tmp_path / "none",)),
        log=LogConfig(folder=tmp_path),
    )
    found = list(rooms.disks(config))

    assert [one.outcome for one in found].count(Outcome.UNKNOWN) >= 1
    assert "vault: " in found[0].text.en
    assert "free" in found[0].text.en
    assert found[1].text.en.startswith("vault 2")
    assert not found[1].counts


@pytest.mark.parametrize(
    ("free", "outcome"), [(1, Outcome.FAIL), (8, Outcome.UNKNOWN), (90, Outcome.PASS)]
)
def test_a_full_disk_is_trouble_before_it_is_full(tmp_path, monkeypatch, free, outcome) -> None:
    gib = 1 << 30
    usage = rooms.shutil.disk_usage(tmp_path)._replace(total=100 * gib, free=free * gib)
    monkeypatch.setattr(rooms.shutil, "disk_usage", lambda _path: usage)

    found = next(iter(rooms.disks(Config())))
    assert found.outcome is outcome


async def test_an_unkept_clock_counts_where_the_settings_say_so() -> None:
    found = await programs.clock(Config())
    strict = await programs.clock(Config(tsa=TsaConfig(kernel_clock=True)))

    assert (found.outcome is Outcome.PASS) == (strict.outcome is Outcome.PASS)
    assert found.outcome is not Outcome.FAIL
    assert strict.outcome is not Outcome.UNKNOWN or strict.counts


def test_bad_settings_are_a_line_like_any_other(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("TDH_API__PRT", "1")

    assert main(["doctor", "--json"]) == 1
    plain = json.loads(capsys.readouterr().out)
    assert plain["result"] == "fail"
    (finding,) = plain["findings"]
    assert (finding["id"], finding["result"]) == ("settings", "fail")
    assert "api.prt" in finding["text"]["en"]
    assert finding["advice"]["th"]


@pytest.mark.parametrize(
    ("seconds", "th", "en"),
    [
        (0.4, "0 วินาที", "0 s"),
        (119, "119 วินาที", "119 s"),
        (120, "2 นาที", "2 min"),
        (7300, "2 ชั่วโมง", "2 h"),
        (3 * 86400, "3 วัน", "3 d"),
    ],
)
def test_ages_are_told_in_one_unit_of_the_readers_language(seconds, th, en) -> None:
    found = proofs._ago(timedelta(seconds=seconds))
    assert (found.th, found.en) == (th, en)
