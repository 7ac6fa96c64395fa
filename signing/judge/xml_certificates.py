"""The certificates that an XML signature carries in ds:KeyInfo (XML Signature 1.1, 4.5.4).

Only certificates count: a bare key, a name or a place to fetch one from does not say whose it is.
"""

from asn1crypto import x509
from lxml import etree

from signing.judge.codes import Code, Refused
from signing.judge.xml_names import DS
from signing.judge.xml_reader import base64_leaf, children

ASN1_TROUBLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError)
"""What escapes from asn1crypto on damaged input."""


def certificates_in(key_info: etree._Element | None, most: int) -> tuple[x509.Certificate, ...]:
    """The certificates of ds:X509Data; a bare key says nothing of whose it is. Raises Refused."""
    if key_info is None:
        return ()
    found = [
        item
        for data in children(key_info)
        if data.tag == f"{{{DS}}}X509Data"
        for item in children(data)
        if item.tag == f"{{{DS}}}X509Certificate"
    ]
    if len(found) > most:
        raise Refused(Code.TOO_MANY_CERTIFICATES)
    return tuple(load_certificate(base64_leaf(item)) for item in found)


def load_certificate(der: bytes) -> x509.Certificate:
    """Parse a certificate as far as it is used. Raises Refused."""
    try:
        certificate = x509.Certificate.load(der, strict=True)
        _ = certificate.serial_number, certificate.public_key.algorithm
    except ASN1_TROUBLE as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
    return certificate
