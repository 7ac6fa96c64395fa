"""The sealer with its seal in a PKCS#11 token (SoftHSM), and with an RSA key: sealed, or refused.

What the token sealed is judged by xmlsec1. Where the token fails, nothing is sealed: neither an
answer nor a line in the ledger.
"""

import asyncio
import hashlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from evidence_samples import facts
from sealer_program import SealerProgram, now

from signing import certificates as made
from signing import checkpoint, merkle
from signing.durable import write_new
from signing.seal_check import verify_seal
from signing.sealer import ledger
from signing.timestamps import verify_token
from tdh.domain.errors import SealingUnavailable

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "271828"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"


@dataclass
class Token:
    """A SoftHSM of its own, with a token `tdh` in it."""

    folder: Path
    store: Path = field(init=False)
    pin: Path = field(init=False)

    def __post_init__(self) -> None:
        self.store, self.pin = self.folder / "tokens", self.folder / "pin"
        self.store.mkdir(parents=True)
        write_new(self.pin, f"{PIN}\n".encode())
        words = ["--init-token", "--free", "--label", "tdh", "--pin", PIN, "--so-pin", "161803"]
        self.settings.write_text(f"directories.tokendir = {self.store}\nlog.level = ERROR\n")
        self.run(*words)

    @property
    def settings(self) -> Path:
        return self.folder / "softhsm2.conf"

    def run(self, *words: str) -> None:
        subprocess.run(
            ["softhsm2-util", *words],
            env={"SOFTHSM2_CONF": str(self.settings)},
            check=True,
            capture_output=True,
        )

    def take(self, key: made.PrivateKey, label: str, number: str) -> None:
        """Put a key into the token."""
        file = self.folder / f"{label}.pem"
        write_new(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self.run("--import", str(file), "--token", "tdh", "--label", label, "--id", number,
                 "--pin", PIN)  # fmt: skip
        file.unlink()

    def flags(self, label: str = "seal", **changes: object) -> dict[str, object]:
        """The sealer's arguments for a seal in this token."""
        return {
            "seal-key": f"pkcs11:token=tdh;object={label};type=private",
            "pkcs11-module": MODULE,
            "pkcs11-pin-file": self.pin,
        } | changes


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Token:
    made_token = Token(tmp_path / "hsm")
    monkeypatch.setenv("SOFTHSM2_CONF", str(made_token.settings))
    return made_token


@pytest.fixture
def program(tmp_path: Path) -> Iterator[SealerProgram]:
    with SealerProgram(tmp_path) as one:
        yield one


def certificate_for(
    key: made.PrivateKey,
    file: Path,
    use: made.LeafUse = made.LeafUse.SIGN_DOCUMENTS,
    days: float = 400,
) -> x509.Certificate:
    """Write a certificate of the key; gives the root above it."""
    validity = made.Validity(
        not_before=now() - timedelta(days=1), not_after=now() + timedelta(days=days)
    )
    long = made.Validity(
        not_before=now() - timedelta(days=1), not_after=now() + timedelta(days=4000)
    )
    root = made.make_root(
        subject=made.Subject(common_name="Token Root"),
        key=made.new_p256_key(),
        serial=1,
        validity=long,
    )
    leaf = made.make_leaf(
        issuer=root,
        subject=made.Subject(common_name="Token Seal"),
        public_key=key.public_key(),
        serial=2,
        validity=validity,
        use=use,
    )
    file.write_bytes(made.pem(leaf))
    return root.certificate


def xmlsec1(xml: bytes, root: x509.Certificate, folder: Path) -> int:
    (folder / "evidence.xml").write_bytes(xml)
    (folder / "root.pem").write_bytes(made.pem(root))
    return subprocess.run(
        ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem",
         folder / "root.pem", "--id-attr:Id", SIGNED_PROPERTIES, folder / "evidence.xml"],
        capture_output=True,
        check=False,
    ).returncode  # fmt: skip


async def sealed_by(program: SealerProgram, number: int = 1) -> bytes:
    client = program.client()
    try:
        (item,) = await client.seal([facts(number, time=now())], now())
    finally:
        await client.close()
    return item.xml


@pytest.mark.parametrize("kind", ["P-256", "RSA-3072"])
async def test_a_seal_in_a_token_is_a_seal_like_any_other(token, program, tmp_path, kind) -> None:
    key = made.new_p256_key() if kind == "P-256" else made.new_rsa_key(3072)
    token.take(key, "seal", "01")
    certificate = tmp_path / "seal.pem"
    root = certificate_for(key, certificate)
    program.start(**token.flags(), seal_certificate=certificate)

    xml = await sealed_by(program)

    assert verify_seal(xml, [root]).holds
    assert xmlsec1(xml, root, tmp_path) == 0
    changed = xml.replace("กรม".encode(), "กรน".encode(), 1)
    assert xmlsec1(changed, root, tmp_path) != 0


async def test_an_rsa_key_in_a_file_seals(program, tmp_path) -> None:
    key = made.new_rsa_key(3072)
    write_new(
        tmp_path / "rsa-key.pem",
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    root = certificate_for(key, tmp_path / "rsa.pem")
    program.start(seal_key=tmp_path / "rsa-key.pem", seal_certificate=tmp_path / "rsa.pem")

    xml = await sealed_by(program)

    assert verify_seal(xml, [root]).holds
    assert xmlsec1(xml, root, tmp_path) == 0


async def test_the_timestamping_unit_may_lie_in_the_token_too(token, program, tmp_path) -> None:
    seal, unit = made.new_p256_key(), made.new_rsa_key(3072)
    token.take(seal, "seal", "01")
    token.take(unit, "unit", "02")
    certificate_for(seal, tmp_path / "seal.pem")
    root = certificate_for(unit, tmp_path / "unit.pem", made.LeafUse.TIMESTAMP)
    uri = "pkcs11:token=tdh;id=%02"
    files = {"seal-certificate": tmp_path / "seal.pem", "tsa-certificate": tmp_path / "unit.pem"}
    program.start(**token.flags(), **files, **{"tsa-key": uri})
    client = program.client()

    head = await client.sign_head(1, merkle.leaf_hash(b"a"), (), now())
    await client.close()

    digest = hashlib.sha256(head.note).digest()
    assert verify_token(head.token, digest, [root]).time


async def test_a_token_that_is_gone_seals_nothing_until_it_is_back(
    token, program, tmp_path
) -> None:
    key = made.new_p256_key()
    token.take(key, "seal", "01")
    root = certificate_for(key, tmp_path / "seal.pem")
    flags = token.flags() | {"seal-certificate": tmp_path / "seal.pem"}
    program.start(**flags)
    client = program.client()
    await client.seal([facts(1, time=now())], now())
    away = token.store.rename(token.store.with_name("away"))
    token.store.mkdir()

    with pytest.raises(SealingUnavailable, match="key-gone: the token does not sign"):
        await client.seal([facts(2, time=now()), facts(3, time=now())], now())

    assert program.wait() == 66  # its supervisor starts it again
    assert "no token" in program.run(**flags).stderr
    token.store.rmdir()
    away.rename(token.store)
    program.start(**flags)
    (item,) = await client.seal([facts(4, time=now())], now())
    await client.close()
    assert verify_seal(item.xml, [root]).holds
    lines = list(ledger.read(program.state / "ledger"))
    assert [line.pseudonym for line in lines] == [facts(1).pseudonym, facts(4).pseudonym]


def test_a_wrong_pin_is_tried_once_until_its_file_changes(token, program, tmp_path) -> None:
    key = made.new_p256_key()
    token.take(key, "seal", "01")
    certificate_for(key, tmp_path / "seal.pem")
    flags = token.flags() | {"seal-certificate": tmp_path / "seal.pem"}
    token.pin.write_text("314159")

    first, second = program.run(**flags), program.run(**flags)

    assert (first.returncode, second.returncode) == (66, 66)
    assert "refuses this PIN" in first.stderr
    assert "not tried again" in second.stderr
    token.pin.write_text(PIN)
    program.start(**flags)
    assert not (program.state / "pin-refused").exists()
    program.end()
    token.pin.chmod(0o644)
    assert "others than its owner" in program.run(**flags).stderr


def test_what_does_not_fit_is_refused_at_the_start(token, program, tmp_path) -> None:
    key = made.new_p256_key()
    token.take(key, "seal", "01")
    token.take(made.new_p256_key(), "another", "02")
    certificate = tmp_path / "seal.pem"
    certificate_for(key, certificate)
    for change, problem in (
        ({"seal-key": "pkcs11:token=tdh;object=none"}, "no such private key"),
        ({"seal-key": "pkcs11:token=other;object=seal"}, "no token token=other is there"),
        ({"seal-key": "pkcs11:token=tdh;object=another"}, "not that of the certificate"),
        ({"seal-key": "pkcs11:object=seal"}, "names no token"),
        ({"seal-key": "pkcs11:token=tdh"}, "names no object"),
        ({"seal-key": "pkcs11:token=tdh;object=seal?pin-value=1"}, "nothing behind ?"),
        ({"seal-key": "pkcs11:token=tdh;slot-id=1;object=seal"}, "'slot-id' is unknown"),
        ({"seal-key": "pkcs11:token=tdh;type=public;object=seal"}, "type is always private"),
        ({"pkcs11-module": tmp_path / "none.so"}, "none.so"),
        ({"pkcs11-pin-file": tmp_path / "none"}, "cannot be read as a PIN"),
    ):
        found = program.run(**token.flags() | {"seal-certificate": certificate} | change)
        assert found.returncode == 66, found.stderr
        assert problem in found.stderr
    without = {k: v for k, v in token.flags().items() if k == "seal-key"}
    assert "needs --pkcs11-module" in program.run(**without, seal_certificate=certificate).stderr


def test_kinds_of_keys_that_do_not_seal_are_named(token, program, tmp_path) -> None:
    for number, curve in ((1, ec.SECP384R1()), (2, ec.SECP521R1())):
        key = ec.generate_private_key(curve)
        file = tmp_path / f"key-{number}.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_new(file, pem)
        certificate_for(key, tmp_path / "seal.pem")
        name = {1: "P-384", 2: "P-521"}[number]
        found = program.run(seal_key=file, seal_certificate=tmp_path / "seal.pem")
        assert f"not with {name}" in found.stderr
        found = program.run(**token.flags(), seal_certificate=tmp_path / "seal.pem")
        assert f"P-256 or RSA, not {name}" in found.stderr


def test_a_certificate_close_to_its_end_is_told_at_the_start(program, tmp_path) -> None:
    key = made.new_p256_key()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_new(tmp_path / "key.pem", pem)
    certificate_for(key, tmp_path / "seal.pem", days=12.5)
    program.start(seal_key=tmp_path / "key.pem", seal_certificate=tmp_path / "seal.pem")
    assert program.process is not None
    program.end()
    assert "WARNING: the seal certificate ends in 12 days" in program.first_line


async def test_heads_are_signed_by_both_keys_while_one_takes_over(program, tmp_path) -> None:
    """Whoever knows one key only verifies the head; the token is over both lines."""
    other = SealerProgram(tmp_path / "other")
    words = [*program.command(), f"--log-key={other.keys.files.log_key}"]
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    try:
        assert process.stderr is not None
        assert b"ready" in await process.stderr.readline()
        client = program.client()
        head = await client.sign_head(1, merkle.leaf_hash(b"a"), (), now())
        identity = await client.hello()
        await client.close()
    finally:
        process.terminate()
        await process.wait()
    assert identity.more_vkeys == (other.keys.vkey,)
    for vkey in (program.keys.vkey, other.keys.vkey):
        verifier = checkpoint.NoteVerifier.parse(vkey)
        assert checkpoint.open_note(head.note, [verifier])[0].size == 1
    assert checkpoint.without_cosignatures(head.note) == head.note
