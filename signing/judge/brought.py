"""Validation data that a document brings along: its security store, and what its signatures hold.

EN 319 142-1, 5.4.2 (DSS dictionary); RFC 5652, 10.2.1 (crls of a SignedData); Adobe's revocation
attribute. Such data help to build and check chains and are never trusted by themselves: each is
judged by its own signature. What cannot be parsed is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol, TypeVar

from asn1crypto import cms, crl, ocsp, x509
from asn1crypto.pdf import RevocationInfoArchival
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import find_cms_attribute_iter

from signing.judge.codes import Code, Refused
from signing.judge.pdf import SignedObject
from signing.judge.pdf_reading import LIBRARY_TROUBLE, target

MAX_ITEMS = 256
"""Of each sort; a store that was extended every year for decades has fewer."""

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class _Loads(Protocol[T_co]):
    def load(self, encoded_data: bytes, *, strict: bool = False) -> T_co: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """Certificates and revocation data out of the document."""

    certificates: list[x509.Certificate] = field(default_factory=list)
    crls: list[crl.CertificateList] = field(default_factory=list)
    ocsps: list[ocsp.OCSPResponse] = field(default_factory=list)

    @property
    def has_revocation(self) -> bool:
        return bool(self.crls or self.ocsps)


def from_store(reader: PdfFileReader) -> Brought:
    """Read the document security store; an absent one gives nothing."""
    store = _try(lambda: reader.root["/DSS"])
    if not isinstance(store, generic.DictionaryObject):
        return Brought()
    return Brought(
        certificates=list(_streams(store, "/Certs", x509.Certificate)),
        crls=list(_streams(store, "/CRLs", crl.CertificateList)),
        ocsps=list(_streams(store, "/OCSPs", ocsp.OCSPResponse)),
    )


def from_signatures(objects: Sequence[SignedObject]) -> Brought:
    """Read what the signatures and timestamps hold besides their signer's certificate.

    Raises Refused for a signature whose parts cannot be read; of a timestamp nothing is taken then.
    """
    whole = Brought()
    for item in objects:
        if item.embedded is None:
            continue
        try:
            found = _from_message(item.embedded.signed_data, item.embedded.signer_info)
        except LIBRARY_TROUBLE as problem:
            if item.is_timestamp:
                continue
            raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
        whole.certificates.extend(found.certificates)
        whole.crls.extend(found.crls)
        whole.ocsps.extend(found.ocsps)
    return whole


def _from_message(signed_data: cms.SignedData, info: cms.SignerInfo) -> Brought:
    found = Brought()
    for choice in islice(signed_data["certificates"] or (), MAX_ITEMS):
        if choice.name == "certificate":
            found.certificates.append(choice.chosen.untag())
    for choice in islice(signed_data["crls"] or (), MAX_ITEMS):
        if choice.name == "crl":
            found.crls.append(choice.chosen.untag())
    for archive in _adobe_archives(info):
        found.crls.extend(islice(archive["crl"] or (), MAX_ITEMS))
        found.ocsps.extend(islice(archive["ocsp"] or (), MAX_ITEMS))
    return found


def _adobe_archives(info: cms.SignerInfo) -> list[RevocationInfoArchival]:
    found = _try(
        lambda: list(
            find_cms_attribute_iter(info["signed_attrs"], "adobe_revocation_info_archival")
        )
    )
    return found or []


def _streams(store: generic.DictionaryObject, key: str, kind: _Loads[T]) -> Iterator[T]:
    items = _try(lambda: store[key])
    if not isinstance(items, generic.ArrayObject):
        return
    for reference in islice(list.__iter__(items), MAX_ITEMS):
        loaded = _try(lambda reference=reference: _load(reference, kind))  # type: ignore[misc]  # mypy knows no default of a lambda
        if loaded is not None:
            yield loaded


def _load(reference: generic.PdfObject, kind: _Loads[T]) -> T:
    loaded = kind.load(target(reference).data, strict=True)
    if not isinstance(loaded, crl.CertificateList):  # which may be long, and is read where needed
        _ = loaded.native  # type: ignore[attr-defined]  # asn1crypto reads the rest only when asked
    return loaded


def _try(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except LIBRARY_TROUBLE:
        return None
