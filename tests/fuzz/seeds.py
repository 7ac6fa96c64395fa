"""Where fuzzing starts: small documents of every kind, good and faulty, made fresh."""

import atexit
import functools
import hashlib
import importlib
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from relay import sntp
from signing import timestamps
from signing.bundle import contents
from signing.bundle.manifest import ManifestEntry
from signing.evidence_document import write_evidence
from signing.judge.chain import material_of
from signing.judge.child import Bench, judge_document
from signing.judge.policy import Limits, Policy
from signing.judge.wire import answer_to_bytes
from signing.receipt import wire
from signing.receipt.messages import (
    BundleSealed,
    MakeReceipt,
    Material,
    ReceiptMade,
    SealBundle,
)
from signing.sealer.frames import encode_answer, encode_request
from signing.sealer.messages import (
    Hello,
    LastHead,
    Ping,
    Pong,
    SealFacts,
    SignHead,
    Stamp,
    Stamped,
    StampRefused,
)
from signing.service_keys import compromised, in_service, key_of_certificates, retired
from signing.timestamps import TimestampAuthority
from signing.trust import load_trust
from signing.tst_info import write_imprint
from signing.verify.terms import Terms
from signing.verify.trust_update import publication_entry
from tdh.domain.service_keys import Compromise, KeyUse, Retirement
from tests import archive_samples, bundle_samples, evidence_samples, witness_samples
from tests.pki import faults, make
from tests.proof_samples import AT, NOW, Operator
from tests.receipt_samples import Printer, printer
from tests.vectors import cms as cms_vectors
from tests.vectors import cms_writing, xml_registry
from tests.vectors import containers as container_vectors
from tests.vectors.cms_writing import Recipe
from tests.vectors.pdf_registry import VECTORS, kit

CONTENT = cms_vectors.CONTENT
for _family in ("xml_markup", "xml_wrapping", "xml_wrong"):
    importlib.import_module(f"tests.vectors.{_family}")
for _family in ("forgery", "saving", "wrapping", "shadow", "certified", "structure", "content"):
    importlib.import_module(f"tests.vectors.pdf_{_family}")
for _family in ("hybrid", "long_term"):
    importlib.import_module(f"tests.vectors.pdf_{_family}")
MOST_BYTES = 100_000
"""Fuzzing needs small seeds; the vectors that are bombs by size stay out."""
_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSeeds:
    """What the verifier of evidence is tried with."""

    terms: Terms
    xml: bytes
    proof: bytes
    others: tuple[bytes, ...]


@functools.cache
def pdfs() -> tuple[bytes, ...]:
    """Letters of every level, and every faulty PDF of the vectors."""
    pki = make.shared_pki()
    stamp = pki.timestamp(make.SIGNED_AT)
    plain = make.sign_pdf(make.simple_pdf(), pki.signers["good"])
    stamped = make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)
    lists = tuple(make.revocation_lists(pki).values())
    stored = faults.with_validation_data(
        stamped, certificates=[pki.issuing.certificate], lists=lists
    )
    archived = faults.with_document_timestamp(stored, pki.timestamp(make.JUDGED_AT))
    good = (plain, stamped, stored, archived)
    return (*good, *_small(vector.make(kit()) for vector in VECTORS.values()))


def _small(documents: Iterable[bytes]) -> tuple[bytes, ...]:
    return tuple(document for document in documents if len(document) <= MOST_BYTES)


@functools.cache
def _signed_parts() -> frozenset[bytes]:
    return frozenset(part for document in pdfs() for part in _parts(document))


def _parts(document: bytes) -> Iterable[bytes]:
    for match in _RANGE.finditer(document):
        length, second, rest = (int(group) for group in match.groups())
        covered = document[:length] + document[second : second + rest]
        yield hashlib.sha256(covered).digest()


def is_signed(document: bytes) -> bool:
    """Whether some byte range of the PDF covers what a byte range of a seed covers."""
    return any(part in _signed_parts() for part in _parts(document))


@functools.cache
def signed_without_lists() -> bytes:
    """A letter that passes without any revocation data."""
    return make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"])


@functools.cache
def cms() -> tuple[bytes, ...]:
    """Good messages in every dress, and every faulty one of the vectors."""
    kit = cms_vectors.kit()
    good = cms_writing.signed(CONTENT, kit.signer)
    stamp = kit.pki.timestamp(make.SIGNED_AT)
    stamped = cms_writing.signed(CONTENT, kit.signer, recipe=Recipe(timestamp=stamp))
    dressed = (
        good,
        stamped,
        cms_writing.archived(stamped, CONTENT, kit.pki.timestamp(make.JUDGED_AT)),
        cms_writing.in_ber(good),
        cms_writing.armored(good),
        cms_writing.without_content_info(good),
        cms_writing.signed(CONTENT, kit.signer, detached=True),
    )
    return (*dressed, *_small(vector.make(kit) for vector in cms_vectors.VECTORS.values()))


@functools.cache
def _authority() -> TimestampAuthority:
    unit = make.shared_pki().timestamper
    return TimestampAuthority(
        key=unit.key, chain=unit.chain, policy_oid="1.2.3.4", accuracy=timedelta(seconds=1)
    )


@functools.cache
def tokens() -> tuple[bytes, ...]:
    """Tokens over the content."""
    digest = hashlib.sha256(CONTENT).digest()
    return tuple(
        _authority().stamp(digest, serial=serial, gen_time=make.SIGNED_AT) for serial in (1, 2**64)
    )


RECORDED = archive_samples.data(1)


@functools.cache
def archive_authority() -> archive_samples.Authority:
    """Who stamped the seeds' records."""
    return archive_samples.Authority()


@functools.cache
def evidence_records() -> tuple[bytes, ...]:
    """Records over `RECORDED`: as made, renewed, and in a second chain."""
    authority, then = archive_authority(), archive_samples.NOW + archive_samples.YEAR
    plain = archive_samples.records(3, authority)
    again = archive_samples.renewed_together(plain, authority, then)
    rehashed = archive_samples.rehashed(again, authority, then)
    return tuple(some[1].encode() for some in (plain, again, rehashed))


def serials_of_records() -> set[int]:
    """Serial numbers of the timestamps in these records."""
    evidence_records()
    return archive_authority().issued


@functools.cache
def replies() -> tuple[bytes, ...]:
    """What an authority answers: granted, and refused."""
    refusal = timestamps.refusal(timestamps.FailureInfo.BAD_ALGORITHM, "no")
    return (*(timestamps.reply(token) for token in tokens()), refusal)


@functools.cache
def der() -> tuple[bytes, ...]:
    """Requests, replies, tokens."""
    request = timestamps.build_request(hashlib.sha256(CONTENT).digest(), 7)
    return (request, *replies(), *tokens())


COOKIE, SERVER = 0x0123_4567_89AB_CDEF, sntp.TimeServer(host="127.0.0.1")


@functools.cache
def times() -> tuple[bytes, ...]:
    """A time server's answer, and one that asks to be left alone."""
    now, cookie = (2**31 + 5 << 32).to_bytes(8), COOKIE.to_bytes(8)
    rest = bytes(8) + b"GPS\0" + now + cookie + now + now
    return bytes((0x24, 1, 6, 0xEC)) + rest, bytes((0xE4, 0, 6, 0)) + rest


@functools.cache
def frames() -> tuple[bytes, ...]:
    """Requests to the sealer and what it says."""
    now, imprint = make.SIGNED_AT, write_imprint(bytes(32))
    stamp = Stamp(clock=now, imprint=imprint, policy="1.2.3", nonce=-7, cert_req=True)
    head = SignHead(clock=now, size=1, root=bytes(32), consistency=(bytes(32),))
    seal = SealFacts(clock=now, facts=(evidence_samples.facts(),))
    refused = StampRefused(failure=timestamps.FailureInfo.TIME_NOT_AVAILABLE, problem="no")
    return (
        *map(encode_request, (Hello(), Ping(clock=now), LastHead(), stamp, head, seal)),
        *map(encode_answer, (Pong(), Stamped(token=tokens()[0]), refused)),
    )


@functools.cache
def printing() -> Printer:
    """An operator with a receipt key."""
    return printer()


@functools.cache
def receipts() -> tuple[bytes, ...]:
    """A receipt, and one of an event that went wrong."""
    operator = printing().operator
    logged = operator.delivery(1, "SubmissionAcceptance ContentConsignment", "basic")
    return tuple(printing().receipt(one) for one in logged)


@functools.cache
def receipt_words() -> tuple[bytes, ...]:
    """What is said to the receipt maker, and what stands in receipts."""
    entry = ManifestEntry(uri="a.txt", media_type="text/plain", sha256=bytes(32))
    material = Material(xml=b"x", proof=b"y", tokens=(), record=None, envelope=b"{}")
    asked = (MakeReceipt(material=material, edition=1), SealBundle(entries=(entry,)))
    said = (ReceiptMade(pdf=b"%PDF"), BundleSealed(manifest=b"<", seal=b"0"))
    return (*map(wire.encode_request, asked), *map(wire.encode_answer, said))


@functools.cache
def xmls() -> tuple[bytes, ...]:
    """Signed XML: our own evidence, and what the vectors have."""
    pki = make.shared_pki()
    good = (xml_registry.good(pki), xml_registry.named(pki), xml_registry.enveloping(pki))
    faulty = (maker(pki) for maker, _ in xml_registry.FAULTS.values())
    return (*evidence(), *good, *_small(faulty))


@functools.cache
def containers() -> tuple[bytes, ...]:
    """Containers of every sort, good and faulty."""
    kit = container_vectors.kit()
    good = (*container_vectors.good(kit).values(), *container_vectors.stamps_only(kit).values())
    return (*good, *_small(vector.make(kit) for vector in container_vectors.VECTORS.values()))


@functools.cache
def revocation() -> tuple[bytes, ...]:
    """Lists of both authorities."""
    return tuple(make.revocation_lists(make.shared_pki()).values())


@functools.cache
def evidence() -> tuple[bytes, ...]:
    """Sealed evidence: an acceptance and a rejection."""
    keys = evidence_samples.sealing_keys()
    return tuple(
        keys.seal.seal(write_evidence(facts, keys.issuer), signing_time=facts.time)
        for facts in (evidence_samples.facts(), evidence_samples.rejection())
    )


@functools.cache
def answers() -> tuple[bytes, ...]:
    """What children write: a letter that passed, one that did not, and one that is unsigned."""
    trust = load_trust([make.shared_pki().trust_folder])
    bench = Bench(material=material_of(trust), trust_version="", policy=Policy(), limits=Limits())
    documents = (pdfs()[1], faults.altered_byte(pdfs()[0]), make.simple_pdf())
    return tuple(
        answer_to_bytes(judge_document(bench, document, make.JUDGED_AT)) for document in documents
    )


@functools.cache
def notes() -> tuple[bytes, ...]:
    """Heads, proofs, entries of a small log."""
    operator = Operator()
    logged = operator.delivery(
        1, "SubmissionAcceptance ContentConsignment ContentHandover", "basic"
    )
    seal = key_of_certificates(KeyUse.SEAL, operator.keys.seal.certificates)
    ends = Retirement(use=KeyUse.SEAL, key=seal.key, at=NOW)
    lost = Compromise(key=seal.key, since=NOW, reason="lost")
    return (
        operator.head(),
        in_service(seal, NOW),
        retired(ends, NOW),
        compromised(lost, NOW),
        publication_entry(1, b"{}", NOW),
        *(one.entry for one in logged),
        *(operator.proof(one) for one in logged),
    )


TOLD = witness_samples.History.of(40)
"""The one history that the log of these seeds has signed."""


def witness_requests() -> tuple[bytes, ...]:
    """Bodies of add-checkpoint."""
    return tuple(TOLD.request(old, size) for old, size in ((0, 0), (0, 1), (6, 11), (13, 40)))


def witness_texts() -> tuple[bytes, ...]:
    """A policy of witnesses, verifier keys, and an answer."""
    log, classic, quantum = witness_samples.LOG, witness_samples.CLASSIC, witness_samples.QUANTUM
    policy = f"log {log.vkey}\nwitness a {classic.vkey}\ngroup g any a\nquorum g\n"
    line = classic.signature_line(TOLD.head(11).text(), make.JUDGED_AT)
    return (policy.encode(), classic.vkey.encode(), quantum.vkey.encode(), line)


@functools.cache
def verified() -> VerifiedSeeds:
    """One evidence of an operator whose heads outsiders vouch for."""
    operator = Operator()
    one, *_ = operator.delivery(1, "SubmissionAcceptance ContentConsignment", "basic")
    return VerifiedSeeds(
        terms=Terms(trust=operator.outsiders(1), at=AT),
        xml=one.xml,
        proof=operator.proof(one, operator.cosigned(1, 2)),
        others=(
            operator.cosigned(1),
            operator.token(operator.head()),
            operator.outside.token(operator.head()),
            operator.outside.record(one.xml, AT).encode(),
            operator.outsiders(2).text(),
        ),
    )


def beside_evidence() -> tuple[bytes, ...]:
    """All that may lie beside an evidence, and a trust file."""
    return (verified().proof, *verified().others)


@functools.cache
def bundling() -> bundle_samples.BundlingOperator:
    """An operator whose keys lie in a folder that is gone with this process."""
    folder = tempfile.TemporaryDirectory(prefix="tdh-fuzz-")
    atexit.register(folder.cleanup)
    return bundle_samples.BundlingOperator(Path(folder.name))


@functools.cache
def bundles() -> tuple[bytes, ...]:
    """One whole bundle, one of evidence only."""
    operator = bundling()
    return tuple(
        bundle_samples.written(operator.container(operator.contents(documents=documents)))
        for documents in (True, False)
    )


@functools.cache
def manifests_and_seals() -> tuple[bytes, ...]:
    """What a bundle's seal is over, and the seal."""
    members = contents.members_of(bundling().contents())
    return bundling().seal([each.manifest for each in members])
