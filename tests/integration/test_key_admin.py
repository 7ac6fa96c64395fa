"""`tdh admin key` and `trust-file`: an old key, a new one, a lost one, and what strangers get."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from evidence_samples import ORIGIN, facts
from seal_authority import Authority
from sealer_program import SealerProgram, now

from signing import certificates as made
from signing.checkpoint import NoteSigner
from signing.compromise import CompromisedKey
from signing.log_entry import parse_operation_entry
from signing.log_tree import LogTree
from signing.seal_check import verify_seal
from signing.service_keys import KeyPeriods
from signing.timestamps import MAX_ACCURACY, verify_token
from signing.trust_file import TrustFile, load_trust_file
from storage.database import Database
from storage.log import PostgresLogStore
from storage.service_keys import PostgresServiceKeys
from storage.tiles import LogFolder
from tdh.anchoring import proving
from tdh.cli.main import main
from tdh.delivery.publication import Publication
from tdh.delivery.tiling import Tiling
from tdh.domain.errors import SealingUnavailable
from tdh.domain.log import SignedHead
from tdh.domain.service_keys import KeyUse
from tdh.published_trust import PublishedTrust
from tdh.service_keys import ServiceKeys, WatchedSealer
from tdh.system import CheckedClock

SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


@dataclass
class Operator:
    """Somebody at the command line, a sealer, and a log."""

    folder: Path
    program: SealerProgram
    authority: Authority
    database: Database
    sealer: WatchedSealer
    capsys: pytest.CaptureFixture[str]
    said: str = ""
    error: str = ""

    async def __call__(self, *words: object) -> int:
        """Run `tdh`; its exit code."""
        code = await asyncio.to_thread(main, [str(word) for word in words])
        self.said, self.error = self.capsys.readouterr()
        return code

    async def admin(self, *words: object) -> int:
        return await self("admin", *words)

    async def seal(self, number: int) -> bytes:
        (item,) = await self.sealer.seal([facts(number, time=now())], now())
        return item.xml

    async def key(self, use: KeyUse) -> str:
        return next(key.key.hex() for key in await self.sealer.keys() if key.use is use)

    async def round(self) -> SignedHead:
        store, maths = PostgresLogStore(self.database), LogTree()
        folder = LogFolder(self.folder / "log")
        await Publication(
            store=store,
            tiling=Tiling(store=store, folder=folder, maths=maths),
            signer=self.sealer,
            maths=maths,
            clock=CheckedClock(),
            crash=lambda _name: None,
        ).round()
        head = await store.head()
        assert head is not None
        return head

    @property
    def trust(self) -> TrustFile:
        others = self.program.keys.trust()
        return TrustFile(
            seal_roots=(self.authority.root.certificate,),
            tsa_roots=others.tsa_roots,
            logs=others.logs,
        )

    def trust_file(self, trust: TrustFile | None = None, name: str = "trust.json") -> Path:
        path = self.folder / name
        path.write_bytes((trust or self.trust).text())
        return path


@pytest.fixture
def program(tmp_path: Path) -> Iterator[SealerProgram]:
    with SealerProgram(tmp_path) as one:
        yield one


@pytest.fixture
async def operator(  # noqa: PLR0917 - fixtures come by their names
    program, database, database_dsn, tmp_path, monkeypatch, capsys
) -> AsyncIterator[Operator]:
    monkeypatch.setenv("TDH_DATABASE__DSN", database_dsn)
    monkeypatch.setenv("TDH_ISSUER__ORIGIN", ORIGIN)
    authority = Authority(tmp_path)
    program.start(**authority.seal("first"))
    records = PostgresServiceKeys(database)
    sealer = WatchedSealer(program.socket, 5.0, ServiceKeys(records, CheckedClock()))
    yield Operator(tmp_path, program, authority, database, sealer, capsys)
    await sealer.close()


def xmlsec1(xml: bytes, root, folder: Path) -> int:
    (folder / "evidence.xml").write_bytes(xml)
    (folder / "root.pem").write_bytes(made.pem(root))
    return subprocess.run(
        ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem",
         folder / "root.pem", "--id-attr:Id", SIGNED_PROPERTIES, folder / "evidence.xml"],
        capture_output=True,
        check=False,
    ).returncode  # fmt: skip


async def test_a_rotation_leaves_the_old_evidence_as_valid_as_the_new(operator) -> None:
    first = await operator.seal(1)
    old = await operator.key(KeyUse.SEAL)
    files = operator.authority.seal("second")
    words = ["key", "rotate", "--use", "seal", "--certificate", files["seal-certificate"]]

    assert await operator.admin(*words, "--trust", operator.trust_file()) == 0
    assert f"retires: {old[:16]}" in operator.said
    assert "restart the sealer" in operator.said
    assert await operator.admin(*words, "--trust", operator.trust_file()) == 0
    assert "it was so already" in operator.said
    operator.program.end()
    operator.program.start(**files)
    second = await operator.seal(2)

    root = operator.authority.root.certificate
    for xml in (first, second):
        assert verify_seal(xml, [root]).holds
        assert xmlsec1(xml, root, operator.folder) == 0
    await operator.round()
    periods = KeyPeriods()
    for each in await PostgresLogStore(operator.database).entries(0, 99):
        periods.add(each.index, parse_operation_entry(each.entry))
    new = await operator.key(KeyUse.SEAL)
    begun = periods.periods[KeyUse.SEAL, bytes.fromhex(new)]
    ended = periods.periods[KeyUse.SEAL, bytes.fromhex(old)]
    assert begun.index > ended.index
    assert timedelta(minutes=58) < ended.retires_at - now() <= timedelta(hours=1)
    assert begun.retires_at is None
    assert await operator.admin("key", "list") == 0
    assert operator.said.count("✓ seal") == 2
    assert await operator.admin("key", "list", "--json") == 0
    data = json.loads(operator.said)["data"]
    assert [one["key"] for one in data if one["retires_at"]] == [old]


def openssl(*words: object) -> None:
    done = subprocess.run(
        ["openssl", *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def certified(folder: Path, request: Path) -> tuple[Path, Path]:
    """An authority that is not of our making: its root, and what it gives for a request."""
    root, key, certificate = folder / "root.pem", folder / "root-key.pem", folder / "leaf.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", key, "-out", root, "-days", 4000, "-subj", "/C=TH/CN=Root",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # fmt: skip
    openssl("x509", "-req", "-in", request, "-CA", root, "-CAkey", key, "-copy_extensions", "copy",
            "-days", 700, "-out", certificate)  # fmt: skip
    return root, certificate


@pytest.mark.parametrize("use", [KeyUse.SEAL, KeyUse.TIMESTAMP])
async def test_a_new_key_goes_from_its_request_to_what_it_signs(operator, use) -> None:
    name = {KeyUse.SEAL: "seal", KeyUse.TIMESTAMP: "tsa"}[use]
    sealed, heads = [await operator.seal(1)], [await operator.round()]
    words = ["--use", use, "--out", operator.folder / "new", "--subject", "CN=ใหม่ 2,C=TH"]
    assert await operator("keys", "new", *words, "--json") == 0
    made = json.loads(operator.said.splitlines()[-1])  # what the program logs stands before
    root, certificate = certified(operator.folder, Path(made["request"]))
    rotate = ["key", "rotate", "--use", use, "--certificate", certificate, "--trust"]
    assert await operator.admin(*rotate, operator.trust_file()) == 1
    assert f"no path from it to any of the {name}_roots" in operator.error
    new_root = x509.load_pem_x509_certificate(root.read_bytes())
    roots = f"{name}_roots"
    trust = replace(operator.trust, **{roots: (*getattr(operator.trust, roots), new_root)})
    assert await operator.admin(*rotate, operator.trust_file(trust)) == 0

    operator.program.end()
    files = {
        "seal-key": operator.folder / "first-key.pem",
        "seal-certificate": operator.folder / "first.pem",
        f"{name}-key": made["key_file"],
        f"{name}-certificate": certificate,
    }
    operator.program.start(**files)
    begins = x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_before_utc
    # A unit stamps nothing while its clock leaves open whether the certificate has begun.
    left = begins + MAX_ACCURACY + timedelta(milliseconds=50) - now()
    await asyncio.sleep(max(0.0, left.total_seconds()))
    sealed.append(await operator.seal(2))
    heads.append(await operator.round())

    assert await operator.key(use) == made["key"]
    for xml in sealed:
        assert verify_seal(xml, trust.seal_roots).holds
    for head in heads:
        assert verify_token(head.token, sha256(head.note).digest(), trust.tsa_roots)
    new = [verify_seal(xml, [new_root]).holds for xml in sealed]
    assert new == [False, use is KeyUse.SEAL]


async def test_certificates_that_must_not_serve_are_refused(operator) -> None:
    await operator.seal(1)
    trust = operator.trust_file()
    words = ["key", "rotate", "--use", "seal", "--trust", trust, "--certificate"]
    authority = operator.authority
    unit = authority.seal("unit", use=made.LeafUse.TIMESTAMP)
    short = authority.seal("short", made.new_rsa_key(2048))
    early = made.Validity(not_before=now() + timedelta(days=1), not_after=now() + timedelta(days=9))
    future = authority.seal("future", validity=early)
    elsewhere = operator.folder / "elsewhere"
    elsewhere.mkdir()
    stranger = Authority(elsewhere).seal("stranger")
    for files, problem in (
        (unit, "no seal's"),
        (short, "not with RSA-2048"),
        (future, "begins at"),
        (stranger, "no path"),
    ):
        assert await operator.admin(*words, files["seal-certificate"]) == 1
        assert problem in operator.error
    good = authority.seal("good")["seal-certificate"]
    assert await operator.admin(*words, good, "--at", "2026-01-01T00:00:00Z") == 64
    assert await operator.admin("key", "rotate", "--use", "log", "--certificate", good) == 64
    assert await operator.admin(*words, operator.folder / "none.pem") == 66
    assert [one.retires_at for one in await PostgresServiceKeys(operator.database).all()] == [
        None,
        None,
        None,
    ]


async def test_a_lost_key_stops_and_never_comes_back(operator) -> None:
    await operator.seal(1)
    lost = await operator.key(KeyUse.SEAL)
    since = (now() - timedelta(hours=1)).replace(microsecond=0)
    words = ["key", "compromised", lost[:12], "--since", since.isoformat(), "--reason"]

    assert await operator.admin(*words, " ") == 64
    assert await operator.admin("key", "compromised", lost[:7], *words[3:], "lost") == 64
    assert "at least 8 digits are needed" in operator.error
    assert await operator.admin("key", "compromised", "ab" * 8, *words[3:], "lost") == 64
    assert "no key of the service begins so" in operator.error
    assert await operator.admin(*words, "a laptop was stolen") == 0
    assert f'{{"key": "{lost}", "since": "{since:%Y-%m-%dT%H:%M:%SZ}"}}' in operator.said
    operator.sealer._watch._looked_at = None
    with pytest.raises(SealingUnavailable, match="a laptop was stolen"):
        await operator.seal(2)
    certificate = operator.folder / "first.pem"
    rotate = ["key", "rotate", "--use", "seal", "--certificate", certificate]
    assert await operator.admin(*rotate, "--trust", operator.trust_file()) == 1
    assert "compromised" in operator.error
    assert await operator.admin("key", "list") == 0
    assert "✗ seal" in operator.said
    rows = await operator.database.fetch("SELECT entry FROM log_queue ORDER BY id DESC LIMIT 1")
    assert b"laptop" not in rows[0]["entry"]


async def test_a_log_key_is_changed_while_both_sign(operator) -> None:
    await operator.round()
    key = Ed25519PrivateKey.generate()
    signer = NoteSigner(name=ORIGIN, private_key=key)
    words = ["key", "rotate", "--use", "log", "--vkey", signer.vkey]

    assert await operator.admin(*words) == 0
    assert "log-key-former.pem" in operator.said
    assert "both keys sign" in operator.said
    found = await PostgresServiceKeys(operator.database).all()
    (old,) = [one for one in found if one.retires_at is not None]
    assert timedelta(days=89) < old.retires_at - now() <= timedelta(days=90)
    assert await operator.admin("key", "rotate", "--use", "log-mldsa", "--vkey", signer.vkey) == 64
    other = NoteSigner(name="other.example/log", private_key=key)
    for vkey, problem in (
        ("garbage", "--vkey: is no verifier key"),
        (f"other{signer.vkey}", "--vkey: is no verifier key"),
        (other.vkey, "--vkey: is of another log"),
    ):
        assert await operator.admin("key", "rotate", "--use", "log", "--vkey", vkey) == 64
        assert problem in operator.error


async def test_strangers_learn_of_a_lost_key_through_the_log(operator) -> None:
    mine = operator.trust_file(name="mine.json")
    await operator.seal(1)
    published = PublishedTrust(
        records=PostgresServiceKeys(operator.database), proving=proving(operator.database)
    )
    assert await published.file() is None
    assert await operator.admin("trust-file", "proof", "--out", operator.folder / "p") == 64
    assert await operator.admin("trust-file", "publish", mine) == 0
    assert await operator.admin("trust-file", "proof", "--out", operator.folder / "p") == 69
    assert await operator.admin("trust-file", "publish", mine) == 0
    assert "it was so already" in operator.said
    await operator.round()
    lost = await operator.key(KeyUse.SEAL)
    since = now().replace(microsecond=0) - timedelta(days=2)
    words = ["--since", since.isoformat(), "--reason", "stolen"]
    assert await operator.admin("key", "compromised", lost[:16], *words) == 0

    assert await operator.admin("trust-file", "publish", mine) == 64
    assert f'"key": "{lost}"' in operator.error
    newer = TrustFile(
        seal_roots=operator.trust.seal_roots,
        tsa_roots=operator.trust.tsa_roots,
        logs=operator.trust.logs,
        compromised=(CompromisedKey(key=lost, since=since),),
    )
    file = operator.trust_file(newer, "newer.json")
    assert await operator.admin("trust-file", "publish", file, "--json") == 0
    assert json.loads(operator.said)["version"] == 2
    assert await operator.admin("trust-file", "publish", mine) == 64  # it forgets the lost key
    await operator.round()
    proof = operator.folder / "newer.tlog-proof"
    assert await operator.admin("trust-file", "proof", "--out", proof) == 0
    assert await published.file() == file.read_bytes()
    assert await published.proof() == proof.read_bytes()

    update = ["trust", "update", "--trust", mine, "--new", file, "--proof", proof]
    assert await operator(*update) == 0
    assert "added: compromised key" in operator.said
    assert load_trust_file(mine) == newer


async def test_a_trust_file_that_strangers_could_not_use_is_not_published(operator) -> None:
    trust, stranger = operator.trust, SealerProgram(operator.folder / "x").keys.trust()
    other = NoteSigner(name="other.example/log", private_key=Ed25519PrivateKey.generate())
    for bad, problem in (
        (TrustFile(tsa_roots=trust.tsa_roots, logs=trust.logs), "seal_roots"),
        (TrustFile(seal_roots=trust.seal_roots, logs=trust.logs), "tsa_roots"),
        (TrustFile(seal_roots=trust.seal_roots, tsa_roots=trust.tsa_roots), "logs"),
        (
            TrustFile(
                seal_roots=trust.seal_roots,
                tsa_roots=stranger.tsa_roots,
                logs=(*trust.logs, other.verifier),
            ),
            "of no other log",
        ),
    ):
        assert await operator.admin("trust-file", "publish", operator.trust_file(bad)) == 64
        assert problem in operator.error
    path = operator.folder / "none.json"
    path.write_text("{")
    assert await operator.admin("trust-file", "publish", path) == 1
    assert await PostgresServiceKeys(operator.database).newest_trust_file() is None
