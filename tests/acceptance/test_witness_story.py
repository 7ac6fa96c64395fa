"""Two outside witnesses, the real programs, beside a whole service: what a stranger then believes.

One is known by its Ed25519 key, the other by its ML-DSA-44 key. In the end the operator, with all
of its keys, shows one of them another history.
"""

import asyncio
import hashlib
import json
from pathlib import Path

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from witness_program import WitnessProgram

from relay.witnesses import request_body
from signing.checkpoint import Checkpoint, NoteSigner, sign, split_note
from signing.trust_file import TrustFile
from tests.installation import AGENCY, ORIGIN
from tests.stories import new_key, run_tdh, signed_pdf, submit_with_patience, tdh, to, until_state

SETTINGS = {"TDH_ANCHOR__SECONDS": "0.3"}


@pytest.fixture(scope="module")
async def witnesses(here, tmp_path_factory):
    """Both run; the service knows where they are."""
    logs = [log.vkey for log in TrustFile.parse(here.trust.read_bytes()).logs]
    folders = [tmp_path_factory.mktemp(name) for name in ("a", "b")]
    with (
        WitnessProgram(folders[0], logs, name="a.example/witness") as first,
        WitnessProgram(folders[1], logs, name="b.example/witness") as second,
    ):
        first.start()
        second.start()
        keys = (first.signers[0].vkey, second.signers[1].vkey)
        places = (f"{keys[0]} {first.url}", f"{keys[1]} {second.url}/")
        here.supervisor.arm("TDH_ANCHOR__WITNESSES", ",".join(places))
        await here.supervisor.restart("anchor")
        yield first, second


def policy(path: Path, *, wanted: int, keys: list[str]) -> Path:
    """The file of a stranger who wants so many of these witnesses."""
    lines = [f"witness w{number} {vkey}" for number, vkey in enumerate(keys)]
    names = " ".join(f"w{number}" for number in range(len(keys)))
    rule = [f"group enough {wanted} {names}", "quorum enough"]
    path.write_text("".join(f"{line}\n" for line in [*lines, *rule]))
    return path


def evidence_in(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.glob("*.xml"))]


async def verified(here, policy: Path, folder: Path) -> tuple[int, set[str]]:
    """Exit code of `tdh verify` for all evidence in a folder, and what it says of the anchors."""
    words = ("--json", "--trust", str(here.trust), "--witness-policy", str(policy))
    code, said, problem = await run_tdh("verify", *words, *evidence_in(folder))
    assert said, problem
    checks = [one for told in json.loads(said)["files"] for one in told["checks"]]
    return code, {one["result"] for one in checks if one["id"] == "anchor"}


async def letter(here) -> str:
    """A letter on its way; the id of its delivery."""
    status, body = await submit_with_patience(here, signed_pdf(here), new_key(), to())
    assert status == 201
    delivery = body["deliveries"][0]["id"]
    await until_state(here, delivery, "consigned")
    return delivery


async def test_who_trusts_the_witnesses_need_not_trust_the_operator(
    here, witnesses, tmp_path
) -> None:
    keys = [witnesses[0].signers[0].vkey, witnesses[1].signers[1].vkey]
    both = policy(tmp_path / "both", wanted=2, keys=keys)
    delivery = await letter(here)
    async with asyncio.timeout(40):
        while True:
            code, _, problem = await tdh(here, AGENCY, "evidence", delivery, "-o", str(tmp_path))
            assert code == 0, problem
            if await verified(here, both, tmp_path) == (0, {"pass"}):
                break
            await asyncio.sleep(0.1)
    # A third one, which never saw this log.
    other = WitnessProgram(made(tmp_path / "other"), [], name="c.example/witness").signers[0]
    three = policy(tmp_path / "three", wanted=3, keys=[*keys, other.vkey])
    code, anchors = await verified(here, three, tmp_path)
    assert (code, "pass" in anchors) == (2, False)


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def test_an_operator_with_all_its_keys_cannot_show_a_witness_another_history(
    here, witnesses
) -> None:
    await letter(here)
    witness = witnesses[0]
    key = load_pem_private_key((here.config.sealer.keys / "log-key.pem").read_bytes(), None)
    log = NoteSigner(name=ORIGIN, private_key=key)
    path = f"{witness.url}/{hashlib.sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(path) as answer:
                if answer.status == 404:  # it was not asked yet
                    await asyncio.sleep(0.1)
                    continue
                held = Checkpoint.parse(split_note(await answer.read())[0])
            forged = Checkpoint(origin=ORIGIN, size=held.size, root=bytes(32))
            body = request_body(held.size, (), sign(forged, log))
            async with http.post(witness.url + "/add-checkpoint", data=body) as answer:
                if answer.status != 409:  # the honest log may have grown in between
                    break
        assert answer.status == 422
        async with http.get(witness.url + "/health") as answer:
            (told,) = (await answer.json())["logs"]
    assert told["two_histories"]
