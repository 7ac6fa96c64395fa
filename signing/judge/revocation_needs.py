"""Names the revocation data that would help: where a certificate says that they can be had.

RFC 5280, 4.2.1.13 and 4.2.2.1; the OCSP request by RFC 6960, 4.1, without a nonce, so that its
answer can serve others too and the same certificate has the same request. The addresses are what a
stranger wrote: whoever asks there checks them first. Fetches nothing.
"""

import hashlib
import re
from collections.abc import Iterator

from asn1crypto import core, ocsp, x509

from signing.judge.facts import Need, NeedKind
from signing.judge.revocation_data import TROUBLE

MAX_URL = 1024
MAX_PER_KIND = 2
"""Addresses of one certificate that are tried; further ones are mirrors."""
_WEB = (b"http://", b"https://")
_PRINTABLE = re.compile(rb"[ -~]{1,%d}" % MAX_URL)
"""No control characters: addresses are written into a database and a log."""


def needs_of(certificate: x509.Certificate, issuer: x509.Certificate) -> tuple[Need, ...]:
    """What to ask for one certificate, the smaller and newer answer first: OCSP, a list, others."""
    sha256 = hashlib.sha256(certificate.dump()).hexdigest()
    try:
        request = ocsp_request(certificate, issuer)
        answers = [
            Need(kind=NeedKind.OCSP, url=url, request=request, certificate_sha256=sha256)
            for url in _first(_ocsp_urls(certificate))
        ]
        lists = [
            Need(kind=NeedKind.CRL, url=url, certificate_sha256=sha256)
            for url in _first(_list_urls(certificate))
        ]
    except TROUBLE:
        return ()
    # By turns: two responders that answer nonsense must not keep the list from being asked for.
    return (*answers[:1], *lists[:1], *answers[1:], *lists[1:])


def ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Ask for one certificate, named as every responder expects it: with SHA-1 (RFC 5019, 2.1)."""
    asked = ocsp.CertId(
        {
            "hash_algorithm": {"algorithm": "sha1", "parameters": core.Null()},
            "issuer_name_hash": certificate.issuer.sha1,
            "issuer_key_hash": issuer.public_key.sha1,
            "serial_number": certificate.serial_number,
        }
    )
    facts = ocsp.TBSRequest({"request_list": [ocsp.Request({"req_cert": asked})]})
    packed: bytes = ocsp.OCSPRequest({"tbs_request": facts}).dump()
    return packed


def _ocsp_urls(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    for entry in certificate.authority_information_access_value or ():
        if entry["access_method"].native == "ocsp":
            yield entry["access_location"]


def _list_urls(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    for point in certificate.crl_distribution_points_value or ():
        named = point["distribution_point"]
        indirect = point["crl_issuer"].native is not None
        if named.native is not None and named.name == "full_name" and not indirect:
            yield from named.chosen


def _first(names: Iterator[x509.GeneralName]) -> list[str]:
    """The web addresses among the names, as they are spelled, each once."""
    urls = []
    for name in names:
        if name.name != "uniform_resource_identifier":
            continue
        spelled: bytes = name.chosen.contents
        if spelled.lower().startswith(_WEB) and _PRINTABLE.fullmatch(spelled):
            urls.append(spelled.decode("ascii"))
    return list(dict.fromkeys(urls))[:MAX_PER_KIND]
