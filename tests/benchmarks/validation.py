"""What judging a signed PDF costs: fast lane, careful judge, and openssl over the same CMS.

    python -m tests.benchmarks.validation [--quick]

CPU time of all processes that take part (pool, parent program, children), one document at a time;
so the figures are validations a second and core. The floor is what no judge can do without: the
digest of the bytes and one verification a signature. A second table says what good letters notice
while every twentieth document is a hostile one that burns all that it may.
"""

import argparse
import asyncio
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from signing.certificates import pem
from signing.judge.memfd import Memfd
from signing.judge.policy import Limits
from signing.judge.pool import JudgePool
from signing.trust import load_trust
from tests.benchmarks import yardsticks
from tests.benchmarks.load import percentile
from tests.benchmarks.processes import Part, cpu_seconds
from tests.fast_and_careful import BothJudges
from tests.pki import faults, make

SIZES: Mapping[str, int] = {"20 KB": 12_000, "100 KB": 92_000, "5 MB": 5_000_000}
"""Of the file, and of the padding that makes a letter so large."""
LEVELS = ("B-B", "B-T", "B-LT")
WAYS = (
    "fast",
    "careful",
    "fast, in process",
    "careful, in process",
    "openssl cms -verify",
    "digest and verification",
)
RATE = 60.0
"""Good letters a second while hostile ones come too: what a careful judge does at best."""
HOSTILE_SHARE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A letter to be judged, and its parts for openssl."""

    size: str
    level: str
    data: bytes

    @property
    def message(self) -> bytes:
        _, digits = faults.gap(self.data)
        return cms.ContentInfo.load(bytes.fromhex(digits.decode())).dump()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    figures = measure(seconds=0.3 if parser.parse_args().quick else 1.5)
    sys.stdout.write(text_of(figures))
    return 0


def measure(seconds: float) -> dict:
    """Everything, in microseconds of CPU a document; about 60 times `seconds` in all."""
    documents = [_document(size, level) for size in SIZES for level in LEVELS]
    yards = [yardsticks.yard_seconds()]
    rows = asyncio.run(_measure_all(documents, seconds))
    yards.append(yardsticks.yard_seconds())
    return {
        "yard_us": 1e6 * sum(yards) / 2,
        "cpu_us": rows,
        "beside_hostile_documents": asyncio.run(_beside_hostile(max(4.0, seconds * 6))),
    }


def text_of(figures: Mapping) -> str:
    """Tables for people."""
    lines = [
        "",
        f"| validations a second and core (a yard: {figures['yard_us']:.0f} us) | "
        + " | ".join(WAYS)
        + " | careful : fast |",
        "| --- |" + " ---: |" * (len(WAYS) + 1),
    ]
    for name, row in figures["cpu_us"].items():
        rates = " | ".join(f"{1e6 / row[way]:,.0f}" for way in WAYS)
        lines.append(f"| {name} | {rates} | {row['careful'] / row['fast']:.1f} |")
    lines += [
        "",
        f"| good letters, {RATE:.0f} a second | finished | p50, ms | p99, ms |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, row in figures["beside_hostile_documents"].items():
        share = f"{100 * row['finished']:.0f} %"
        lines.append(f"| {name} | {share} | {row['p50_ms']:.1f} | {row['p99_ms']:.1f} |")
    return "\n".join([*lines, "", ""])


def _document(size: str, level: str) -> Document:
    pki = make.shared_pki()
    stamp = None if level == "B-B" else pki.timestamp(make.SIGNED_AT)
    data = make.sign_pdf(make.simple_pdf(size=SIZES[size]), pki.signers["good"], timestamp=stamp)
    if level == "B-LT":
        lists = tuple(make.revocation_lists(pki).values())
        data = faults.with_validation_data(
            data, certificates=[pki.issuing.certificate], lists=lists
        )
    return Document(size=size, level=level, data=data)


async def _measure_all(documents: Sequence[Document], seconds: float) -> dict:
    trust = load_trust([make.shared_pki().trust_folder])
    both, rows = BothJudges(trust), {}
    with tempfile.TemporaryDirectory() as name:
        async with JudgePool(trust) as fast, JudgePool(trust, fast=False) as careful:
            for document in documents:
                await asyncio.to_thread(both.learn, document.data)
                row = {
                    "fast": await _pooled(fast, document, seconds),
                    "careful": await _pooled(careful, document, seconds),
                    "fast, in process": await _in_process(
                        lambda data: both.fast(data) or both.careful(data), document, seconds
                    ),
                    "careful, in process": await _in_process(both.careful, document, seconds),
                    "openssl cms -verify": await asyncio.to_thread(
                        _openssl, document, Path(name), seconds
                    ),
                    "digest and verification": await asyncio.to_thread(_floor, document, seconds),
                }
                rows[f"{document.size} {document.level}"] = row
    return rows


async def _pooled(pool: JudgePool, document: Document, seconds: float) -> float:
    family = Part(roots=[os.getpid()])
    with Memfd(document.data) as memfd:
        memfd.seal()

        async def once() -> None:
            report = await pool.report(memfd.fd, memfd.size, make.JUDGED_AT)
            assert report.verdict.accepted

        return await _repeated(once, lambda: cpu_seconds(family), seconds)


async def _in_process(
    judge: Callable[[bytes], object], document: Document, seconds: float
) -> float:
    async def once() -> None:
        await asyncio.to_thread(judge, document.data)

    await once()
    runs, began, used = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - began < seconds:
        await asyncio.to_thread(_some, judge, document.data)
        runs += _SOME
    return 1e6 * (time.process_time() - used) / runs


_SOME = 5


def _some(judge: Callable[[bytes], object], data: bytes) -> None:
    for _ in range(_SOME):
        judge(data)


async def _repeated(
    once: Callable[[], Awaitable[None]], used_so_far: Callable[[], float], seconds: float
) -> float:
    """Microseconds of CPU a run, after two runs to warm up."""
    await once()
    await once()
    runs, used, began = 0, used_so_far(), time.perf_counter()
    while time.perf_counter() - began < seconds or not runs:
        await once()
        runs += 1
    return 1e6 * (used_so_far() - used) / runs


def _openssl(document: Document, folder: Path, seconds: float) -> float:
    """The command as a clerk would run it, its start included."""
    message, content, root = folder / "message", folder / "content", folder / "root.pem"
    message.write_bytes(document.message)
    content.write_bytes(faults.signed_part(document.data))
    root.write_bytes(pem(make.shared_pki().root.certificate))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(message)]
    command += ["-content", str(content), "-CAfile", str(root), "-purpose", "any"]
    command += ["-out", os.devnull]
    runs, began, used = 0, time.perf_counter(), _used_by_children()
    while time.perf_counter() - began < seconds or not runs:
        subprocess.run(command, check=True, capture_output=True)
        runs += 1
    return 1e6 * (_used_by_children() - used) / runs


def _used_by_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _floor(document: Document, seconds: float) -> float:
    """Digest of the signed bytes; verification of the signature, and of the timestamp's."""
    content = faults.signed_part(document.data)
    signed = cms.ContentInfo.load(document.message)["content"]
    unsigned = signed["signer_infos"][0]["unsigned_attrs"] or ()
    checks = [_check(signed), *(_check(item["values"][0]["content"]) for item in unsigned)]
    runs, began = 0, time.perf_counter()
    used = time.thread_time()
    while time.perf_counter() - began < seconds:
        hashlib.sha256(content).digest()
        for check in checks:
            check()
        runs += 1
    return 1e6 * (time.thread_time() - used) / runs


def _check(signed: cms.SignedData) -> Callable[[], None]:
    info = signed["signer_infos"][0]
    serial = info["sid"].chosen["serial_number"].native
    chosen = [choice.chosen for choice in signed["certificates"]]
    der = next(one for one in chosen if one.serial_number == serial).dump()
    key = x509.load_der_x509_certificate(der).public_key()
    signature, content = info["signature"].native, info["signed_attrs"].untag().dump()
    digest = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}[
        info["digest_algorithm"]["algorithm"].native
    ]
    if isinstance(key, rsa.RSAPublicKey):
        return lambda: key.verify(signature, content, padding.PKCS1v15(), digest)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return lambda: key.verify(signature, content, ec.ECDSA(digest))


# --- beside hostile documents ---------------------------------------------------------------------


def hostile_document() -> bytes:
    """So many annotations, all of which must be looked at, that ten seconds do not suffice."""
    count = 100_000
    kids = b" ".join(b"%d 0 R" % (number + 4) for number in range(count))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        make.PAGE[:-2] + b"/Annots [" + kids + b"] >>",
    ]
    objects += [b"<< /Type /Annot /A << /S /URI /URI (a) /Next 3 0 R >> >>"] * count
    return make.sign_pdf(make.assemble(objects), make.shared_pki().signers["good"])


async def _beside_hostile(seconds: float) -> dict:
    trust = load_trust([make.shared_pki().trust_folder])
    letter, hostile = _document("100 KB", "B-B").data, hostile_document()
    found = {}
    for name, fast, with_hostile in (
        ("fast lane, none hostile", True, False),
        ("fast lane, 1 in 20 hostile", True, True),
        ("careful only, none hostile", False, False),
        ("careful only, 1 in 20 hostile", False, True),
    ):
        async with JudgePool(trust, fast=fast, limits=Limits()) as pool:
            found[name] = await _stream(pool, letter, hostile if with_hostile else None, seconds)
    return found


async def _stream(
    pool: JudgePool, letter: bytes, hostile: bytes | None, seconds: float
) -> dict[str, float]:
    """Documents at a fixed rate; how long the good ones took, of those that came back in time."""
    durations: list[float] = []
    tasks: list[asyncio.Task[None]] = []
    with Memfd(letter) as good, Memfd(hostile or b"-") as bad:
        good.seal()
        bad.seal()
        await pool.report(good.fd, good.size, make.JUDGED_AT)

        async def one(memfd: Memfd) -> None:
            began = time.perf_counter()
            report = await pool.report(memfd.fd, memfd.size, make.JUDGED_AT)
            if memfd is good:
                assert report.verdict.accepted
                durations.append(time.perf_counter() - began)

        count, began = int(seconds * RATE), time.perf_counter()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            is_bad = hostile is not None and number % HOSTILE_SHARE == HOSTILE_SHARE - 1
            tasks.append(asyncio.create_task(one(bad if is_bad else good)))
        await asyncio.sleep(2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    expected = count - (count // HOSTILE_SHARE if hostile is not None else 0)
    return {
        "finished": len(durations) / expected,
        "p50_ms": 1e3 * percentile(durations, 50),
        "p99_ms": 1e3 * percentile(durations, 99),
    }


if __name__ == "__main__":
    sys.exit(main())
