"""The names of XML Signature and XAdES, and which algorithms the judge knows under them.

Namespaces; digests, signature methods and canonicalisations by their identifiers (XML Signature
1.1, RFC 9231). What is not in these tables is refused. Weak ones are listed so that they can be
called weak.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
EC = "http://www.w3.org/2001/10/xml-exc-c14n#"
FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XADES141 = "http://uri.etsi.org/01903/v1.4.1#"
OLD_XADES = frozenset({"http://uri.etsi.org/01903/v1.1.1#", "http://uri.etsi.org/01903/v1.2.2#"})
EVIDENCE_RECORDS = frozenset({"http://uri.etsi.org/19132/v1.1.1#", "urn:ietf:params:xml:ns:ers"})
"""EN 319 132-3 and RFC 6283."""
XML = "http://www.w3.org/XML/1998/namespace"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
SIGNATURE = f"{{{DS}}}Signature"
WRAPPERS = frozenset(
    {
        "{http://uri.etsi.org/02918/v1.2.1#}XAdESSignatures",
        "{http://uri.etsi.org/2918/v1.2.1#}XAdESSignatures",
        "{urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0}document-signatures",
    }
)
"""Roots that hold nothing but signatures (EN 319 162-1, A.5; OpenDocument 1.2, part 3)."""

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_MORE_2021 = "http://www.w3.org/2021/04/xmldsig-more#"
_XMLENC = "http://www.w3.org/2001/04/xmlenc#"

RSA_PSS = f"{_MORE_2007}rsa-pss"
PSS_PARAMETERS = f"{{{_MORE_2007}}}RSAPSSParams"
PSS_SALT = f"{{{_MORE_2007}}}SaltLength"
PSS_TRAILER = f"{{{_MORE_2007}}}TrailerField"

DIGESTS: Mapping[str, str] = MappingProxyType(
    {
        f"{_XMLENC}sha256": "sha256",
        f"{_MORE}sha384": "sha384",
        f"{_XMLENC}sha512": "sha512",
        f"{_MORE_2007}sha3-256": "sha3_256",
        f"{_MORE_2007}sha3-384": "sha3_384",
        f"{_MORE_2007}sha3-512": "sha3_512",
        f"{DS}sha1": "sha1",
        f"{_MORE}md5": "md5",
        f"{_MORE}sha224": "sha224",
    }
)
"""Identifier to hashlib's name; `algorithms.DIGESTS` says which are strong."""


class Scheme(Enum):
    """How a key signs."""

    PKCS1 = "rsa"
    PSS = "rsa-pss"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"
    ED448 = "ed448"
    SHARED_SECRET = "hmac"  # noqa: S105 - the name of a scheme


@dataclass(frozen=True, slots=True)
class Method:
    """One signature method."""

    scheme: Scheme
    digest: str
    """hashlib's name; empty where the scheme has its own."""
    salt: int | None = None
    """Bytes of salt, for PSS; as long as the digest where the method does not say."""


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        **{f"{_MORE}rsa-{d}": Method(Scheme.PKCS1, d) for d in ("sha256", "sha384", "sha512")},
        **{f"{_MORE}ecdsa-{d}": Method(Scheme.ECDSA, d) for d in ("sha256", "sha384", "sha512")},
        **{
            f"{_MORE_2007}{d}-rsa-MGF1": Method(Scheme.PSS, d.replace("-", "_"))
            for d in ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")
        },
        **{
            f"{_MORE_2021}ecdsa-{d}": Method(Scheme.ECDSA, d.replace("-", "_"))
            for d in ("sha3-256", "sha3-384", "sha3-512")
        },
        RSA_PSS: Method(Scheme.PSS, "sha256", 32),
        f"{_MORE_2021}eddsa-ed25519": Method(Scheme.ED25519, ""),
        f"{_MORE_2021}eddsa-ed448": Method(Scheme.ED448, ""),
        f"{DS}rsa-sha1": Method(Scheme.PKCS1, "sha1"),
        f"{_MORE}ecdsa-sha1": Method(Scheme.ECDSA, "sha1"),
        f"{_MORE}rsa-sha224": Method(Scheme.PKCS1, "sha224"),
        f"{_MORE}ecdsa-sha224": Method(Scheme.ECDSA, "sha224"),
        f"{_MORE}rsa-md5": Method(Scheme.PKCS1, "md5"),
        **{
            name: Method(Scheme.SHARED_SECRET, "")
            for name in (
                f"{DS}hmac-sha1",
                *(f"{_MORE}hmac-{d}" for d in ("md5", "sha224", "sha256", "sha384", "sha512")),
            )
        },
    }
)
"""RFC 9231, 2.3; `rsa-pss` here with its defaults (2.3.9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """One way to canonicalise."""

    exclusive: bool = False
    version_1_1: bool = False
    comments: bool = False
    prefixes: tuple[str, ...] = ()
    """InclusiveNamespaces of the exclusive way."""


DEFAULT_CANONICAL = Canonical()
"""XML Signature 1.1, 4.4.3.2: Canonical XML 1.0, where a reference names none."""
_C14N_10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
CANONICALS: Mapping[str, Canonical] = MappingProxyType(
    {
        _C14N_10: Canonical(),
        f"{_C14N_10}#WithComments": Canonical(comments=True),
        _C14N_11: Canonical(version_1_1=True),
        f"{_C14N_11}#WithComments": Canonical(version_1_1=True, comments=True),
        EC: Canonical(exclusive=True),
        f"{EC}WithComments": Canonical(exclusive=True, comments=True),
    }
)
ENVELOPED = f"{DS}enveloped-signature"
BASE64 = f"{DS}base64"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
