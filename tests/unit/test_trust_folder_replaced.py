"""A trust folder that is replaced while the service looks at it ends no service."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from signing import trust
from signing.trust import TrustError
from tdh import judging
from tests.pki import make

LOOKS = 1_500


@pytest.fixture
def restless(tmp_path: Path) -> Iterator[Path]:
    """A folder in which another folder comes and goes."""
    folder, over = tmp_path / "trust", Event()
    folder.mkdir()
    anchor = next(make.shared_pki().trust_folder.glob("*.pem")).read_bytes()

    def replace() -> None:
        while not over.is_set():
            inner = folder / "anchors" / "more"
            inner.mkdir(parents=True)
            for number in range(10):
                (inner / f"{number}.pem").write_bytes(anchor)
            shutil.rmtree(folder / "anchors")

    thread = Thread(target=replace)
    thread.start()
    yield folder
    over.set()
    thread.join()


def test_looking_never_fails(restless: Path) -> None:
    assert all(isinstance(judging._look(restless), frozenset) for _ in range(LOOKS))


def test_a_folder_that_cannot_be_listed_is_trust_that_is_not_taken_over(tmp_path: Path) -> None:
    with pytest.raises(TrustError):
        list(trust._files(tmp_path / ("x" * 300)))


def test_a_folder_that_is_not_there_looks_empty(tmp_path: Path) -> None:
    assert judging._look(tmp_path / "none") == frozenset()
