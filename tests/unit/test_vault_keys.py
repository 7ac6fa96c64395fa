"""Wrapped keys: they open for their letter, under their key, and for nothing else."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.vault.errors import KeyUnavailable, UnwrapRefused
from storage.vault.keys import FileKeyService, RetentionClass, UnwrapBudget, key_id_of
from storage.vault.stored import DataKey
from tdh.domain.errors import IntegrityFailure
from tdh.domain.identifiers import LetterId

ONE, TWO = LetterId("ltr_one"), LetterId("ltr_two")
NOVEMBER = date(2026, 11, 22)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_another_process_opens_what_was_wrapped(folder: Path) -> None:
    data_key, wrapped = FileKeyService(folder).new_data_key(ONE, NOVEMBER)
    assert len(data_key) == 32
    assert data_key not in wrapped
    assert FileKeyService(folder).unwrap(ONE, wrapped) == data_key


def test_every_letter_has_a_key_of_its_own_and_each_month_and_class_one_above(
    folder: Path,
) -> None:
    keys = FileKeyService(folder)
    made = [
        keys.new_data_key(ONE, NOVEMBER),
        keys.new_data_key(TWO, NOVEMBER),
        keys.new_data_key(ONE, date(2026, 12, 1)),
        keys.new_data_key(ONE, NOVEMBER, RetentionClass("ten-years")),
    ]
    assert len({data_key for data_key, _ in made}) == 4
    names = [key_id_of(wrapped) for _, wrapped in made]
    assert names == [
        "2026-11-standard",
        "2026-11-standard",
        "2026-12-standard",
        "2026-11-ten-years",
    ]
    assert sorted(path.name for path in folder.iterdir()) == sorted({f"{n}.key" for n in names})


def test_keys_are_for_their_owner_only(folder: Path) -> None:
    FileKeyService(folder).new_data_key(ONE, NOVEMBER)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "2026-11-standard.key").stat().st_mode) == 0o600


def test_a_wrapped_key_does_not_open_for_another_letter(folder: Path) -> None:
    keys = FileKeyService(folder)
    _, wrapped = keys.new_data_key(ONE, NOVEMBER)
    with pytest.raises(IntegrityFailure):
        keys.unwrap(TWO, wrapped)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_or_cut_wrapped_key_never_opens(folder: Path, data: st.DataObject) -> None:
    keys = FileKeyService(folder)
    _, wrapped = keys.new_data_key(ONE, NOVEMBER)
    altered = bytearray(wrapped)
    altered[data.draw(st.integers(0, len(wrapped) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    cut = wrapped[: data.draw(st.integers(0, len(wrapped) - 1))]
    for forged in (bytes(altered), cut, wrapped + b"\0"):
        with pytest.raises((IntegrityFailure, KeyUnavailable)):
            keys.unwrap(ONE, forged)


def test_a_key_id_never_reaches_outside_the_folder(folder: Path) -> None:
    name = b"../../etc/shadow"
    with pytest.raises(IntegrityFailure):
        FileKeyService(folder).unwrap(ONE, bytes((1, len(name))) + name + bytes(60))
    with pytest.raises(ValueError, match="retention class"):
        FileKeyService(folder).new_data_key(ONE, NOVEMBER, RetentionClass("../x"))


def test_a_missing_damaged_or_exposed_key_is_named(folder: Path) -> None:
    _, wrapped = FileKeyService(folder).new_data_key(ONE, NOVEMBER)
    path = folder / "2026-11-standard.key"
    whole = path.read_bytes()
    path.chmod(0o640)
    with pytest.raises(KeyUnavailable, match="other users"):
        FileKeyService(folder).unwrap(ONE, wrapped)
    path.chmod(0o600)
    for damaged in (b"", whole[:-1], whole[:20] + bytes([whole[20] ^ 1]) + whole[21:]):
        path.write_bytes(damaged)
        with pytest.raises(KeyUnavailable, match="damaged"):
            FileKeyService(folder).unwrap(ONE, wrapped)
    path.unlink()
    with pytest.raises(KeyUnavailable, match="2026-11-standard"):
        FileKeyService(folder).unwrap(ONE, wrapped)


def test_unwraps_are_counted_and_a_budget_stops_them(folder: Path) -> None:
    now = 100.0
    budget = UnwrapBudget(per_second=2, burst=3, clock=lambda: now)
    keys = FileKeyService(folder, admit=budget)
    _, wrapped = keys.new_data_key(ONE, NOVEMBER)
    for _ in range(3):
        keys.unwrap(ONE, wrapped)
    with pytest.raises(UnwrapRefused):
        keys.unwrap(ONE, wrapped)
    assert keys.unwraps == 3
    now += 0.5
    keys.unwrap(ONE, wrapped)
    with pytest.raises(UnwrapRefused):
        keys.unwrap(ONE, wrapped)
    now += 1000
    for _ in range(3):
        keys.unwrap(ONE, wrapped)
    with pytest.raises(UnwrapRefused):
        keys.unwrap(ONE, wrapped)


def test_services_that_need_the_first_key_at_once_agree_on_it(folder: Path) -> None:
    services = [FileKeyService(folder) for _ in range(8)]
    together = threading.Barrier(len(services))

    def make(service: FileKeyService) -> tuple[DataKey, bytes]:
        together.wait()
        return service.new_data_key(ONE, NOVEMBER)

    with ThreadPoolExecutor(len(services)) as threads:
        made = list(threads.map(make, services))
    late = FileKeyService(folder)
    assert [late.unwrap(ONE, wrapped) for _, wrapped in made] == [key for key, _ in made]
    assert [path.name for path in folder.iterdir()] == ["2026-11-standard.key"]
