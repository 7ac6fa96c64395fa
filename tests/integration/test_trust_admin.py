"""`tdh admin trust` on a real database: what is in force is in the log, whenever it dies."""

import asyncio
import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from signing import trust_store
from signing.certificates import PrivateKey, Subject, make_root, new_rsa_key, pem
from signing.checkpoint import NoteVerifier
from signing.judge.pool import JudgePool
from signing.log_entry import OperationEntry, parse_operation_entry
from signing.note_keys import read_note_key
from signing.trust import ANCHORS, NOTE, Role, TrustFolder
from signing.trust_list import TrustList
from storage.database import Database
from storage.log import PostgresLogStore
from storage.trust_stores import PostgresTrustStores, RecordedStore
from tdh.cli.main import main
from tdh.config import ConfigError, JudgeConfig
from tdh.domain.errors import Conflict
from tdh.judging import FollowingJudge
from tdh.trust import trust_in_force
from tests.pki import make


@dataclass
class Operator:
    """Somebody at the command line of an installation."""

    folder: Path
    key: Path
    certificates: Path
    capsys: pytest.CaptureFixture[str]
    said: str = ""
    error: str = ""

    async def __call__(self, *words: str | Path) -> int:
        """Run `tdh admin trust`; its exit code."""
        line = ["admin", "trust", *map(str, words)]
        code = await asyncio.to_thread(main, line)
        self.said, self.error = self.capsys.readouterr()
        return code

    async def change(self, *words: str | Path) -> int:
        return await self(*words, "--key", self.key)

    @property
    def verifier(self) -> NoteVerifier:
        return read_note_key(self.key).verifier

    @property
    def config(self) -> JudgeConfig:
        return JudgeConfig(trust=self.folder, trust_key=self.verifier.vkey)

    @property
    def listed(self) -> TrustList:
        return trust_store.open_store(self.folder, self.verifier).signed.listed

    def files(self) -> dict[str, bytes]:
        every = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in every}


@pytest.fixture
def operator(
    tmp_path: Path,
    database_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Operator:
    pki = make.shared_pki()
    certificates = tmp_path / "certificates"
    certificates.mkdir()
    (certificates / "root.pem").write_bytes(pem(pki.root.certificate))
    (certificates / "issuing.pem").write_bytes(pem(pki.issuing.certificate))
    (certificates / "person.pem").write_bytes(pem(pki.signers["good"].chain[0]))
    monkeypatch.setenv("TDH_DATABASE__DSN", database_dsn)
    monkeypatch.setenv("TDH_JUDGE__TRUST", str(tmp_path / "store"))
    return Operator(
        folder=tmp_path / "store",
        key=tmp_path / "trust.key",
        certificates=certificates,
        capsys=capsys,
    )


@pytest.fixture
async def store(operator: Operator) -> Operator:
    """A store with a root for senders: version 2."""
    assert await operator.change("init") == 0
    root = operator.certificates / "root.pem"
    assert await operator.change("add", root, "--roles", "sender") == 0
    return operator


@pytest.fixture
def records(database: Database) -> PostgresTrustStores:
    return PostgresTrustStores(database)


async def queued(database: Database) -> list[OperationEntry]:
    rows = await database.fetch("SELECT entry FROM log_queue ORDER BY id")
    return [parse_operation_entry(row["entry"]) for row in rows]


async def in_force(operator: Operator, records: PostgresTrustStores) -> TrustFolder:
    return await trust_in_force(operator.config, records)


# --- the commands --------------------------------------------------------------------------------


async def test_each_change_is_signed_counted_and_entered_into_the_log(
    operator: Operator, database: Database
) -> None:
    root = operator.certificates / "root.pem"
    assert await operator.change("init") == 0
    assert f'trust_key = "{operator.verifier.vkey}"' in operator.said
    assert operator.listed.version == 1
    digests = [hashlib.sha256((operator.folder / NOTE).read_bytes()).hexdigest()]
    assert await operator.change("add", root, "--roles", "sender,tsa", "--json") == 0
    sha256 = json.loads(operator.said)["anchor"]
    digests.append(hashlib.sha256((operator.folder / NOTE).read_bytes()).hexdigest())
    at = "2026-11-22T16:00:00+07:00"
    assert await operator.change("retire", sha256[:8].upper(), "--at", at) == 0
    digests.append(hashlib.sha256((operator.folder / NOTE).read_bytes()).hexdigest())
    (anchor,) = operator.listed.anchors
    assert (operator.listed.version, anchor.sha256) == (3, sha256)
    assert anchor.roles == frozenset(Role)
    assert anchor.valid_from == make.BEGIN
    assert anchor.valid_until == datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
    entries = await queued(database)
    assert [entry.kind for entry in entries] == ["trust-store"] * 3
    named = [dict(entry.fields) for entry in entries]
    assert [fields["version"] for fields in named] == ["1", "2", "3"]
    assert [fields["change"] for fields in named] == ["load", "add", "retire"]
    assert [fields["digest"] for fields in named] == [f"sha-256 {digest}" for digest in digests]
    assert [fields.get("anchor") for fields in named] == [None, *[f"sha-256 {sha256}"] * 2]
    assert named[2]["terms"] == "sender,tsa 2024-01-01T00:00:00Z 2026-11-22T09:00:00Z"


async def test_entries_of_the_store_get_their_places_in_the_log(
    store: Operator, database: Database
) -> None:
    log = PostgresLogStore(database)
    async with log.round() as one:
        taken = await one.take(10)
    assert [entry.evidence for entry in taken] == [None, None]


async def test_openssl_agrees_about_signature_and_certificate(
    store: Operator, tmp_path: Path
) -> None:
    text, _, signature = (store.folder / NOTE).read_bytes().partition(b"\n\n")
    (tmp_path / "text").write_bytes(text + b"\n")
    last = signature.decode().split(" ")[-1]
    (tmp_path / "signature").write_bytes(base64.b64decode(last)[4:])
    spki = bytes.fromhex("302a300506032b6570032100") + store.verifier.public_key
    (tmp_path / "key").write_bytes(spki)
    verify = (
        "pkeyutl",
        "-verify",
        "-pubin",
        "-keyform",
        "DER",
        "-rawin",
        "-inkey",
        tmp_path / "key",
    )
    verify += ("-in", tmp_path / "text", "-sigfile", tmp_path / "signature")
    assert openssl(*verify).returncode == 0
    (tmp_path / "text").write_bytes(text.replace(b"sender", b"tsa") + b"\n")
    assert openssl(*verify).returncode != 0
    (anchor,) = store.listed.anchors
    path = store.folder / ANCHORS / anchor.file
    shown = openssl("x509", "-noout", "-fingerprint", "-sha256", "-in", path).stdout
    assert shown.strip().partition("=")[2].replace(":", "").lower() == anchor.sha256


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, words)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


async def test_the_list_shows_what_is_in_force(
    store: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuing = store.certificates / "issuing.pem"
    assert await store.change("add", issuing, "--roles", "tsa", "--until", "-") == 0
    assert await store.change("retire", store.listed.anchors[0].sha256) == 0
    assert await store("list") == 0
    assert "signature of the store not checked" in store.said
    monkeypatch.setenv("TDH_JUDGE__TRUST_KEY", store.verifier.vkey)
    assert await store("list") == 0
    assert "version 4" in store.said
    assert {line[0] for line in store.said.splitlines()[1:]} == {"●", "○"}
    assert await store("list", "--json") == 0
    shown = json.loads(store.said)
    assert (shown["signed"], shown["version"], shown["unfinished"]) == (True, 4, False)
    assert {one["in_force"] for one in shown["data"]} == {True, False}
    assert all("TDH Test" in one["subject"] for one in shown["data"])
    (store.folder / NOTE).write_bytes(b"another\n")
    assert await store("list") == 1
    assert "คลังความเชื่อถือใช้ไม่ได้ / the trust store" in store.error


async def test_what_is_so_already_is_not_changed_again(store: Operator, database: Database) -> None:
    root, before = store.certificates / "root.pem", store.files()
    assert await store.change("add", root, "--roles", "sender") == 0
    assert "เป็นเช่นนี้อยู่แล้ว / it was so already" in store.said
    assert await store.change("init") == 1
    assert f'trust_key = "{store.verifier.vkey}"' in store.error, "it may have been lost"
    assert store.files() == before
    sha256 = store.listed.anchors[0].sha256
    assert await store.change("retire", sha256, "--at", "2026-01-01T00:00:00Z") == 0
    retired = store.files()
    assert await store.change("retire", sha256) == 0, "it never ends later than it did"
    assert store.files() == retired
    assert await store.change("add", root, "--roles", "sender") == 1, "never revived by accident"
    assert store.files() == retired
    assert await store.change("add", root, "--roles", "sender", "--replace") == 0
    assert len(await queued(database)) == store.listed.version == 4


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("add", "absent.pem", "--roles", "tsa"), 66, "absent.pem"),
        (("add", "two.pem", "--roles", "tsa"), 64, "one certificate"),
        (("add", "garbage.pem", "--roles", "tsa"), 64, "one certificate"),
        (("add", "issuing.pem", "--roles", "tsa", "--sha256", "00" * 32), 64, "--sha256"),
        (("retire", "0000000000"), 1, "0 anchors"),
        (("retire", "0000000"), 64, "at least 8"),
    ],
)
async def test_what_cannot_be_done_changes_nothing(
    store: Operator, database: Database, words: tuple[str, ...], code: int, told: str
) -> None:
    certificates = store.certificates
    both = [(certificates / name).read_bytes() for name in ("root.pem", "issuing.pem")]
    (certificates / "two.pem").write_bytes(b"".join(both))
    (certificates / "garbage.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n")
    before = store.files()
    named = [certificates / word if word.endswith(".pem") else word for word in words]
    assert await store.change(*named) == code
    assert told in store.error
    assert store.files() == before
    assert len(await queued(database)) == 2


async def test_another_key_changes_nothing(
    store: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, issuing = store.files(), store.certificates / "issuing.pem"
    monkeypatch.setenv("TDH_JUDGE__TRUST_KEY", store.verifier.vkey)
    other = tmp_path / "other.key"
    shutil.copy(store.key, other)
    other.write_text(other.read_text().replace("+", "-"))
    assert await store("add", issuing, "--roles", "tsa", "--key", other) == 64
    other.unlink()
    assert await store("init", "--key", other) == 78
    monkeypatch.setenv("TDH_JUDGE__TRUST", str(tmp_path / "elsewhere"))
    monkeypatch.delenv("TDH_JUDGE__TRUST_KEY")
    assert await store("init", "--key", other) == 0
    monkeypatch.setenv("TDH_JUDGE__TRUST", str(store.folder))
    assert await store("add", issuing, "--roles", "tsa", "--key", other) == 1
    monkeypatch.setenv("TDH_JUDGE__TRUST_KEY", store.verifier.vkey)
    assert await store("add", issuing, "--roles", "tsa", "--key", other) == 78
    assert store.files() == before


async def test_without_the_database_nothing_is_changed(
    store: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.files()
    monkeypatch.setenv("TDH_DATABASE__DSN", "postgresql://nobody@127.0.0.1:1/none")
    issuing = store.certificates / "issuing.pem"
    assert await store.change("add", issuing, "--roles", "tsa") == 69
    assert store.files() == before


async def test_a_certificate_that_is_no_authority_s_is_remarked_upon(operator: Operator) -> None:
    assert await operator.change("init") == 0
    for name, remarked in (("issuing.pem", False), ("person.pem", True)):
        path = operator.certificates / name
        assert await operator.change("add", path, "--roles", "sender") == 0
        assert ("is no authority's certificate" in operator.error) is remarked


async def test_a_lost_store_is_built_anew_above_what_the_log_knows(
    store: Operator, records: PostgresTrustStores
) -> None:
    shutil.rmtree(store.folder)
    assert await store.change("init") == 0
    assert store.listed.version == 3
    assert not (await in_force(store, records)).anchors


# --- dying in between ----------------------------------------------------------------------------


async def die_while_adding(store: Operator, point: str) -> None:
    """Run `add issuing.pem` in a process that ends at a point as by `kill -9`."""
    command = [sys.executable, "-m", "tdh", "admin", "trust", "add"]
    command += [store.certificates / "issuing.pem", "--roles", "tsa", "--key", store.key]
    ended = await asyncio.to_thread(
        subprocess.run,
        command,
        check=False,
        capture_output=True,
        env=os.environ | {"TDH_CRASH_POINT": f"admin/{point}@{store.folder.parent / 'died'}"},
        timeout=60,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize("point", ["trust.staged", "trust.committed", "trust.half-settled"])
async def test_the_same_command_again_mends_what_a_killed_one_left(
    store: Operator, records: PostgresTrustStores, database: Database, point: str
) -> None:
    await die_while_adding(store, point)
    if point == "trust.staged":
        assert len((await in_force(store, records)).anchors) == 1
    else:
        with pytest.raises(ConfigError, match=r"judge\.trust"):
            await in_force(store, records)
    if point != "trust.half-settled":
        assert await store("list") == 0
        assert "a command was interrupted" in store.said
    issuing = store.certificates / "issuing.pem"
    assert await store.change("add", issuing, "--roles", "tsa") == 0
    assert "finished an interrupted change, version 3" in store.error
    assert "it was so already: version 3" in store.said
    assert len((await in_force(store, records)).anchors) == 2
    versions = [dict(entry.fields)["version"] for entry in await queued(database)]
    assert versions == ["1", "2", "3"]
    assert not list(store.folder.rglob(f"*{trust_store.STAGED}"))


async def test_another_command_finishes_first_and_then_does_its_own(
    store: Operator, records: PostgresTrustStores, database: Database
) -> None:
    (root,) = store.listed.anchors
    await die_while_adding(store, "trust.committed")
    assert await store.change("retire", root.sha256) == 0
    assert store.listed.version == 4
    assert len(store.listed.anchors) == 2
    changes = [dict(entry.fields)["change"] for entry in await queued(database)]
    assert changes == ["load", "add", "add", "retire"]


async def test_what_is_staged_is_kept_while_nobody_can_say_if_it_was_committed(
    store: Operator,
    records: PostgresTrustStores,
    database_dsn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await die_while_adding(store, "trust.committed")
    before, issuing = store.files(), store.certificates / "issuing.pem"
    monkeypatch.setenv("TDH_DATABASE__DSN", "postgresql://nobody@127.0.0.1:1/none")
    assert await store.change("add", issuing, "--roles", "tsa") == 69
    assert store.files() == before
    monkeypatch.setenv("TDH_DATABASE__DSN", database_dsn)
    assert await store.change("add", issuing, "--roles", "tsa") == 0
    assert len((await in_force(store, records)).anchors) == 2


async def test_what_came_too_late_is_forgotten(
    store: Operator, records: PostgresTrustStores
) -> None:
    await die_while_adding(store, "trust.staged")
    elsewhere = RecordedStore(version=9, digest=bytes(32))
    await records.record(elsewhere, datetime.now(UTC), b"tdh-operation/v1\n")
    issuing = store.certificates / "issuing.pem"
    assert await store.change("add", issuing, "--roles", "tsa") == 1
    assert "the log knows" in store.error
    assert store.listed.version == 2
    assert not list(store.folder.rglob(f"*{trust_store.STAGED}"))


# --- the service ---------------------------------------------------------------------------------


async def test_the_service_takes_the_store_that_the_log_knows(
    store: Operator, records: PostgresTrustStores, database: Database
) -> None:
    found = await in_force(store, records)
    assert [anchor.roles for anchor in found.anchors] == [frozenset({Role.SENDER})]
    assert len(await queued(database)) == 2


async def test_an_older_copy_of_the_store_is_refused_by_service_and_commands(
    store: Operator, records: PostgresTrustStores, tmp_path: Path, database: Database
) -> None:
    shutil.copytree(store.folder, tmp_path / "old")
    assert await store.change("retire", store.listed.anchors[0].sha256) == 0
    shutil.rmtree(store.folder)
    (tmp_path / "old").rename(store.folder)
    with pytest.raises(ConfigError, match="version 2 is older than version 3"):
        await in_force(store, records)
    before, issuing = store.files(), store.certificates / "issuing.pem"
    assert await store.change("add", issuing, "--roles", "tsa") == 1
    assert "older than version 3" in store.error
    assert store.files() == before
    assert len(await queued(database)) == 3


async def test_two_lists_of_one_version_are_not_taken_for_the_same(
    store: Operator, records: PostgresTrustStores
) -> None:
    another = replace(store.listed, time=datetime(2026, 1, 1, tzinfo=UTC))
    trust_store.stage(store.folder, another, read_note_key(store.key), {})
    trust_store.settle(store.folder)
    with pytest.raises(ConfigError, match="another list of version 2"):
        await in_force(store, records)


async def test_a_newer_list_that_was_copied_here_is_entered_into_the_log_once(
    store: Operator, records: PostgresTrustStores, database: Database
) -> None:
    newer = replace(store.listed, version=7)
    trust_store.stage(store.folder, newer, read_note_key(store.key), {})
    trust_store.settle(store.folder)
    found = await asyncio.gather(*(in_force(store, records) for _ in range(4)))
    assert len({each.version for each in found}) == 1
    entries = [dict(entry.fields) for entry in await queued(database)]
    assert [(each["version"], each["change"]) for each in entries[2:]] == [("7", "load")]


async def test_the_record_keeps_the_first_of_a_version_and_never_goes_back(
    records: PostgresTrustStores, database: Database
) -> None:
    at, first = datetime.now(UTC), RecordedStore(version=5, digest=b"1" * 32)
    assert await records.newest() is None
    for _ in range(2):
        await records.record(first, at, b"tdh-operation/v1\n")
    for other in (replace(first, digest=b"2" * 32), RecordedStore(version=4, digest=b"1" * 32)):
        with pytest.raises(Conflict):
            await records.record(other, at, b"tdh-operation/v1\n")
    assert await records.newest() == first
    rows = await database.fetch("SELECT count(*) AS number FROM log_queue")
    assert rows[0]["number"] == 1


async def test_a_plain_folder_will_do_where_no_key_is_set_and_the_log_says_so_once(
    records: PostgresTrustStores, tmp_path: Path
) -> None:
    plain = JudgeConfig(trust=tmp_path)
    shutil.copy(make.shared_pki().trust_folder / "root.pem", tmp_path)
    with structlog.testing.capture_logs() as said:
        for _ in range(3):
            assert len((await trust_in_force(plain, records)).anchors) == 1
    assert [line["event"] for line in said] == ["trust.unsigned"]
    assert await records.newest() is None
    absent = JudgeConfig(trust=Path("/nowhere"))
    with pytest.raises(ConfigError, match=r"judge\.trust"):
        await trust_in_force(absent, records)


async def test_a_plain_folder_will_not_do_where_a_key_is_set(
    store: Operator, records: PostgresTrustStores
) -> None:
    plain = replace(store.config, trust=make.shared_pki().trust_folder)
    with pytest.raises(ConfigError, match=NOTE):
        await trust_in_force(plain, records)
    nonsense = replace(store.config, trust_key="nonsense")
    with pytest.raises(ConfigError, match=r"judge\.trust_key"):
        await trust_in_force(nonsense, records)


def serve(store: Operator, dsn: str, tmp_path: Path, *words: str) -> tuple[int, str]:
    """Run `tdh serve` to its end; exit code and what it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TDH_")}
    settings = {
        "TDH_DATABASE__DSN": dsn,
        "TDH_JUDGE__TRUST": str(store.folder),
        "TDH_JUDGE__TRUST_KEY": store.verifier.vkey,
        "TDH_VAULT__FOLDER": str(tmp_path / "vault"),
        "TDH_VAULT__KEYS": str(tmp_path / "vault-keys"),
        "TDH_SEALER__SOCKET": str(tmp_path / "sealer.sock"),
    }
    command = [sys.executable, "-m", "tdh", "serve", *words]
    ended = subprocess.run(
        command, check=False, capture_output=True, text=True, env=clean | settings, timeout=60
    )
    return ended.returncode, ended.stderr


async def test_the_service_does_not_start_on_an_altered_store(
    store: Operator, database_dsn: str, tmp_path: Path
) -> None:
    note = store.folder / NOTE
    note.write_bytes(note.read_bytes().replace(b" sender ", b" tsa "))
    code, said = await asyncio.to_thread(serve, store, database_dsn, tmp_path)
    assert code == 78
    assert "การตั้งค่าไม่ถูกต้อง / bad setting: judge.trust" in said
    assert "does not verify" in said


async def test_the_api_does_not_start_on_an_older_store(
    store: Operator, records: PostgresTrustStores, database_dsn: str, tmp_path: Path
) -> None:
    newer = RecordedStore(version=3, digest=bytes(32))
    await records.record(newer, datetime.now(UTC), b"tdh-operation/v1\n")
    words = ("--role", "api")
    code, said = await asyncio.to_thread(serve, store, database_dsn, tmp_path, *words)
    assert code == 78
    assert "version 2 is older than version 3" in said


# --- while the service runs ----------------------------------------------------------------------


async def code_of(judge: FollowingJudge, letter: bytes) -> str:
    document = judge.document("somebody")
    try:
        await document.write(letter)
        return (await document.judge(make.JUDGED_AT)).verdict.reason.code
    finally:
        document.close()


async def becomes(judge: FollowingJudge, letter: bytes, code: str) -> None:
    async with asyncio.timeout(30):
        while True:
            if await code_of(judge, letter) == code:
                return
            await asyncio.sleep(0.05)


async def test_a_running_service_follows_the_store_and_nothing_else(
    store: Operator, records: PostgresTrustStores
) -> None:
    pki = make.shared_pki()
    (store.folder / "intermediates").mkdir()
    issuing = pem(pki.issuing.certificate)
    (store.folder / "intermediates" / "issuing.pem").write_bytes(issuing)
    for path in pki.trust_folder.glob("*.crl"):
        shutil.copy(path, store.folder)
    letter = make.sign_pdf(make.simple_pdf(), pki.signers["good"])
    judge = FollowingJudge(
        store.folder,
        partial(in_force, store, records),
        partial(JudgePool, concurrency=1),
        look_seconds=0.05,
        finish_seconds=5,
    )
    await judge.start()
    following = asyncio.create_task(judge.run())
    try:
        assert await code_of(judge, letter) == "signature-valid"
        begun = judge.document("slow sender")
        await begun.write(letter)
        (root,) = store.listed.anchors
        assert await store.change("retire", root.sha256, "--at", make.BEGIN.isoformat()) == 0
        await becomes(judge, letter, "unknown-root")
        verdict = (await begun.judge(make.JUDGED_AT)).verdict
        assert verdict.reason.code == "signature-valid", "begun under the older trust"
        begun.close()
        note = store.folder / NOTE
        signed = note.read_bytes()
        note.write_bytes(signed.replace(b" 2024-01-01T00:00:00Z root", b" - root"))
        assert note.read_bytes() != signed
        await asyncio.sleep(0.5)
        assert await code_of(judge, letter) == "unknown-root"
        note.write_bytes(signed)
        words = ("--roles", "sender", "--replace")
        assert await store.change("add", store.certificates / "root.pem", *words) == 0
        await becomes(judge, letter, "signature-valid")
    finally:
        following.cancel()
        await judge.close()


# --- docs/trust.md: a trusted list of the EU -----------------------------------------------------

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "trust.md"
TSL, XADES = "http://uri.etsi.org/02231/v2#", "http://uri.etsi.org/01903/v1.3.2#"
SIGNATURE = f"""
<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>
<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<ds:Reference URI=""><ds:Transforms>
<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>
<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms>
<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>
<ds:Reference URI="#props"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/>
<ds:KeyInfo><ds:KeyValue/><ds:X509Data/></ds:KeyInfo><ds:Object>
<QualifyingProperties xmlns="{XADES}"><SignedProperties Id="props"/></QualifyingProperties>
</ds:Object></ds:Signature>"""


def service(certificate: x509.Certificate, kind: str, status: str, purpose: str) -> str:
    svc = "http://uri.etsi.org/TrstSvc"
    der = base64.encodebytes(certificate.public_bytes(Encoding.DER)).decode()
    return f"""<TSPService><ServiceInformation>
<ServiceTypeIdentifier>{svc}/Svctype/{kind}</ServiceTypeIdentifier><ServiceDigitalIdentity>
<DigitalId><X509Certificate>{der}</X509Certificate></DigitalId></ServiceDigitalIdentity>
<ServiceStatus>{svc}/TrustedList/Svcstatus/{status}</ServiceStatus>
<StatusStartingTime>2016-06-30T22:00:00Z</StatusStartingTime><ServiceInformationExtensions>
<Extension Critical="true"><AdditionalServiceInformation>
<URI>{svc}/TrustedList/SvcInfoExt/{purpose}</URI></AdditionalServiceInformation></Extension>
</ServiceInformationExtensions></ServiceInformation><ServiceHistory><ServiceHistoryInstance>
<ServiceStatus>{svc}/TrustedList/Svcstatus/granted</ServiceStatus></ServiceHistoryInstance>
</ServiceHistory></TSPService>"""


def sign_list(folder: Path, signer: str, *, whole: bool = True) -> None:
    """Write a list with one authority to take and four to leave, signed by xmlsec1."""
    ca, purposes = "CA/QC", ("ForeSignatures", "ForWebSiteAuthentication")
    services = [
        service(authority("Wanted"), ca, "granted", purposes[0]),
        service(authority("Withdrawn"), ca, "withdrawn", purposes[0]),
        service(authority("For Web Sites"), ca, "granted", purposes[1]),
        service(authority("For Timestamps"), "TSA/QTST", "granted", purposes[0]),
        service(authority("Not Qualified"), "CA/PKC", "granted", purposes[0]),
    ]
    signature = SIGNATURE if whole else SIGNATURE.replace('URI=""', 'URI="#props"')
    body = "".join((*services, signature))
    unsigned = f'<TrustServiceStatusList xmlns="{TSL}">{body}</TrustServiceStatusList>'
    (folder / "unsigned.xml").write_text(unsigned)
    key, certificate = folder / f"{signer}.key", folder / f"{signer}.pem"
    words = ["--id-attr:Id", f"{XADES}:SignedProperties", "--output", folder / "list.xml"]
    words += ["--privkey-pem", f"{key},{certificate}", folder / "unsigned.xml"]
    subprocess.run(["xmlsec1", "--sign", *words], check=True, capture_output=True)


def authority(name: str, key: PrivateKey | None = None) -> x509.Certificate:
    subject = Subject(common_name=name)
    key = key or new_rsa_key()
    return make_root(subject=subject, key=key, serial=7, validity=make.ALWAYS).certificate


def load_list(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the shell block of the document in a folder."""
    section = DOCUMENT.read_text(encoding="utf-8").split("## Europe", 1)[1]
    block = section.split("```sh\n", 1)[1].split("```", 1)[0]
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", block],
        check=False,
        cwd=folder,
        env=os.environ | {"PATH": programs},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def european(store: Operator, tmp_path: Path) -> Path:
    """A folder as the document wants it: signer.pem, list.xml, trust.key."""
    folder = tmp_path / "eu"
    folder.mkdir()
    for name in ("signer", "stranger"):
        key = new_rsa_key()
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(private)
        (folder / f"{name}.pem").write_bytes(pem(authority(name, key)))
    shutil.copy(store.key, folder)
    sign_list(folder, "signer")
    return folder


async def test_a_trusted_list_is_loaded_as_the_document_says(
    store: Operator, european: Path
) -> None:
    done = await asyncio.to_thread(load_list, european)
    assert done.returncode == 0, done.stderr
    added = [each for each in store.listed.anchors if each.file.startswith("eu-")]
    assert [each.terms for each in added] == ["sender 2016-06-30T22:00:00Z 2044-01-01T00:00:00Z"]
    assert "Common Name: Wanted" in done.stdout


@pytest.mark.parametrize("fault", ["altered", "signed by a stranger", "signed in part"])
async def test_a_list_that_its_signer_did_not_sign_adds_nothing(
    store: Operator, european: Path, fault: str
) -> None:
    before, path = store.files(), european / "list.xml"
    match fault:
        case "altered":
            path.write_text(path.read_text().replace("withdrawn", "granted"))
        case "signed by a stranger":
            sign_list(european, "stranger")
        case "signed in part":
            sign_list(european, "signer", whole=False)
    done = await asyncio.to_thread(load_list, european)
    assert done.returncode != 0
    assert store.files() == before
