"""Timestamps: which RFC 3161 tokens verify, and what existence they prove.

A token counts if its signer is a timestamping unit (extended key usage timeStamping, critical and
alone: RFC 3161, 2.3) under a trusted anchor, its imprint is of what it stands over, and it is not
from the future. One that does not verify never helps and never hurts: it is noted and left out.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from asn1crypto import cms, core, tsp, x509
from pyhanko.sign.general import match_issuer_serial
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from signing.judge.algorithms import DIGESTS
from signing.judge.chain import ChainFinding, Material, Question, judge_chain
from signing.judge.cms_checks import (
    check_algorithms,
    check_fields,
    check_integrity,
    check_signed_attributes,
    signer_certificate,
)
from signing.judge.facts import Purpose
from signing.judge.intervals import with_fact
from signing.judge.pdf import SignedObject, check_cms_shape
from signing.judge.pdf_reading import LIBRARY_TROUBLE
from signing.judge.policy import Policy
from signing.judge.reasons import Code, Refused
from signing.trust import Role

FUTURE_TOLERANCE = timedelta(seconds=5)
"""How far an authority's clock may run ahead of ours."""

Imprint = Callable[[str], bytes]
"""Digest name (as asn1crypto spells it) to the digest of what the token must stand over."""

Digest = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """At what time and against what things are judged."""

    material: Material
    policy: Policy
    at: datetime
    units: list[ChainFinding] = field(default_factory=list, compare=False)
    """Collects what was found of the timestamping units whose tokens were judged at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTimestamp:
    """A document timestamp that verifies: everything before `end` existed at `time`."""

    time: datetime
    end: int


async def verified_document_timestamps(
    data: bytes, objects: Sequence[SignedObject], moment: Moment
) -> tuple[DocumentTimestamp, ...]:
    """Judge document timestamps from the newest, which may prove the older ones (EN 319 142-1)."""
    counted: list[DocumentTimestamp] = []
    for item in reversed([candidate for candidate in objects if candidate.is_timestamp]):
        if item.embedded is None:
            continue
        proven = min((stamp.time for stamp in counted), default=None)
        time = await token_time(
            item.embedded.signed_data, imprint_of_ranges(data, item), moment, proven
        )
        if time is not None:
            counted.append(DocumentTimestamp(time=time, end=item.end))
    return tuple(counted)


async def signature_timestamps(
    info: cms.SignerInfo, moment: Moment, proven: datetime | None
) -> tuple[list[datetime], int]:
    """Judge the tokens over a signature's value: times proven, and how many do not count."""
    signature = info["signature"].native
    return await _times(
        list(extract_tst_data_iter(info, signed=False)),
        lambda name: hashlib.new(hashlib_name(name), signature).digest(),
        moment,
        proven,
    )


async def content_timestamps(
    info: cms.SignerInfo, imprint: Imprint, moment: Moment
) -> tuple[list[datetime], int]:
    """Judge the timestamps that were made before signing: they prove that it happened later."""
    return await _times(list(extract_tst_data_iter(info, signed=True)), imprint, moment, None)


async def _times(
    tokens: Sequence[cms.SignedData], imprint: Imprint, moment: Moment, proven: datetime | None
) -> tuple[list[datetime], int]:
    times = [await token_time(token, imprint, moment, proven) for token in tokens]
    good = [time for time in times if time is not None]
    return good, len(times) - len(good)


async def token_time(
    token: cms.SignedData, imprint: Imprint, moment: Moment, proven: datetime | None
) -> datetime | None:
    """Give the time of a token, or None if it does not verify for whatever reason."""
    try:
        finding = await judge_token(token, imprint, moment, proven)
    except (Refused, *LIBRARY_TROUBLE):
        return None
    return None if finding.code else finding.time


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFinding:
    """What is known of one token; it verifies where there is no code."""

    code: Code | None
    time: datetime
    certificate: x509.Certificate
    chain: ChainFinding | None = None
    """None: the chain was not looked at, because something else is wrong already."""


async def judge_token(
    token: cms.SignedData, imprint: Imprint | None, moment: Moment, proven: datetime | None
) -> TokenFinding:
    """Judge one token. No `imprint`: what it stands over is not at hand and is not compared.

    Raises Refused for a broken clause of form, and what escapes from the libraries.
    """
    check_cms_shape(token, moment.policy, timestamp=True)
    (info,) = token["signer_infos"]
    content = token["encap_content_info"]["content"]
    facts = content.parsed if isinstance(content, core.ParsableOctetString) else None
    if not isinstance(facts, tsp.TSTInfo):
        raise Refused(Code.TIMESTAMP_DAMAGED, "no TSTInfo")
    check_fields(token, info)
    check_signed_attributes(info, needs_certificate=True)
    certificate, others = _unit_certificate(token, info, moment.material)
    time: datetime = facts["gen_time"].native
    code = (
        _compare_imprint(facts, imprint)
        or check_algorithms(info, certificate)
        or check_integrity(info, certificate, _digest(info, bytes(content)), "tst_info")
        or (None if _is_timestamping_unit(certificate) else Code.TIMESTAMP_UNIT)
        or (Code.TIMESTAMP_FROM_FUTURE if time > moment.at + FUTURE_TOLERANCE else None)
    )
    if code:
        return TokenFinding(code=code, time=time, certificate=certificate)
    question = Question(
        certificate=certificate,
        material=moment.material.plus(certificates=others),
        policy=moment.policy,
        at=moment.at,
        role=Role.TIMESTAMP,
    )
    chain = await judge_chain(question, proven)
    chain = with_fact(question, chain, Purpose.TIMESTAMP)
    moment.units.append(chain)
    return TokenFinding(code=chain.code, time=time, certificate=certificate, chain=chain)


def _unit_certificate(
    token: cms.SignedData, info: cms.SignerInfo, material: Material
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """RFC 3161, 2.4.1: a token may come without certificates; then they are known here or not.

    Whether it is the one that the token means, `check_integrity` asks by its signed digest.
    """
    if not isinstance(token["certificates"], core.Void) and len(token["certificates"]):
        return signer_certificate(token)
    identifier = info["sid"]
    for known in (*(anchor.certificate for anchor in material.anchors), *material.others):
        if identifier.name == "subject_key_identifier":
            meant = identifier.chosen.native == known.key_identifier
        else:
            meant = match_issuer_serial(identifier.chosen, known)
        if meant:
            return known, ()
    raise Refused(Code.SIGNING_CERTIFICATE_MISSING)


def _compare_imprint(facts: tsp.TSTInfo, imprint: Imprint | None) -> Code | None:
    stated = facts["message_imprint"]
    digest_name = stated["hash_algorithm"]["algorithm"].native
    if digest_name not in DIGESTS:
        return Code.WEAK_ALGORITHM
    if imprint is None or stated["hashed_message"].native == imprint(digest_name):
        return None
    return Code.TIMESTAMP_IMPRINT


def _digest(info: cms.SignerInfo, content: bytes) -> bytes:
    name = info["digest_algorithm"]["algorithm"].native
    return hashlib.new(hashlib_name(name), content).digest()


def _is_timestamping_unit(certificate: x509.Certificate) -> bool:
    usage = certificate.extended_key_usage_value
    return (
        usage is not None
        and usage.native == ["time_stamping"]
        and "extended_key_usage" in certificate.critical_extensions
        and not certificate.ca
    )


def imprint_of_ranges(data: bytes, item: SignedObject) -> Imprint:
    """Digest what a byte range covers, by the digest's name."""

    def digest(name: str) -> bytes:
        return byte_range_digest(data, item, name)

    return digest


def byte_range_digest(data: bytes, item: SignedObject, name: str) -> bytes:
    """Digest what a signature covers. `name` as asn1crypto or hashlib spell it."""
    _, length, second, rest = item.byte_range
    name = hashlib_name(name)
    total = hashlib.new(name)
    view = memoryview(data)
    total.update(view[:length])
    total.update(view[second : second + rest])
    if name.startswith("shake"):
        # RFC 8419, 2: CMS uses SHAKE256 with 512 bits of output.
        return total.digest(64)  # type: ignore[call-arg]  # the stubs know no extendable output
    return total.digest()


def named_digest(name: str) -> Digest:
    """Give the digest of a name that asn1crypto uses. Raises ValueError for one not accepted."""
    if name not in DIGESTS or name.startswith("shake"):
        raise ValueError(f"digest not accepted: {name}")
    known = hashlib_name(name)
    return lambda data: hashlib.new(known, data).digest()


def imprint_of(data: bytes) -> Imprint:
    """Digest these bytes, by the digest's name; each digest is computed once."""
    known: dict[str, bytes] = {}

    def digest(name: str) -> bytes:
        if name not in known:
            total = hashlib.new(hashlib_name(name), data)
            # RFC 8419, 2: CMS uses SHAKE256 with 512 bits of output.
            known[name] = total.digest(64) if name.startswith("shake") else total.digest()  # type: ignore[call-arg]  # the stubs know no extendable output
        return known[name]

    return digest


def hashlib_name(name: str) -> str:
    """Translate asn1crypto's digest names; raises ValueError for what is not known."""
    plain = {"shake256": "shake_256", "shake256_len": "shake_256"}.get(name, name)
    if plain not in hashlib.algorithms_available:
        raise ValueError(f"unknown digest {name}")
    return plain
