"""A responder that nobody here wrote: `openssl ocsp` answers our questions, and we its answers."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from relay.revocation.fetcher import Fetcher, NotFetched
from relay.revocation.guard import Allowed, Rules
from signing.judge.facts import Brought, NeedKind
from signing.judge.memfd import Memfd
from signing.judge.pool import JudgePool
from signing.judge.revocation_needs import needs_of
from signing.trust import TrustFolder
from tdh.domain.verdicts import RevocationStatus, Verdict
from tdh.local.ports import LOOPBACK, free_ports
from tests.pki import make
from tests.pki.revocation import HOUR, Web, make_list, make_responder, make_web

OPENSSL = shutil.which("openssl") or "openssl"


@pytest.fixture(scope="module")
def web() -> Web:
    return make_web(f"http://{LOOPBACK}:{free_ports(1)[0]}")


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def entry(certificate: x509.Certificate, revoked: str = "") -> str:
    """A line of OpenSSL's index: state, end, revocation, serial, file, subject."""
    state = "R" if revoked else "V"
    return f"{state}\t440101000000Z\t{revoked}\t{certificate.serial_number:02X}\tunknown\t/CN=x\n"


@asynccontextmanager
async def responder(web: Web, folder: Path, index: str) -> AsyncIterator[Fetcher]:
    """`openssl ocsp` with a delegated certificate, until the block ends."""
    port = int(web.base.rsplit(":", 1)[1])
    delegate = make_responder(web.issuing)
    key = delegate.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files = {
        "index": index.encode(),
        "issuing.pem": pem(web.issuing.certificate),
        "responder.pem": pem(delegate.certificate),
        "responder.key": key,
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    words = ["-index", "index", "-CA", "issuing.pem", "-rsigner", "responder.pem"]
    words += ["-rkey", "responder.key", "-port", str(port), "-nmin", "60", "-rmd", "sha256"]
    process = await asyncio.create_subprocess_exec(
        OPENSSL, "ocsp", *words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    rules = Rules(private=[Allowed.read(f"{LOOPBACK}:{port}")])
    try:
        async with asyncio.timeout(20):
            while not _listens(port):  # noqa: ASYNC110 - another program's state
                await asyncio.sleep(0.05)
        async with Fetcher(rules) as fetcher:
            yield fetcher
    finally:
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()


def _listens(port: int) -> bool:
    """By the kernel's table: a connection without a question would stop this responder."""
    tables = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
    lines = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    return any(line[1].endswith(f":{port:04X}") and line[3] == "0A" for line in lines)


class Asking:
    """Asks each time; keeps nothing."""

    def __init__(self, fetcher: Fetcher) -> None:
        self.fetcher = fetcher

    async def bring(self, needs, at):
        answers = {need: await self.fetcher.bring(need.url, need.request) for need in needs}
        return {
            need: Brought(kind=need.kind, data=data)
            for need, data in answers.items()
            if data is not None
        }

    async def learned(self, findings):
        pass

    async def useless(self, needs):
        pass


async def verdict(web: Web, fetcher: Fetcher, name: str = "answer") -> Verdict:
    now = datetime.now(UTC)
    root = make_list(web.root, this_update=now - HOUR, next_update=now + HOUR)
    trust = TrustFolder(anchors=web.trust.anchors, crls=(root,))
    document = make.sign_pdf(make.simple_pdf(), web.signers[name], signed_at=now)
    async with JudgePool(trust, revocation=Asking(fetcher), concurrency=1) as pool:
        with Memfd(document) as memory:
            memory.seal()
            return await pool.judge(memory.fd, memory.size, now)


async def test_openssl_answers_good(web: Web, tmp_path: Path) -> None:
    async with responder(web, tmp_path, entry(web.certificate("answer"))) as fetcher:
        found = await verdict(web, fetcher)
    assert found.accepted
    finding = found.signatures[0].revocation[0]
    assert (finding.status, finding.source) == (RevocationStatus.GOOD, "ocsp fetched")
    assert finding.this_update is not None
    assert finding.next_update is not None
    assert finding.next_update - finding.this_update == HOUR


async def test_openssl_answers_revoked(web: Web, tmp_path: Path) -> None:
    line = entry(web.certificate("answer"), revoked="260301000000Z,keyCompromise")
    async with responder(web, tmp_path, line) as fetcher:
        found = await verdict(web, fetcher)
    assert found.reason.code == "certificate-revoked"
    finding = found.signatures[0].revocation[0]
    assert finding.revoked_at == datetime(2026, 3, 1, tzinfo=UTC)
    assert finding.revocation_reason == "keyCompromise"


async def test_openssl_answers_on_hold(web: Web, tmp_path: Path) -> None:
    line = entry(web.certificate("answer"), revoked="260301000000Z,certificateHold")
    async with responder(web, tmp_path, line) as fetcher:
        assert (await verdict(web, fetcher)).reason.code == "certificate-suspended"


async def test_openssl_does_not_know_the_certificate(web: Web, tmp_path: Path) -> None:
    async with responder(web, tmp_path, entry(web.certificate("list"))) as fetcher:
        assert (await verdict(web, fetcher)).reason.code == "revocation-unknown"


async def test_our_question_is_the_one_that_openssl_asks(web: Web, tmp_path: Path) -> None:
    """Byte for byte: SHA-1 CertID, one certificate, no nonce, no other extension."""
    certificate = web.certificate("answer")
    (tmp_path / "issuer.pem").write_bytes(pem(web.issuing.certificate))
    (tmp_path / "certificate.pem").write_bytes(pem(certificate))
    words = ["-issuer", "issuer.pem", "-cert", "certificate.pem", "-no_nonce", "-reqout", "request"]
    await asyncio.to_thread(
        subprocess.run, [OPENSSL, "ocsp", *words], cwd=tmp_path, check=True, capture_output=True
    )
    der = serialization.Encoding.DER
    (need,) = needs_of(
        asn1.Certificate.load(certificate.public_bytes(der)),
        asn1.Certificate.load(web.issuing.certificate.public_bytes(der)),
    )
    assert need.kind is NeedKind.OCSP
    assert need.request == (tmp_path / "request").read_bytes()


async def test_a_responder_that_ended_is_named_so(web: Web, tmp_path: Path) -> None:
    async with responder(web, tmp_path, entry(web.certificate("answer"))) as fetcher:
        pass
    rules = Rules(private=[Allowed.read(web.base.removeprefix("http://"))])
    async with Fetcher(rules) as fetcher:
        with pytest.raises(NotFetched, match="no connection"):
            await fetcher.fetch(f"{web.base}/ocsp", b"\x30\x00")
