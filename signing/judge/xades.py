"""Judges signatures in XML: XAdES enveloped, enveloping and detached, alone or in a container.

EN 319 102-1, 5.3, over XML Signature 1.1 and EN 319 132-1. The order: form, properties, coverage,
certificate, digests, value, timestamps, chain. One signature that is refused leaves the others to
be judged. Pure: bytes, material, policy and time in, values out; nothing is ever fetched.
"""

from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

from asn1crypto import x509
from lxml import etree

from signing.judge.chain import ChainFinding, Question, judge_chain
from signing.judge.cms_checks import worse
from signing.judge.codes import Code, NoteCode, Refused
from signing.judge.disguise import check_no_pdf
from signing.judge.judgement import Inputs, JudgedSignature, Judgement, answer, judged, whole
from signing.judge.signer import signer_of
from signing.judge.signer_rules import after_the_fact, check_key_usage
from signing.judge.tokens import Moment
from signing.judge.xades_properties import Properties, bound_certificate, left_out, read_properties
from signing.judge.xades_times import (
    Kept,
    Stamped,
    Times,
    archive_times,
    content_times,
    signature_times,
    validation_data,
)
from signing.judge.xml_algorithms import algorithm_findings
from signing.judge.xml_c14n import Effort
from signing.judge.xml_certificates import ASN1_TROUBLE, certificates_in
from signing.judge.xml_coverage import check_coverage, signatures_in
from signing.judge.xml_reader import XmlDocument, read_xml
from signing.judge.xml_signature import (
    Resolve,
    Sources,
    XmlSignature,
    check_references,
    check_value,
    read_signature,
)
from tdh.domain.verdicts import SignatureKind, SignatureLevel

MAX_NAME = 80
"""Characters of an identifier that a verdict repeats."""


async def judge_xml(data: bytes, inputs: Inputs) -> Judgement:
    """Judge an XML document. Raises Refused where it cannot be read at all.

    What a single reference leads to outside the document is `inputs.content`.
    """
    if b"Signature" not in data and b"\0" not in data:
        return answer(inputs, Code.NO_SIGNATURE, kind=None)  # however odd the rest may be
    document = read_xml(data)
    check_no_pdf(data)
    found = _read_all(document, inputs)
    if not found:
        return answer(inputs, Code.NO_SIGNATURE, kind=None)
    names = {name for item in found for name in item.covers}
    readable = all(item.refusal is None for item in found)
    if inputs.content is not None and not names and readable:
        raise Refused(Code.XML_PART_UNSIGNED, "what came along with the document")
    alone = len(names) == 1
    context = _context(document, lambda _: inputs.content if alone else None, inputs)
    results = [await _judge(item, context) for item in found]
    judgement = whole(inputs, [one for one, _ in results], kind=SignatureKind.XADES)
    return replace(judgement, seen="; ".join(seen for _, seen in results if seen))


async def judge_xades(
    xml: bytes, resolve: Resolve, inputs: Inputs, *, prefix: str = ""
) -> list[JudgedSignature]:
    """Judge the signatures of a container's signature file. Raises Refused where it is no XML.

    `resolve`: the name of a file, percent-decoded, to its bytes; None where there is no such file.
    Each signature's `covers` has these names. `prefix` goes before the signatures' own names.
    """
    document = read_xml(xml)
    context = _context(document, resolve, inputs)
    found = _read_all(document, inputs)
    results = [await _judge(replace(item, name=prefix + item.name), context) for item in found]
    return [one for one, _ in results]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """One ds:Signature: read, or why it cannot be."""

    name: str
    signature: XmlSignature | None = None
    refusal: Refused | None = None
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Context:
    sources: Sources
    inputs: Inputs


def _context(document: XmlDocument, resolve: Resolve, inputs: Inputs) -> _Context:
    sources = Sources(
        document=document, resolve=lambda uri: resolve(file_name(uri)), effort=Effort()
    )
    return _Context(sources=sources, inputs=inputs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sound:
    """A signature whose form holds, with whose it says to be."""

    signature: XmlSignature
    properties: Properties | None
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
    kept: Kept
    code: Code | None
    """What its digests and its value say."""


def file_name(uri: str) -> str:
    """The name that a reference's URI gives, percent-decoded (RFC 3986, 2.1). Raises Refused."""
    if "#" in uri:
        raise Refused(Code.XML_REFERENCE, f"a part of another file: {uri[:200]}")
    try:
        return unquote_to_bytes(uri).decode("utf-8")
    except UnicodeDecodeError as problem:
        raise Refused(Code.XML_REFERENCE, uri[:200]) from problem


def _read_all(document: XmlDocument, inputs: Inputs) -> list[_Found]:
    elements = signatures_in(document)
    if len(elements) > inputs.policy.max_signatures:
        raise Refused(Code.TOO_MANY_SIGNATURES, str(len(elements)))
    return [_read(element, number) for number, element in enumerate(elements, 1)]


def _read(element: etree._Element, number: int) -> _Found:
    name = (element.get("Id") or f"signature-{number}")[:MAX_NAME]
    try:
        signature = read_signature(element)
        outside = [item.uri or "" for item in signature.references if item.is_outside]
        names = tuple(dict.fromkeys(map(file_name, outside)))
    except Refused as refusal:
        return _Found(name=name, refusal=refusal)
    return _Found(name=name, signature=signature, covers=names)


async def _judge(found: _Found, context: _Context) -> tuple[JudgedSignature, str]:
    """One signature's judgement, and for the log what made a clause fail."""
    try:
        if found.signature is None:
            raise found.refusal or Refused(Code.XML_SIGNATURE_STRUCTURE)
        sound = _check(found.signature, context)
        return await _judge_signer(found, sound, context), ""
    except Refused as refusal:
        return judged(found.name, refusal.code, covers=found.covers), str(refusal)
    except ASN1_TROUBLE as problem:
        return judged(found.name, Code.CONTENTS_DAMAGED, covers=found.covers), repr(problem)


def _check(signature: XmlSignature, context: _Context) -> _Sound:
    """Form, coverage, certificate, digests and value. Raises Refused for a broken clause."""
    document, policy = context.sources.document, context.inputs.policy
    properties = read_properties(document, signature)
    if properties is None and not policy.allow_plain_xmldsig:
        raise Refused(Code.NOT_XADES)
    check_coverage(document, signature, None if properties is None else properties.holder)
    certificates = certificates_in(signature.key_info, policy.max_certificates)
    kept = Kept() if properties is None else validation_data(properties)
    candidates = (*certificates, *kept.certificates)
    if not candidates:
        raise Refused(Code.SIGNING_CERTIFICATE_MISSING, "no certificate at all")
    certificate = candidates[0]
    if properties is not None:
        certificate = bound_certificate(properties.certificate, candidates)
    code = worse(
        check_references(context.sources, signature),
        check_value(context.sources, signature, certificate),
    )
    return _Sound(
        signature=signature,
        properties=properties,
        certificate=certificate,
        others=tuple(item for item in candidates if item is not certificate),
        kept=kept,
        code=code,
    )


async def _judge_signer(found: _Found, sound: _Sound, context: _Context) -> JudgedSignature:
    """Times, chain and use of the key, then the verdict."""
    inputs, properties = context.inputs, sound.properties
    stamped = None
    if properties is not None:
        stamped = Stamped(sources=context.sources, signature=sound.signature, properties=properties)
    material = inputs.material.plus(certificates=sound.others).with_data(sound.kept.revocation)
    moment = Moment(material=material, policy=inputs.policy, at=inputs.at)
    code, chain = sound.code, ChainFinding()
    later = own = started = Times()
    if stamped is not None and code is None:
        later = await archive_times(stamped, moment)
        own = await signature_times(stamped, moment, later.earliest)
        started = await content_times(stamped, moment)
    proven = min((*own.proven, *later.proven), default=None)
    if code is None:
        question = Question(
            certificate=sound.certificate,
            material=moment.material,
            policy=inputs.policy,
            at=inputs.at,
        )
        chain = await judge_chain(question, proven)
        code = chain.code or check_key_usage(sound.certificate)
        code = after_the_fact(code, sound.certificate, chain.revoked_at, started.latest)
    chains = (chain, *moment.units)
    notes = [note for note in NoteCode if any(note in item.notes for item in chains)]
    if own.uncounted + later.uncounted + started.uncounted:
        notes.append(NoteCode.TIMESTAMP_NOT_COUNTED)
    if properties is not None:
        notes.extend(left_out(properties))
    return judged(
        found.name,
        code or Code.SIGNATURE_VALID,
        signer=signer_of(sound.certificate),
        claimed=None if properties is None else properties.claimed,
        proven=proven,
        level=None if properties is None else _level(own, later, sound.kept),
        covers=found.covers,
        algorithms=algorithm_findings(sound.signature, sound.certificate),
        revocation=tuple(dict.fromkeys(item for one in chains for item in one.revocation)),
        notes=notes,
        needs=tuple(dict.fromkeys(need for one in chains for need in one.needs)),
    )


def _level(own: Times, later: Times, kept: Kept) -> SignatureLevel:
    """EN 319 132-1, 6: what the signature carries, as far as it verifies."""
    if not own.proven and not later.proven:
        return SignatureLevel.B_B
    if not kept.revocation:
        return SignatureLevel.B_T
    return SignatureLevel.B_LTA if later.proven else SignatureLevel.B_LT
