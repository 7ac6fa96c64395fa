"""Where fuzzing starts: small documents of every kind, good and faulty, made fresh."""

import functools
import hashlib
import re
from collections.abc import Iterable
from datetime import timedelta
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from signing import timestamps
from signing.evidence_document import write_evidence
from signing.judge.chain import material_of
from signing.judge.child import Bench, judge_document
from signing.judge.policy import Limits, Policy
from signing.judge.wire import answer_to_bytes
from signing.timestamps import TimestampAuthority
from signing.trust import load_trust
from tests import evidence_samples
from tests.pki import faults, make
from tests.proof_samples import Operator
from tests.vectors.pdf_registry import VECTORS, kit

CONTENT = b"content of a detached signature"
MOST_BYTES = 100_000
"""Fuzzing needs small seeds; the vectors that are bombs by size stay out."""
_RANGE = re.compile(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


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
    """Attached and detached, of one and of two signers, in DER and in PEM."""
    pki = make.shared_pki()
    made = []
    for signers in (("good",), ("good", "rsa")):
        builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT)
        for name in signers:
            signer = pki.signers[name]
            builder = builder.add_signer(signer.chain[0], signer.key, hashes.SHA256())
        for detached in ([], [pkcs7.PKCS7Options.DetachedSignature]):
            options = [pkcs7.PKCS7Options.Binary, *detached]
            made.extend(
                builder.sign(encoding, options)
                for encoding in (serialization.Encoding.DER, serialization.Encoding.PEM)
            )
    return tuple(made)


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


@functools.cache
def xmls() -> tuple[bytes, ...]:
    """Signed XML: our own evidence, and what the vectors have."""
    return evidence()


@functools.cache
def containers() -> tuple[bytes, ...]:
    """ZIP archives with and without signatures."""
    memory = BytesIO()
    with ZipFile(memory, "w", ZIP_STORED) as archive:
        archive.writestr("mimetype", "application/vnd.etsi.asic-e+zip")
        archive.writestr("a.txt", CONTENT)
        archive.writestr("META-INF/signatures001.xml", evidence()[0])
    return (memory.getvalue(),)


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
    return (
        operator.head(),
        *(one.entry for one in logged),
        *(operator.proof(one) for one in logged),
    )
