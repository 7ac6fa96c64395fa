"""OpenSSL agrees: it verifies what we sign, follows our chains, reads our revocation lists."""

import subprocess
from pathlib import Path

import pytest

from signing.certificates import pem
from signing.pades import DocumentNotSigned
from tests.pki import faults, make


@pytest.fixture(scope="session")
def pki() -> make.Pki:
    return make.shared_pki()


def openssl(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("signer", ["good", "rsa"])
@pytest.mark.parametrize("pades", [True, False])
def test_openssl_verifies_our_signatures(
    pki: make.Pki, tmp_path: Path, signer: str, *, pades: bool
) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers[signer], pades_profile=pades)
    verified = cms_verify(pki, document, tmp_path, cades=pades)
    assert verified.returncode == 0, verified.stderr


def test_openssl_refuses_what_was_changed(pki: make.Pki, tmp_path: Path) -> None:
    document = make.sign_pdf(make.simple_pdf(), pki.signers["good"])
    refused = cms_verify(pki, faults.altered_byte(document), tmp_path, cades=True)
    assert refused.returncode != 0


def cms_verify(
    pki: make.Pki, document: bytes, folder: Path, *, cades: bool
) -> subprocess.CompletedProcess[str]:
    _, contents = faults.gap(document)
    (folder / "signature.der").write_bytes(bytes.fromhex(contents.decode()).rstrip(b"\0"))
    (folder / "content").write_bytes(faults.signed_part(document))
    return openssl(
        *("cms", "-verify", "-binary", "-inform", "DER", "-in", folder / "signature.der"),
        *("-content", folder / "content", "-CAfile", pki.trust_folder / "root.pem"),
        *("-purpose", "any", "-out", "/dev/null"),
        *(["-cades"] if cades else []),
    )


@pytest.mark.parametrize(("signer", "said"), [("good", ": OK"), ("revoked", "certificate revoked")])
def test_openssl_reads_our_chain_and_our_lists(
    pki: make.Pki, tmp_path: Path, signer: str, said: str
) -> None:
    (tmp_path / "leaf.pem").write_bytes(pem(pki.signers[signer].chain[0]))
    lists = tmp_path / "lists.pem"
    lists.write_text("", encoding="ascii")
    for name in ("root.crl", "issuing.crl"):
        converted = openssl("crl", "-inform", "DER", "-in", pki.trust_folder / name)
        lists.write_text(lists.read_text(encoding="ascii") + converted.stdout, encoding="ascii")
    checked = openssl(
        *("verify", "-CAfile", pki.trust_folder / "root.pem", "-CRLfile", lists),
        *("-untrusted", pki.trust_folder / "intermediates" / "issuing.pem"),
        *("-crl_check_all", "-x509_strict", tmp_path / "leaf.pem"),
    )
    assert said in checked.stdout + checked.stderr


def test_what_is_no_pdf_cannot_be_signed(pki: make.Pki) -> None:
    with pytest.raises(DocumentNotSigned):
        make.sign_pdf(b"no PDF", pki.signers["good"])


async def test_signing_works_inside_a_running_loop(pki: make.Pki) -> None:
    assert make.sign_pdf(make.simple_pdf(), pki.signers["good"]).startswith(b"%PDF-")
