"""What signed attributes bind: the certificate (RFC 5035, RFC 2634), the algorithms (RFC 6211)."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from signing import der
from signing.judge.fast.algorithms import DIGESTS, SHA256, read_digest
from signing.judge.fast.syntax import NotUnderstood

REMEMBERED: Final = 128
"""Certificates whose parts are remembered: a signer sends many letters. 64 kB each at most."""
PROTECTION: Final = der.oid("1.2.840.113549.1.9.52")
CERTIFICATE_V1: Final = der.oid("1.2.840.113549.1.9.16.2.12")
CERTIFICATE_V2: Final = der.oid("1.2.840.113549.1.9.16.2.47")


def only(reader: der.Reader, tag: int) -> der.Reader:
    """What the one element that is left holds. Raises DerError."""
    inside = reader.inside(tag)
    reader.finish()
    return inside


@lru_cache(maxsize=REMEMBERED)
def issuer_and_serial(certificate: bytes) -> tuple[bytes, bytes]:
    """Give both as they are encoded. Raises DerError."""
    fields = der.Reader(certificate).inside(der.SEQUENCE).inside(der.SEQUENCE)
    fields.optional(der.explicit(0))  # the version
    serial = fields.element(der.INTEGER)
    fields.content(der.SEQUENCE)  # the algorithm
    return fields.element(der.SEQUENCE), serial


def check_binding(attributes: Mapping[bytes, bytes], certificate: bytes) -> None:
    """RFC 5035: the signed attributes bind exactly this certificate, by every digest they have.

    Authorities still write the first version of the attribute, which is by SHA-1 (RFC 2634).
    """
    second, first = attributes.get(CERTIFICATE_V2), attributes.get(CERTIFICATE_V1)
    if second is None and first is None:
        raise NotUnderstood("no certificate is bound")
    if second is not None:
        bound = _bound(second)
        digest = DIGESTS[SHA256]
        if bound.tag == der.SEQUENCE:
            digest = read_digest(bound.element())
        _check_bound(bound, hashlib.new(digest.name, certificate).digest(), certificate)
    if first is not None:
        sha1 = hashlib.sha1(certificate, usedforsecurity=False).digest()
        _check_bound(_bound(first), sha1, certificate)


def _bound(value: bytes) -> der.Reader:
    """The one certificate identifier in the attribute."""
    outside = der.Reader(value)
    attribute = outside.inside(der.SEQUENCE)
    outside.finish()
    return only(only(attribute, der.SEQUENCE), der.SEQUENCE)


def _check_bound(bound: der.Reader, digest: bytes, certificate: bytes) -> None:
    if bound.content(der.OCTET_STRING) != digest:
        raise NotUnderstood("another certificate is bound")
    if bound.tag is None:
        return
    names = only(bound, der.SEQUENCE)
    issuer = only(names.inside(der.SEQUENCE), der.explicit(4)).element(der.SEQUENCE)
    serial = names.element(der.INTEGER)
    names.finish()
    if (issuer, serial) != issuer_and_serial(certificate):
        raise NotUnderstood("a certificate of another issuer is bound")


def check_protection(value: bytes | None, digest_algorithm: bytes, mechanism: bytes) -> None:
    """RFC 6211: the algorithms are those of when it was signed. Raises NotUnderstood, DerError."""
    if value is None:
        return
    protection = der.Reader(value).inside(der.SEQUENCE)
    if protection.element(der.SEQUENCE) != digest_algorithm:
        raise NotUnderstood("another digest algorithm was protected")
    if der.sequence(protection.content(der.explicit(1))) != mechanism:
        raise NotUnderstood("another mechanism was protected")
    protection.finish()
