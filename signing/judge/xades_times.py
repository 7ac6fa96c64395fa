"""Timestamps and validation data of a XAdES signature: EN 319 132-1, 5.2.8, 5.3, 5.4, 5.5.

What each timestamp must stand over, put together octet by octet. One that does not verify, or that
says otherwise what it stands over (Include, ReferenceInfo), is not counted: it never helps and
never hurts. Certificates and revocation data are material, never trusted by themselves.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from asn1crypto import cms, x509
from lxml import etree

from signing.judge import tokens
from signing.judge.codes import Refused
from signing.judge.facts import NeedKind
from signing.judge.revocation_data import Origin, RevocationDatum
from signing.judge.xades_properties import Properties
from signing.judge.xml_c14n import canonicalise
from signing.judge.xml_certificates import ASN1_TROUBLE, load_certificate
from signing.judge.xml_names import (
    DEFAULT_CANONICAL,
    DS,
    SIGNED_PROPERTIES,
    XADES,
    XADES141,
    Canonical,
)
from signing.judge.xml_reader import base64_leaf, children
from signing.judge.xml_signature import (
    Sources,
    XmlSignature,
    octets_of,
)
from signing.judge.xml_transforms import read_canonical

MAX_TOKENS = 16
"""In one property; each costs a chain."""
MAX_ITEMS = 128
"""Certificates, lists or answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times that verified tokens prove, and how many do not count."""

    proven: tuple[datetime, ...] = ()
    uncounted: int = 0

    @property
    def earliest(self) -> datetime | None:
        return min(self.proven, default=None)

    @property
    def latest(self) -> datetime | None:
        return max(self.proven, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """A signature with what is needed to say what its timestamps stand over."""

    sources: Sources
    signature: XmlSignature
    properties: Properties

    def canonical(self, element: etree._Element, method: Canonical) -> bytes:
        return canonicalise(self.sources.document, element, method, self.sources.effort)


async def archive_times(one: Stamped, moment: tokens.Moment) -> Times:
    """Over the signature with all that was added before; the newest first, it proves the older."""
    unsigned = one.properties.unsigned
    times, uncounted = Times(), 0
    for place in reversed(range(len(unsigned))):
        name = unsigned[place].tag
        if name == f"{{{XADES}}}ArchiveTimeStamp":  # of XAdES 1.3.2: over other octets
            uncounted += 1
        elif name == f"{{{XADES141}}}ArchiveTimeStamp":
            found = await _times(
                unsigned[place],
                lambda method, place=place: _archived(one, place, method),  # type: ignore[misc]  # mypy knows no default of a lambda
                moment,
                times.earliest,
            )
            uncounted += found.uncounted
            times = Times(proven=(*times.proven, *found.proven))
    return Times(proven=times.proven, uncounted=uncounted)


def _archived(one: Stamped, place: int, method: Canonical) -> Iterator[bytes]:
    """EN 319 132-1, 5.5.2.2: what an archive timestamp stands over, not distributed."""
    signature = one.signature
    for reference in signature.references:
        yield octets_of(one.sources, signature, reference, default=method)
    yield one.canonical(signature.signed_info, method)
    yield one.canonical(signature.value_element, method)
    if signature.key_info is not None:
        yield one.canonical(signature.key_info, method)
    for element in one.properties.unsigned[:place]:
        yield one.canonical(element, method)
    for item in signature.objects:
        if item is not one.properties.holder:
            yield one.canonical(item, method)


async def signature_times(one: Stamped, moment: tokens.Moment, proven: datetime | None) -> Times:
    """EN 319 132-1, 5.3: over ds:SignatureValue."""
    tag = f"{{{XADES}}}SignatureTimeStamp"
    return await _all_times(
        (element for element in one.properties.unsigned if element.tag == tag),
        lambda method: iter([one.canonical(one.signature.value_element, method)]),
        moment,
        proven,
    )


async def content_times(one: Stamped, moment: tokens.Moment) -> Times:
    """EN 319 132-1, 5.2.8: made before signing; only those over all data are counted."""
    over_all = f"{{{XADES}}}AllDataObjectsTimeStamp"
    times = await _all_times(
        (element for element in one.properties.signed_data_objects if element.tag == over_all),
        lambda method: _data(one, method),
        moment,
        None,
    )
    others = f"{{{XADES}}}IndividualDataObjectsTimeStamp"
    more = sum(element.tag == others for element in one.properties.signed_data_objects)
    return Times(proven=times.proven, uncounted=times.uncounted + more)


def _data(one: Stamped, method: Canonical) -> Iterator[bytes]:
    for reference in one.signature.references:
        if reference.type != SIGNED_PROPERTIES:
            yield octets_of(one.sources, one.signature, reference, default=method)


Octets = Callable[[Canonical], Iterator[bytes]]


async def _all_times(
    elements: Iterable[etree._Element],
    octets: Octets,
    moment: tokens.Moment,
    proven: datetime | None,
) -> Times:
    found = [await _times(element, octets, moment, proven) for element in elements]
    return Times(
        proven=tuple(time for times in found for time in times.proven),
        uncounted=sum(times.uncounted for times in found),
    )


async def _times(
    element: etree._Element, octets: Octets, moment: tokens.Moment, proven: datetime | None
) -> Times:
    """The tokens of one timestamp property."""
    good: list[datetime] = []
    count = 0
    try:
        method, encoded = _read_timestamp(element)
        count = len(encoded)
        content = b"".join(octets(method))
        for item in encoded[:MAX_TOKENS]:
            token = cms.ContentInfo.load(base64_leaf(item), strict=True)["content"]
            if isinstance(token, cms.SignedData):
                time = await tokens.token_time(token, _imprint(content), moment, proven)
                good.extend([time] if time is not None else [])
    except (Refused, *ASN1_TROUBLE):
        pass
    return Times(proven=tuple(good), uncounted=max(count, 1) - len(good))


def _read_timestamp(element: etree._Element) -> tuple[Canonical, list[etree._Element]]:
    """XAdESTimeStampType with its implicit mechanism. Raises Refused, ValueError for another."""
    method, encoded = DEFAULT_CANONICAL, []
    for part in children(element):
        if part.tag == f"{{{DS}}}CanonicalizationMethod":
            method = read_canonical(part)
        elif part.tag == f"{{{XADES}}}EncapsulatedTimeStamp":
            encoded.append(part)
        else:
            raise ValueError(f"{part.tag!s:.80} in a timestamp")
    return method, encoded


def _imprint(content: bytes) -> tokens.Imprint:
    return lambda name: hashlib.new(name, content).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Validation data that stand beside a signature; nothing of it is believed."""

    certificates: tuple[x509.Certificate, ...] = ()
    revocation: tuple[RevocationDatum, ...] = ()


def validation_data(properties: Properties) -> Kept:
    """EN 319 132-1, 5.4 and 5.5.1, and TimeStampValidationData. What is damaged is left out."""
    certificates: list[x509.Certificate] = []
    for der in _encapsulated(properties, "EncapsulatedX509Certificate"):
        try:
            certificates.append(load_certificate(der))
        except Refused:
            continue
    kinds = ((NeedKind.CRL, "EncapsulatedCRLValue"), (NeedKind.OCSP, "EncapsulatedOCSPValue"))
    return Kept(
        certificates=tuple(certificates),
        revocation=tuple(
            RevocationDatum(kind=kind, der=der, origin=Origin.DOCUMENT)
            for kind, name in kinds
            for der in _encapsulated(properties, name)
        ),
    )


def _encapsulated(properties: Properties, name: str) -> Iterator[bytes]:
    found = (item for element in properties.unsigned for item in element.iter(f"{{{XADES}}}{name}"))
    for item in islice(found, MAX_ITEMS):
        try:
            yield base64_leaf(item)
        except Refused:
            continue
