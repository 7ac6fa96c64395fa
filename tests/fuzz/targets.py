"""What is fuzzed: each decoder that hostile bytes reach, and what must hold for every input.

A target gives bytes to a decoder and raises `Broken`, or lets escape what should not: the judge
answers every document with a verdict and never accepts by accident, a parser gives a value or its
own error. Seeds are good and faulty documents of the generators.
"""

import asyncio
import functools
import hashlib
import logging
import math
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from relay import sntp
from signing import checkpoint, cms, evidence_reader, log_entry, timestamps, tlog_proof, trust_list
from signing.archive.verification import verify_record
from signing.bundle.manifest import read_manifest
from signing.cosignature import CosignatureVerifier, cosigned_line
from signing.errors import ProofError
from signing.judge import wire
from signing.judge.careful import judge
from signing.judge.chain import material_of
from signing.judge.codes import Code
from signing.judge.facts import Brought, NeedKind
from signing.judge.fast.locate import locate
from signing.judge.judgement import Inputs, Judgement
from signing.judge.kinds import Kind, kind_of
from signing.judge.policy import Policy, RevocationMode
from signing.judge.reasons import ANSWERS
from signing.judge.warm import load as warm_up
from signing.receipt import wire as receipt_wire
from signing.receipt.statement import Statement
from signing.seal_check import Outcome
from signing.sealer import frames
from signing.sealer.errors import FrameError
from signing.service_keys import KeyPeriods
from signing.standalone import tdh_verify as small
from signing.timestamp_messages import granted_token
from signing.trust import load_trust
from signing.trust_file import TrustFile
from signing.verify.alone import check_head, check_proof, check_record_alone, check_token
from signing.verify.beside import token_in
from signing.verify.bundle import check_bundle
from signing.verify.evidence import Beside, examine
from signing.verify.receipt import check_receipt
from signing.verify.report import CheckId, FileReport
from signing.verify.report import Kind as FileKind
from signing.verify.terms import Terms
from signing.verify.trust_update import read_publication
from signing.witness_policy import WitnessPolicy
from tdh.domain.verdicts import SubIndication
from tdh.witness.errors import Refused
from tdh.witness.rules import KnownLogs, read_request
from tests import witness_samples
from tests.fuzz import seeds
from tests.pki import make
from tests.proof_samples import AT


class Broken(AssertionError):
    """What must hold for every input did not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One decoder."""

    name: str
    about: str
    run: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    most_bytes: int = 128 * 1024


@functools.cache
def _inputs() -> Inputs:
    warm_up()
    logging.disable(logging.CRITICAL)
    trust = load_trust([make.shared_pki().trust_folder])
    return Inputs(
        material=material_of(trust),
        trust_version=trust.version,
        policy=Policy(revocation=RevocationMode.IF_PRESENT),
        at=make.JUDGED_AT,
    )


def _judge(document: bytes, inputs: Inputs) -> Judgement:
    judgement = asyncio.run(judge(document, inputs))
    code = judgement.verdict.reason.code
    if code == Code.UNEXPECTED:
        raise Broken(judgement.seen)
    return judgement


def _document(kind: Kind) -> Callable[[bytes], None]:
    """Judge bytes of one kind. Accepted is only what somebody signed: the seeds' signers."""

    def run(data: bytes) -> None:
        if kind_of(data) is kind:
            content = seeds.CONTENT if kind is Kind.CMS else None
            judgement = _judge(data, replace(_inputs(), content=content))
            if judgement.verdict.accepted and kind is Kind.PDF and not seeds.is_signed(data):
                raise Broken("accepted what nobody signed")

    return run


SEEN_BY_THE_TRUSTED_HALF = frozenset(
    {
        *(Code.CONTENTS_EMPTY, Code.CONTENTS_DAMAGED, Code.BYTE_RANGE_GAP, Code.SEVERAL_SIGNERS),
        *(Code.CONTENT_NOT_DETACHED, Code.SIGNED_ATTRIBUTES, Code.SIGNED_ATTRIBUTE_REPEATED),
        *(Code.SIGNING_CERTIFICATE_ATTRIBUTE, Code.TOO_MANY_CERTIFICATES),
    }
)
"""Faults of form inside the message, which a locator does not read."""


def _locate(data: bytes) -> None:
    """What the fast path's reader understands has no fault of form for the careful judge."""
    if locate(data) is None:
        return
    code = _judge(data, _inputs()).verdict.reason.code
    form = ANSWERS[Code(code)].sub_indication is SubIndication.FORMAT_FAILURE
    if form and code not in SEEN_BY_THE_TRUSTED_HALF:
        raise Broken(f"understood by the fast path, {code} to the careful judge")


def _parses(*parsers: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """Each parser gives a value or its own error."""

    def run(data: bytes) -> None:
        for parser in parsers:
            try:
                parser(data)
            except ProofError:
                continue

    return run


def _all(*runs: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Each of them."""

    def run(data: bytes) -> None:
        for one in runs:
            one(data)

    return run


def _child_answer(data: bytes) -> None:
    """What a taken-over child may write: a report, or the error that the pool expects."""
    try:
        wire.answer_from_bytes(data)
    except ValueError:
        return


def _revocation(data: bytes) -> None:
    """What a hostile server may answer: it must not hurt, and never make a letter invalid."""
    letter = seeds.signed_without_lists()
    inputs = _inputs()
    trust = load_trust([make.shared_pki().trust_without_lists])
    kind = NeedKind.CRL if len(data) % 2 else NeedKind.OCSP
    material = material_of(trust).with_fetched([Brought(kind=kind, data=data)])
    plain = Inputs(
        material=material,
        trust_version=trust.version,
        policy=inputs.policy,
        at=make.JUDGED_AT,
    )
    judgement = _judge(letter, plain)
    if not judgement.verdict.accepted and data not in set(seeds.revocation()):
        raise Broken(f"a stranger's bytes made it {judgement.verdict.reason.code}")


def _token(data: bytes) -> None:
    root = make.shared_pki().root.certificate
    try:
        timestamps.verify_token(data, hashlib.sha256(seeds.CONTENT).digest(), [root])
    except ProofError:
        return


def _verified(data: bytes) -> None:
    """Nothing beside an evidence stops the verifier, and no other proof makes it valid."""
    known = seeds.verified()
    beside = Beside(proof=data, proof_name="p", tokens=[data], record=data, envelope=data)
    for line in examine(known.xml, beside, known.terms).lines:
        if line.id is CheckId.INCLUSION and line.outcome is Outcome.PASS:
            _same_place(data, known.proof)
    beside = replace(beside, proof=known.proof)
    if all(
        line.outcome is not Outcome.PASS for line in examine(known.xml, beside, known.terms).lines
    ):
        raise Broken("bytes beside a good proof left nothing of it")
    alone, _ = check_proof(data, [data], known.terms)
    if all(line.outcome is Outcome.PASS or not line.needed for line in alone):
        _same_place(data, known.proof)
    check_head(data, [data], known.terms)
    check_token(token_in(data), (), "x", known.terms)
    check_record_alone(data, known.xml, "x", known.terms)


def _same_place(data: bytes, good: bytes) -> None:
    one, other = tlog_proof.TlogProof.parse(data), tlog_proof.TlogProof.parse(good)
    if (one.index, one.hashes) != (other.index, other.hashes):
        raise Broken("another proof was believed")


def _small(data: bytes) -> None:
    """The verifier of one file says of hostile bytes what the other one says, and ends."""
    known = seeds.verified()
    trust = small.read_trust(known.terms.trust.text(), known.terms.at)
    for mine, theirs in (
        (Beside(proof=data, proof_name="p"), small.Beside(proof=data)),
        (
            Beside(proof=known.proof, proof_name="p", tokens=[data], record=data, envelope=data),
            small.Beside(known.proof, [data], data, data),
        ),
    ):
        found = FileReport(
            file="x", kind=FileKind.EVIDENCE, checks=examine(known.xml, mine, known.terms).lines
        )
        lines, _ = small.check_evidence(known.xml, theirs, trust)
        if small.result(lines) != found.result.value:
            raise Broken(f"{small.result(lines)} is {found.result.value} to the other")
    small.check_evidence(data, small.Beside(known.proof), trust)
    small.check_proof(data, [data], trust)


def _bundle(data: bytes) -> None:
    """Both verifiers agree, and nothing but the seeds is a bundle of that operator."""
    operator = seeds.bundling()
    with tempfile.NamedTemporaryFile(dir="/dev/shm", suffix=".asice") as file:
        file.write(data)
        file.flush()
        lines = check_bundle(Path(file.name), Terms(trust=operator.trust, at=AT))
        taken = small.read_trust(operator.trust.text(), AT)
        found = small.result(small.check_bundle(Path(file.name), taken))
    whole = FileReport(file="x", kind=FileKind.BUNDLE, checks=lines).result.value
    if whole != found:
        raise Broken(f"{found} is {whole} to the other")
    if whole == "valid" and data not in seeds.bundles():
        raise Broken("a bundle that nobody sealed")


def _receipt(data: bytes) -> None:
    """Nothing but the seeds is a receipt of that operator."""
    terms = Terms(trust=seeds.printing().trust, at=AT + timedelta(minutes=1))
    lines = check_receipt(data, terms)
    whole = FileReport(file="x", kind=FileKind.RECEIPT, checks=lines).result.value
    if whole == "valid" and data not in seeds.receipts():
        raise Broken("a receipt that nobody sealed")


def _receipt_words(data: bytes) -> None:
    """What comes over the receipt maker's socket."""
    _said_again(data, receipt_wire.decode_request, receipt_wire.encode_request)
    _said_again(data, receipt_wire.decode_answer, receipt_wire.encode_answer)


def _detached(data: bytes) -> object:
    return cms.open_detached(data, seeds.manifests_and_seals()[0])


def _record(data: bytes) -> None:
    """A record is verified or refused; what is verified was stamped by the seeds' authority."""
    content = seeds.RECORDED
    roots = [seeds.archive_authority().certificate]
    try:
        found = verify_record(data, hashlib.sha256(content).digest(), roots, data=content)
    except ProofError:
        return
    if not {one.serial for one in found.stamps} <= seeds.serials_of_records():
        raise Broken("a timestamp that nobody made verifies")


def _frames(data: bytes) -> None:
    """What comes over the sealer's socket."""
    _said_again(data, frames.decode_request, frames.encode_request)
    _said_again(data, frames.decode_answer, frames.encode_answer)


def _said_again(
    data: bytes, read: Callable[[bytes], object], write: Callable[[Any], bytes]
) -> None:
    """What is read is said again in the same way, whoever wrote it; or it is refused."""
    try:
        found = read(data)
    except FrameError:
        return
    if read(write(found)) != found:
        raise Broken("read and written, it is another one")


def _time(data: bytes) -> None:
    """An answer that is heard gives a sample whose numbers are numbers, or none."""
    if not sntp.answers(data, seeds.COOKIE):
        return
    try:
        found = sntp.read_answer(data, server=seeds.SERVER, sent=0.0, taken=0.1)
    except sntp.NoTime:
        return
    if not (math.isfinite(found.offset) and 0 <= found.error <= sntp.MOST_ROOT_SECONDS + 0.05):
        raise Broken(found)


def _witness(data: bytes) -> None:
    """A witness refuses, or takes a head that the log signed: the seeds' heads and no other."""
    logs = KnownLogs.of([witness_samples.LOG.vkey])
    try:
        head = read_request(data, logs).head
    except Refused:
        return
    if head.size > len(seeds.TOLD.entries) or head != seeds.TOLD.head(head.size):
        raise Broken("a head that nobody signed")


def _answered(data: bytes) -> None:
    """What a witness answers is its line over this head, or an error."""
    verifier = witness_samples.CLASSIC.verifier
    try:
        line, _ = cosigned_line(seeds.TOLD.note(11), data, verifier)
    except ProofError:
        return
    if line not in seeds.witness_texts():
        raise Broken("a line that nobody wrote")


def _vkey(data: bytes) -> object:
    return CosignatureVerifier.parse(data.decode("latin-1"))


def _about_keys(data: bytes) -> None:
    """An operation of the log, taken for one about the service's keys."""
    entry = log_entry.parse_operation_entry(data)
    periods = KeyPeriods()
    periods.add(0, entry)
    list(periods.lines())


TARGETS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(name="pdf", about="PDF", run=_document(Kind.PDF), seeds=seeds.pdfs),
        Target(
            name="locate",
            about="the fast path's reader of PDF",
            run=_locate,
            seeds=seeds.pdfs,
        ),
        Target(name="cms", about="CAdES, DER and BER", run=_document(Kind.CMS), seeds=seeds.cms),
        Target(
            name="timestamp",
            about="timestamp replies",
            run=_document(Kind.TIMESTAMP_REPLY),
            seeds=seeds.replies,
        ),
        Target(name="xml", about="XAdES", run=_document(Kind.XML), seeds=seeds.xmls),
        Target(
            name="container", about="ASiC", run=_document(Kind.CONTAINER), seeds=seeds.containers
        ),
        Target(
            name="revocation",
            about="lists and OCSP answers that were fetched",
            run=_revocation,
            seeds=seeds.revocation,
        ),
        Target(
            name="answer",
            about="what a judge's child writes",
            run=_child_answer,
            seeds=seeds.answers,
            most_bytes=16 * 1024,
        ),
        Target(
            name="token",
            about="timestamp tokens, by the verifier of evidence",
            run=_token,
            seeds=seeds.tokens,
            most_bytes=16 * 1024,
        ),
        Target(
            name="record",
            about="evidence records of the archive",
            run=_record,
            seeds=seeds.evidence_records,
            most_bytes=32 * 1024,
        ),
        Target(
            name="der",
            about="the strict reader: requests, replies, tokens",
            run=_parses(timestamps.parse_request, granted_token, cms.open_signed_data),
            seeds=seeds.der,
            most_bytes=16 * 1024,
        ),
        Target(
            name="frames",
            about="what comes over the sealer's socket, either way",
            run=_frames,
            seeds=seeds.frames,
            most_bytes=16 * 1024,
        ),
        Target(
            name="time",
            about="what time servers answer",
            run=_time,
            seeds=seeds.times,
            most_bytes=128,
        ),
        Target(
            name="evidence",
            about="evidence XML that somebody hands in",
            run=_parses(evidence_reader.read_evidence),
            seeds=seeds.evidence,
        ),
        Target(
            name="verify",
            about="what lies beside an evidence, by the verifier; trust files",
            run=_all(_verified, _parses(TrustFile.parse)),
            seeds=seeds.beside_evidence,
            most_bytes=16 * 1024,
        ),
        Target(
            name="small",
            about="the same by the verifier of one file",
            run=_small,
            seeds=seeds.beside_evidence,
            most_bytes=16 * 1024,
        ),
        Target(
            name="bundle",
            about="bundles, by both verifiers; their manifests and seals",
            run=_all(_bundle, _parses(read_manifest, _detached)),
            seeds=lambda: (*seeds.bundles(), *seeds.manifests_and_seals()),
            most_bytes=96 * 1024,
        ),
        Target(
            name="receipt",
            about="receipts (PDF), by the verifier",
            run=_receipt,
            seeds=seeds.receipts,
        ),
        Target(
            name="receipt-words",
            about="what comes over the receipt maker's socket, either way; receipt.json",
            run=_all(_receipt_words, _parses(Statement.parse)),
            seeds=seeds.receipt_words,
            most_bytes=16 * 1024,
        ),
        Target(
            name="witness",
            about="heads that are sent to a witness",
            run=_witness,
            seeds=seeds.witness_requests,
            most_bytes=16 * 1024,
        ),
        Target(
            name="cosignature",
            about="a witness's answers; policies and keys of witnesses",
            run=_all(_answered, _parses(WitnessPolicy.parse, _vkey)),
            seeds=seeds.witness_texts,
            most_bytes=16 * 1024,
        ),
        Target(
            name="notes",
            about="checkpoints, proofs, log entries and what they say of keys, trust lists",
            run=_parses(
                checkpoint.split_note,
                tlog_proof.TlogProof.parse,
                log_entry.parse_entry,
                trust_list.TrustList.parse,
                checkpoint.Checkpoint.parse,
                read_publication,
                _about_keys,
            ),
            seeds=seeds.notes,
            most_bytes=16 * 1024,
        ),
    )
}
