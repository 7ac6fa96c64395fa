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
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from signing.judge.algorithms import DIGESTS
from signing.judge.chain import ChainFinding, Material, Question, judge_chain
from signing.judge.cms_checks import (
    check_algorithms,
    check_integrity,
    check_signed_attributes,
    signer_certificate,
)
from signing.judge.pdf import LIBRARY_TROUBLE, SignedObject, check_cms_shape
from signing.judge.policy import Policy
from signing.judge.reasons import Refused
from signing.trust import Role

FUTURE_TOLERANCE = timedelta(seconds=5)
"""How far an authority's clock may run ahead of ours."""

Imprint = Callable[[str], bytes]
"""Digest name (as asn1crypto spells it) to the digest of what the token must stand over."""


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
        lambda name: hashlib.new(_hashlib_name(name), signature).digest(),
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
        return await _token_time(token, imprint, moment, proven)
    except (Refused, *LIBRARY_TROUBLE):
        return None


async def _token_time(
    token: cms.SignedData, imprint: Imprint, moment: Moment, proven: datetime | None
) -> datetime | None:
    check_cms_shape(token, moment.policy, timestamp=True)
    (info,) = token["signer_infos"]
    content = token["encap_content_info"]["content"]
    facts = content.parsed if isinstance(content, core.ParsableOctetString) else None
    if not isinstance(facts, tsp.TSTInfo):
        return None
    stated = facts["message_imprint"]
    digest_name = stated["hash_algorithm"]["algorithm"].native
    if digest_name not in DIGESTS or stated["hashed_message"].native != imprint(digest_name):
        return None
    check_signed_attributes(info, needs_certificate=True)
    certificate, others = signer_certificate(token)
    digest = hashlib.new(
        _hashlib_name(info["digest_algorithm"]["algorithm"].native), bytes(content)
    ).digest()
    broken = check_algorithms(info, certificate) or check_integrity(
        info, certificate, digest, "tst_info"
    )
    time: datetime = facts["gen_time"].native
    if broken or not _is_timestamping_unit(certificate) or time > moment.at + FUTURE_TOLERANCE:
        return None
    question = Question(
        certificate=certificate,
        material=moment.material.plus(certificates=others),
        policy=moment.policy,
        at=moment.at,
        role=Role.TIMESTAMP,
    )
    finding = await judge_chain(question, proven)
    moment.units.append(finding)
    return None if finding.code else time


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
    name = _hashlib_name(name)
    total = hashlib.new(name)
    view = memoryview(data)
    total.update(view[:length])
    total.update(view[second : second + rest])
    if name.startswith("shake"):
        # RFC 8419, 2: CMS uses SHAKE256 with 512 bits of output.
        return total.digest(64)  # type: ignore[call-arg]  # the stubs know no extendable output
    return total.digest()


def _hashlib_name(name: str) -> str:
    """Translate asn1crypto's digest names; raises ValueError for what is not known."""
    plain = {"shake256": "shake_256", "shake256_len": "shake_256"}.get(name, name)
    if plain not in hashlib.algorithms_available:
        raise ValueError(f"unknown digest {name}")
    return plain
