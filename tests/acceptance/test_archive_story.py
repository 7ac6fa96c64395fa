"""The anchor role by the real program: our own word first, then an outsider's, and it dies.

The authority is `openssl ts`; BouncyCastle judges the records that come of it.
"""

import asyncio
import hashlib
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing import certificates as made
from signing.archive.record import EvidenceRecord
from signing.archive.verification import verify_record
from signing.cms import open_signed_data
from signing.standalone import tdh_verify
from signing.trust_file import TrustFile
from tests.installation import AGENCY
from tests.outside_authority import OutsideAuthority
from tests.stories import (
    ask_with_patience,
    new_key,
    run_tdh,
    signed_pdf,
    submit_with_patience,
    tdh,
    to,
    until_state,
)

SETTINGS = {"TDH_ANCHOR__SECONDS": "0.3"}
JAVA = Path(__file__).with_name("OutsideRecord.java")
JARS = ":".join(f"/usr/share/java/{jar}.jar" for jar in ("bcpkix", "bcprov", "bcutil"))


@pytest.fixture(scope="module")
async def authority(tmp_path_factory):
    outside = OutsideAuthority(tmp_path_factory.mktemp("tsa") / "keys", "openssl", unit_days=700)
    async with outside.serving():
        yield outside


async def send(here) -> str:
    """A letter on its way; the id of its delivery."""
    status, body = await submit_with_patience(here, signed_pdf(here), new_key(), to())
    assert status == 201
    return body["deliveries"][0]["id"]


async def evidence_of(here, delivery: str) -> list[dict]:
    path = f"/v1/deliveries/{delivery}/evidence"
    status, body = await ask_with_patience(here, AGENCY, "GET", path)
    assert status == 200
    return json.loads(body)["data"]


async def record_of(here, evidence: dict, *, stamps: int) -> EvidenceRecord:
    """The evidence's record, once it has so many timestamps."""
    async with asyncio.timeout(30):
        while True:
            status, body = await ask_with_patience(here, AGENCY, "GET", evidence["record"])
            if status == 200 and len((found := EvidenceRecord.parse(body)).stamps) >= stamps:
                return found
            assert status in (200, 409)
            await asyncio.sleep(0.1)


async def test_our_own_word_then_an_outsiders_and_a_stranger_believes(
    here, authority, tmp_path
) -> None:
    delivery = await send(here)
    await until_state(here, delivery, "consigned")
    first = (await evidence_of(here, delivery))[0]
    await record_of(here, first, stamps=1)
    assert (await evidence_of(here, delivery))[0]["provable_until"]
    code, said, _ = await run_tdh("audit", "renew", "--json", **here.environment)
    assert (code, json.loads(said)["own_word"] > 0) == (2, True), "the operator's word only"

    roots = tmp_path / "roots.pem"
    roots.write_bytes(made.pem(authority.root.certificate))
    here.supervisor.arm("TDH_ANCHOR__AUTHORITIES", f"openssl={authority.url}")
    here.supervisor.arm("TDH_ANCHOR__AUTHORITY_ROOTS", str(roots))
    await here.supervisor.restart("anchor")
    second = await send(here)
    await until_state(here, second, "consigned")
    await record_of(here, first, stamps=2)
    late = (await evidence_of(here, second))[0]
    await record_of(here, late, stamps=1)
    more = {
        "TDH_ANCHOR__AUTHORITIES": f"openssl={authority.url}",
        "TDH_ANCHOR__AUTHORITY_ROOTS": str(roots),
    }
    code, said, problem = await run_tdh("audit", "renew", "--json", **(here.environment | more))
    assert code == 0, problem
    assert json.loads(said)["own_word"] == 0

    folders = [tmp_path / "first", tmp_path / "second"]
    for one, folder in zip((delivery, second), folders, strict=True):
        async with asyncio.timeout(30):
            while not list(folder.glob("*-openssl.tsr")) or len(list(folder.glob("*.ers"))) < 2:
                code, _, problem = await tdh(here, AGENCY, "evidence", one, "-o", str(folder))
                assert code == 0, problem
    await judged_by_a_stranger(here, authority, tmp_path, folders)
    more["TDH_ANCHOR__DIGEST"] = "sha-512"
    code, said, problem = await run_tdh("audit", "renew", **(here.environment | more))
    assert code == 0, said + problem
    assert "hashed anew by SHA-512: a second chain" in said
    folders = [tmp_path / "first again", tmp_path / "second again"]
    for one, folder in zip((delivery, second), folders, strict=True):
        code, _, problem = await tdh(here, AGENCY, "evidence", one, "-o", str(folder))
        assert code == 0, problem
    await judged_by_a_stranger(here, authority, tmp_path, folders, chains=2)


async def judged_by_a_stranger(here, authority, tmp_path, folders, *, chains: int = 1) -> None:
    """Both verifiers, under a trust file that knows the authority; BouncyCastle, over records."""
    trust = TrustFile.parse(here.trust.read_bytes())
    file = tmp_path / "trust.json"
    outside = (authority.root.certificate,)
    file.write_bytes(replace(trust, outside_tsa_roots=outside).text())
    paths = sorted(path for folder in folders for path in folder.glob("*.xml"))
    words = ("verify", "--json", "--require-anchor", "--trust", str(file), *map(str, paths))
    code, said, problem = await run_tdh(*words, **here.environment)
    assert code == 0, said + problem
    checks = [one for told in json.loads(said)["files"] for one in told["checks"]]
    assert {one["result"] for one in checks if one["id"] == "anchor"} == {"pass"}
    roots = [*trust.tsa_roots, *outside]
    for path in paths:
        xml, record = path.read_bytes(), path.with_suffix(".ers").read_bytes()
        digest, now = hashlib.sha256(xml).digest(), datetime.now(UTC)
        found = verify_record(record, digest, roots, at=now, data=xml)
        assert len(EvidenceRecord.parse(record).chains) == chains
        assert found.stamps[-1].path[-1] == authority.root.certificate
    small = tdh_verify.read_trust(file.read_bytes(), datetime.now(UTC), require_anchor=True)
    for _, lines in tdh_verify.check_files(paths, small):
        assert tdh_verify.result(lines) == "valid", lines
    answers = await asyncio.to_thread(bouncy_castle, paths, tmp_path / f"java {chains}")
    assert answers == [f"valid {chains}"] * len(paths)


def bouncy_castle(paths: list[Path], folder: Path) -> list[str]:
    folders = []
    for number, path in enumerate(paths):
        one = folder / str(number)
        one.mkdir(parents=True)
        record = path.with_suffix(".ers").read_bytes()
        newest = EvidenceRecord.parse(record).stamps[-1]
        unit = open_signed_data(newest.token).signer
        (one / "data").write_bytes(path.read_bytes())
        (one / "record.ers").write_bytes(record)
        (one / "unit.der").write_bytes(unit.public_bytes(Encoding.DER))
        (one / "at").write_text(str(int(datetime.now(UTC).timestamp()) + 60))
        folders.append(str(one))
    done = subprocess.run(
        ["java", "-cp", JARS, str(JAVA), *folders],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()


async def test_letters_go_on_while_the_anchor_role_is_killed_and_outsiders_hang(
    here, authority
) -> None:
    async def hang(_query: bytes):
        await asyncio.sleep(3600)

    authority.behave = hang
    try:
        here.kill("anchor")
        delivery = await send(here)
        await until_state(here, delivery, "consigned", within=10)
        here.kill("anchor")
        evidence = (await evidence_of(here, delivery))[0]
        proof = await ask_with_patience(here, AGENCY, "GET", evidence["proof"])
        assert proof[0] in (200, 409)
    finally:
        authority.behave = authority.honest
    await here.supervisor.restart("anchor")
    await record_of(here, evidence, stamps=1)
