"""Archive timestamps of CAdES (archive-time-stamp-v3): which verify, and what they prove.

ETSI EN 319 122-1, 5.5.2 and 5.5.3; ETSI TS 101 733, 6.4.3, for the older hash index. Such a
timestamp stands over the signature and over digests of what it lists in its hash index. It counts
only if it verifies and its index lists every signature timestamp and every older archive
timestamp, because those are then believed as of its time. Older forms are not judged.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, cms, core

from signing.judge import tokens
from signing.judge.ber import elements
from signing.judge.codes import Refused
from signing.judge.pdf_reading import LIBRARY_TROUBLE

ARCHIVE_TIMESTAMP_V3 = "0.4.0.1733.2.4"
_OLDER_FORMS = frozenset({"1.2.840.113549.1.9.16.2.27", "1.2.840.113549.1.9.16.2.48"})
_INDEX_V1 = "0.4.0.1733.2.5"
_INDEX_V3 = "0.4.0.19122.1.5"
_SIGNATURE_TIMESTAMP = "signature_time_stamp_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class _HashIndex:
    """ATSHashIndex, ATSHashIndexV3 (EN 319 122-1, 5.5.2; TS 101 733, 6.4.2)."""

    digest_name: str
    certificates: frozenset[bytes]
    crls: frozenset[bytes]
    unsigned_attributes: frozenset[bytes]

    @staticmethod
    def from_der(der: bytes) -> "_HashIndex":
        """Raise ValueError for what is none. The older one may leave out SHA-256's name."""
        (whole,) = elements(der)
        *named, certificates, crls, attributes = whole.children()
        name = "sha256"
        if named:
            (algorithm,) = named
            name = algos.DigestAlgorithm.load(algorithm.spelled, strict=True)["algorithm"].native
        return _HashIndex(
            digest_name=name,
            certificates=_digests(certificates.content),
            crls=_digests(crls.content),
            unsigned_attributes=_digests(attributes.content),
        )


def _digests(content: bytes) -> frozenset[bytes]:
    return frozenset(core.OctetString.load(one.spelled).native for one in elements(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTimestamps:
    """What a signature's archive timestamps prove."""

    times: tuple[datetime, ...] = ()
    uncounted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    """One archive timestamp, parsed."""

    token: cms.SignedData
    time: datetime
    index: _HashIndex
    index_der: bytes
    is_v3: bool
    attribute: cms.CMSAttribute
    value: core.Asn1Value


async def verified(
    info: cms.SignerInfo,
    signed_data: cms.SignedData,
    digest: tokens.Imprint,
    moment: tokens.Moment,
) -> ArchiveTimestamps:
    """Judge the archive timestamps of one signer from the newest, which may prove the older ones.

    `info` as it stands in the message; `digest` of the signed content.
    """
    stamps, broken = _stamps(info)
    stamps.sort(key=lambda stamp: stamp.time, reverse=True)
    times: list[datetime] = []
    for position, stamp in enumerate(stamps):
        try:
            complete = _lists_everything(stamp, stamps[position + 1 :], info, signed_data)
        except LIBRARY_TROUBLE:
            continue
        imprint = _imprint_of(stamp, info, signed_data, digest)
        time = await tokens.token_time(stamp.token, imprint, moment, min(times, default=None))
        if complete and time is not None:
            times.append(time)
    uncounted = broken + len(stamps) - len(times)
    return ArchiveTimestamps(times=tuple(times), uncounted=uncounted)


def _attributes(info: cms.SignerInfo) -> Sequence[cms.CMSAttribute]:
    return () if isinstance(info["unsigned_attrs"], core.Void) else info["unsigned_attrs"]


def _stamps(info: cms.SignerInfo) -> tuple[list[_Stamp], int]:
    """Parse what is of the judged form; count what is not."""
    stamps: list[_Stamp] = []
    broken = 0
    for attribute in _attributes(info):
        kind = attribute["type"].native
        if kind in _OLDER_FORMS:
            broken += 1
        if kind != ARCHIVE_TIMESTAMP_V3:
            continue
        for value in attribute["values"]:
            try:
                stamps.append(_stamp(attribute, value))
            except (Refused, *LIBRARY_TROUBLE):
                broken += 1
    return stamps, broken


def _stamp(attribute: cms.CMSAttribute, value: core.Asn1Value) -> _Stamp:
    token: cms.SignedData = cms.ContentInfo.load(value.dump(), strict=True)["content"]
    (info,) = token["signer_infos"]
    (found,) = [one for one in _attributes(info) if one["type"].native in {_INDEX_V1, _INDEX_V3}]
    (index,) = found["values"]
    der = index.dump()
    return _Stamp(
        token=token,
        time=token["encap_content_info"]["content"].parsed["gen_time"].native,
        index=_HashIndex.from_der(der),
        index_der=der,
        is_v3=found["type"].native == _INDEX_V3,
        attribute=attribute,
        value=value,
    )


def _lists_everything(
    stamp: _Stamp, older: Sequence[_Stamp], info: cms.SignerInfo, signed_data: cms.SignedData
) -> bool:
    """5.5.2: what the index lists is there, and what must be listed is.

    What the index does not list was added later and is not covered; a digest in it that fits
    nothing means that something was taken away or changed.
    """
    digest = tokens.named_digest(stamp.index.digest_name)
    listed = stamp.index.unsigned_attributes
    present = {
        digest(piece)
        for attribute in _attributes(info)
        for piece in _attribute_pieces(attribute, stamp)
    }
    needed = {
        digest(piece)
        for attribute in _attributes(info)
        if attribute["type"].native == _SIGNATURE_TIMESTAMP
        for piece in _attribute_pieces(attribute, stamp)
    } | {
        digest(piece)
        for other in older
        for piece in _attribute_pieces(other.attribute, stamp, only=other.value)
    }
    return (
        needed <= listed <= present
        and _all_present(stamp.index.certificates, signed_data["certificates"], digest)
        and _all_present(stamp.index.crls, signed_data["crls"], digest)
    )


def _attribute_pieces(
    attribute: cms.CMSAttribute, stamp: _Stamp, *, only: core.Asn1Value | None = None
) -> Iterator[bytes]:
    """The older index lists whole attributes, V3 the type with each value."""
    if not stamp.is_v3:
        yield attribute.dump()
        return
    for value in attribute["values"] if only is None else (only,):
        yield attribute["type"].dump() + value.dump()


def _all_present(listed: frozenset[bytes], items: core.Asn1Value, digest: tokens.Digest) -> bool:
    present = () if isinstance(items, core.Void) else items
    return listed <= {digest(item.dump()) for item in present}


def _imprint_of(
    stamp: _Stamp, info: cms.SignerInfo, signed_data: cms.SignedData, digest: tokens.Imprint
) -> tokens.Imprint:
    """5.5.3: content type, digest of the content, the signer's fields, the hash index."""
    fields = ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm")
    begin = signed_data["encap_content_info"]["content_type"].dump()
    end = b"".join(info[name].dump() for name in (*fields, "signature")) + stamp.index_der

    def imprint(name: str) -> bytes:
        return hashlib.new(tokens.hashlib_name(name), begin + digest(name) + end).digest()

    return imprint
