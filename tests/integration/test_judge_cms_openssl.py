"""OpenSSL beside the judge: what it writes is judged right, and it accepts what we accept."""

import subprocess
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from signing.certificates import pem
from signing.judge.codes import Code
from tdh.domain.verdicts import SignatureKind, SignatureLevel
from tests.pki import make
from tests.unit.test_judge_cms import DRESSES, code_of, judged
from tests.vectors import cms, cms_signers, containers
from tests.vectors.cms import CONTENT
from tests.vectors.cms_writing import Recipe, signed


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


def openssl(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=folder
    )


@pytest.fixture
def folder(pki: make.Pki, tmp_path: Path) -> Path:
    """The content, and key and certificates of two signers."""
    (tmp_path / "content").write_bytes(CONTENT)
    for name in ("good", "rsa"):
        signer = pki.signers[name]
        key = signer.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        (tmp_path / f"{name}.key").write_bytes(key)
        (tmp_path / f"{name}.pem").write_bytes(pem(signer.chain[0]))
    (tmp_path / "issuing.pem").write_bytes(pem(pki.issuing.certificate))
    return tmp_path


def signer(name: str) -> tuple[str, ...]:
    return ("-signer", f"{name}.pem", "-inkey", f"{name}.key")


ATTACHED = ("-nodetach",)
WRITTEN = {
    "attached": (*signer("good"), *ATTACHED),
    "attached, in pieces": (*signer("good"), *ATTACHED, "-stream", "-indef"),
    "detached": signer("good"),
    "CAdES": (*signer("good"), "-cades", *ATTACHED),
    "CAdES, RSA, SHA-512": (*signer("rsa"), "-cades", "-md", "sha512", *ATTACHED),
    "PSS": (*signer("rsa"), "-keyopt", "rsa_padding_mode:pss", *ATTACHED),
    "key identifier": (*signer("rsa"), "-keyid", *ATTACHED),
    "two signers": (*signer("good"), *signer("rsa"), *ATTACHED),
    "PEM": (*signer("good"), *ATTACHED, "-outform", "PEM"),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_what_openssl_signs_is_judged_right(folder: Path, how: str) -> None:
    words = WRITTEN[how]
    form = () if "-outform" in words else ("-outform", "DER")
    made = openssl(
        *("cms", "-sign", "-binary", "-in", "content", "-out", "signed", "-certfile"),
        *("issuing.pem", *words, *form),
        folder=folder,
    )
    assert made.returncode == 0, made.stderr
    data = (folder / "signed").read_bytes()
    result = judged(data, CONTENT if how == "detached" else None)
    assert code_of(result) is Code.SIGNATURE_VALID, result.seen
    assert len(result.verdict.signatures) == (2 if how == "two signers" else 1)
    level = SignatureLevel.B_B if "CAdES" in how else None
    assert result.verdict.signatures[0].level is level


def verified(folder: Path, data: bytes, *more: str) -> subprocess.CompletedProcess[str]:
    (folder / "message").write_bytes(data)
    root = make.shared_pki().trust_folder / "root.pem"
    return openssl(
        *("cms", "-verify", "-binary", "-in", "message", "-CAfile", root, "-purpose", "any"),
        *("-certfile", "issuing.pem", "-out", "out", *more),
        folder=folder,
    )


OURS: dict[str, tuple[str, Recipe]] = {
    "ECDSA": ("good", Recipe()),
    "RSA": ("rsa", Recipe()),
    "PSS": ("rsa", Recipe(pss=True, digest="sha384")),
    "brainpool": ("brainpoolP256r1", Recipe()),
    "P-521": ("p521", Recipe(digest="sha512")),
}


@pytest.mark.parametrize("how", OURS)
def test_openssl_accepts_what_we_accept(pki: make.Pki, folder: Path, how: str) -> None:
    name, recipe = OURS[how]
    by = {**pki.signers, **cms_signers.unusual(pki)}[name]
    data = signed(CONTENT, by, recipe=recipe)
    assert code_of(judged(data)) is Code.SIGNATURE_VALID
    found = verified(folder, data, "-inform", "DER", "-cades")
    assert found.returncode == 0, found.stderr
    assert (folder / "out").read_bytes() == CONTENT


@pytest.mark.parametrize("dress", ["BER", "PEM"])
def test_openssl_reads_the_same_out_of_every_dress(folder: Path, dress: str) -> None:
    data = DRESSES[dress](cms.kit().good)
    form = "PEM" if dress == "PEM" else "DER"
    found = verified(folder, data, "-inform", form)
    assert found.returncode == 0, found.stderr
    assert (folder / "out").read_bytes() == CONTENT


CHANGED: Sequence[str] = ("content-altered", "signature-altered", "second-signer-of-other-content")


@pytest.mark.parametrize("name", CHANGED)
def test_openssl_refuses_what_was_changed_too(folder: Path, name: str) -> None:
    data = cms.VECTORS[name].make(cms.kit())
    assert verified(folder, data, "-inform", "DER").returncode != 0


TSA = """
[tsa]
serial = {folder}/serial
signer_cert = {folder}/unit.pem
signer_key = {folder}/unit.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def test_a_timestamp_that_openssl_made_is_judged_right(pki: make.Pki, folder: Path) -> None:
    unit = pki.timestamper
    key = unit.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (folder / "unit.key").write_bytes(key)
    (folder / "unit.pem").write_bytes(pem(unit.chain[0]))
    (folder / "serial").write_text("01\n", encoding="ascii")
    (folder / "tsa.cnf").write_text(TSA.format(folder=folder), encoding="ascii")
    section = ("-config", "tsa.cnf", "-section", "tsa")
    for words in (
        ("ts", "-query", "-data", "content", "-sha512", "-cert", "-out", "query"),
        ("ts", "-reply", *section, "-queryfile", "query", "-out", "reply.tsr"),
        ("ts", "-reply", "-in", "reply.tsr", "-token_out", "-out", "token.tst"),
    ):
        made = openssl(*words, folder=folder)
        assert made.returncode == 0, made.stderr
    now = datetime.now(UTC) + timedelta(seconds=1)
    for name in ("reply.tsr", "token.tst"):
        result = judged((folder / name).read_bytes(), CONTENT, at=now)
        assert code_of(result) is Code.TIMESTAMP_VALID, result.seen
        assert result.verdict.kind is SignatureKind.TIMESTAMP


def test_other_programs_read_our_containers_alike() -> None:
    for name, data in containers.good(containers.kit()).items():
        with zipfile.ZipFile(BytesIO(data)) as archive:
            assert archive.testzip() is None, name
            assert archive.namelist()[0] == "mimetype"


def test_openssl_verifies_the_signature_of_a_container(folder: Path) -> None:
    contents = containers.cades(make.shared_pki().signers["good"])
    (folder / "manifest").write_bytes(contents[containers.MANIFEST])
    words = ("-inform", "DER", "-content", "manifest", "-cades")
    found = verified(folder, contents[containers.P7S], *words)
    assert found.returncode == 0, found.stderr


def test_openssl_verifies_the_timestamp_of_a_container(pki: make.Pki, folder: Path) -> None:
    contents = containers.stamped(pki.timestamp(make.SIGNED_AT))
    (folder / "manifest").write_bytes(contents[containers.MANIFEST])
    (folder / "token").write_bytes(contents[containers.TST])
    found = openssl(
        *("ts", "-verify", "-data", "manifest", "-in", "token", "-token_in"),
        *("-CAfile", pki.trust_folder / "root.pem"),
        folder=folder,
    )
    assert found.returncode == 0, found.stderr
