"""`tdh bundle` against a running interface: the file is there whole, or not at all."""

import asyncio
import zipfile

import pytest

from tests import builders
from tests.integration.api_service import CITIZEN, PDF, ApiService
from tests.integration.test_api_bundles import log_all
from tests.integration.test_api_command_line import CommandLine


@pytest.fixture
async def tdh(tmp_path, capsys):
    async with ApiService().running() as service:
        yield CommandLine(service, tmp_path, capsys)


async def test_a_bundle_is_saved_whole(tdh):
    delivery = await tdh.send(to=builders.CITIZEN)
    log_all(tdh.service, delivery)
    out = tdh.folder / "a.asice"
    assert await tdh("bundle", delivery, "-o", str(out), token=CITIZEN) == 0, tdh.err
    with zipfile.ZipFile(out) as archive:
        assert archive.read("documents/1-หนังสือ 1234.pdf") == PDF
    assert not list(out.parent.glob("*.partial"))


async def test_it_waits_for_the_log(tdh):
    delivery = await tdh.send(to=builders.CITIZEN)
    out = tdh.folder / "a.asice"
    assert await tdh("bundle", delivery, "-o", str(out), "--wait", "0") == 1
    assert "not-logged-yet" in tdh.err
    assert not list(tdh.folder.glob("*.asice*"))

    async def log_later():
        await asyncio.sleep(0.3)
        log_all(tdh.service, delivery)

    later = asyncio.ensure_future(log_later())
    assert await tdh("bundle", delivery, "-o", str(out), "--json") == 0
    await later
    assert tdh.json == {"saved": str(out), "delivery": delivery}


async def test_before_acceptance_only_evidence_is_given(tdh):
    delivery = await tdh.send(to=f"{builders.CITIZEN}:consent")
    log_all(tdh.service, delivery)
    out = tdh.folder / "a.asice"
    assert await tdh("bundle", delivery, "-o", str(out), token=CITIZEN) == 1
    assert "not-accepted-yet" in tdh.err
    words = ("bundle", delivery, "-o", str(out), "--evidence-only")
    assert await tdh(*words, token=CITIZEN) == 0
    with zipfile.ZipFile(out) as archive:
        assert not [name for name in archive.namelist() if name.startswith("documents/")]


async def test_no_folder_is_made_and_no_other_file_is_written_over(tdh):
    delivery = await tdh.send(to=builders.CITIZEN)
    log_all(tdh.service, delivery)
    for words in (("bundle", delivery), ("receipt", delivery)):
        away = tdh.folder / "typo" / "a"
        assert await tdh(*words, "-o", str(away), token=CITIZEN) == 66
        assert "there is no folder" in tdh.err
    assert await tdh("evidence", delivery, "-o", str(tdh.folder / "typo" / "in" / "it")) == 66
    assert not (tdh.folder / "typo").exists()
    out = tdh.folder / "mine.txt"
    out.write_bytes(b"mine")
    assert await tdh("bundle", delivery, "-o", str(out), token=CITIZEN) == 66
    assert "another file is there" in tdh.err
    assert out.read_bytes() == b"mine"
    assert not list(tdh.folder.glob("*.partial"))


async def test_a_letters_id_is_answered_with_its_deliveries(tdh):
    delivery = await tdh.send(to=builders.CITIZEN)
    letter = tdh.json["id"]
    out = str(tdh.folder / "a.asice")
    assert await tdh("bundle", letter, "-o", out) == 64
    assert "a letter's id is not enough" in tdh.err
    assert delivery in tdh.err
    assert await tdh("bundle", letter, "-o", out, token=CITIZEN) == 64
    assert delivery not in tdh.err, "nobody is told of deliveries that are not theirs"
    assert await tdh("bundle", delivery.replace("dlv_", "evd_"), "-o", out) == 64
    assert "an evidence's id" in tdh.err
