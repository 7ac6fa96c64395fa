"""What a program leaves behind is found and removed; what lives is left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tdh.local import folders
from tdh.local.folders import MARKER, fresh_folder, sweep


@pytest.fixture(autouse=True)
def parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders, "PARENT", tmp_path)
    return tmp_path


def rewrite_marker(folder: Path, **changes: object) -> None:
    marker = folder / MARKER
    marker.write_text(json.dumps(json.loads(marker.read_text()) | changes))


def test_a_fresh_folder_may_be_passed_through_but_not_listed() -> None:
    assert fresh_folder("test").stat().st_mode & 0o777 == 0o711


def test_the_folder_of_a_living_program_stays() -> None:
    folder = fresh_folder("test")
    assert sweep() == ()
    assert folder.exists()


def test_the_folder_of_a_dead_program_goes() -> None:
    folder = fresh_folder("test")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    rewrite_marker(folder, process=ended.pid)
    assert sweep() == (folder,)
    assert not folder.exists()


def test_a_process_id_used_again_is_not_taken_for_the_owner() -> None:
    folder = fresh_folder("test")
    rewrite_marker(folder, started=1)
    assert sweep() == (folder,)


def test_a_folder_from_before_the_last_boot_goes() -> None:
    folder = fresh_folder("test")
    rewrite_marker(folder, boot="another")
    assert sweep() == (folder,)


def test_a_folder_that_is_just_being_made_stays_and_an_old_one_without_marker_goes() -> None:
    folder = fresh_folder("test")
    (folder / MARKER).unlink()
    assert sweep() == ()
    os.utime(folder, (0, 0))
    assert sweep() == (folder,)


def test_a_link_is_never_followed(parent: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    os.utime(elsewhere, (0, 0))
    (parent / f"{folders.PREFIX}link").symlink_to(elsewhere)
    assert sweep() == ()
    assert elsewhere.exists()


def test_clean_interrupts_the_living_programs_of_its_own_checkout_only() -> None:
    folder = fresh_folder("test")
    # Whoever runs the tests may ignore SIGINT, and what he starts inherits that.
    program = (
        "import signal, time; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "print(flush=True); time.sleep(60)"
    )
    living = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with living:
        living.stdout.readline()
        started = folders.started_at(living.pid)
        rewrite_marker(folder, process=living.pid, started=started, checkout="/other")
        assert sweep(checkout=folders.CHECKOUT) == ()
        assert living.poll() is None
        rewrite_marker(folder, checkout=str(folders.CHECKOUT))
        assert sweep(checkout=folders.CHECKOUT) == (folder,)
        assert living.wait(timeout=10) != 0
