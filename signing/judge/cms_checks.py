"""What a CMS signature must carry and whether it holds: attributes, algorithms, digest, key.

Clauses 6 and 7 of the acceptance rule (RFC 5652, 5; ETSI EN 319 122-1, 5). Used for signatures
and for timestamp tokens alike. It does not ask whom the certificate belongs to (`chain` does).
"""

import re
from collections import Counter

from asn1crypto import cms, core, parser, x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign.general import CMSStructuralError
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import (
    extract_certs_for_validation,
    get_signing_cert_attr,
    validate_sig_integrity,
)

from signing.judge.algorithms import StrongAlgorithms, is_known
from signing.judge.reasons import ANSWERS, Code, Refused
from signing.judge.signer import key_findings
from tdh.domain.verdicts import AlgorithmFinding

_NEEDED = frozenset({"content_type", "message_digest"})
_ONLY_ONE_VALUE = _NEEDED | {"signing_certificate", "signing_certificate_v2", "signing_time"}
_STRONG = StrongAlgorithms()
_CONTEXT = 2
"""Class of tags that a format numbers itself (X.690, 8.1.2.2)."""
MAX_NAME = 64
"""Characters of an algorithm's name; one that nobody knows is an object identifier."""


def check_signed_attributes(info: cms.SignerInfo, *, needs_certificate: bool) -> None:
    """Clause 6: signed attributes are there, once each, and bind the signer's certificate."""
    attributes = info["signed_attrs"]
    if isinstance(attributes, core.Void) or not len(attributes):
        raise Refused(Code.SIGNED_ATTRIBUTES)
    kinds = Counter(attribute["type"].native for attribute in attributes)
    if not kinds.keys() >= _NEEDED:
        raise Refused(Code.SIGNED_ATTRIBUTES)
    repeated = [kind for kind, count in kinds.items() if count > 1]
    several = [
        attribute["type"].native
        for attribute in attributes
        if attribute["type"].native in _ONLY_ONE_VALUE and len(attribute["values"]) != 1
    ]
    if repeated or several:
        raise Refused(Code.SIGNED_ATTRIBUTE_REPEATED, str(repeated or several))
    if needs_certificate and get_signing_cert_attr(attributes) is None:
        raise Refused(Code.SIGNING_CERTIFICATE_ATTRIBUTE)


_FIELDS_OF_SIGNER = re.compile(r"2 (?:16|c0) 16 (?:c0 )?16 4 (?:c1 )?")
_FIELDS_OF_SIGNED_DATA = re.compile(r"2 17 16 (?:c0 )?(?:c1 )?17 ")


def check_fields(signed_data: cms.SignedData, info: cms.SignerInfo) -> None:
    """Clause 6 (RFC 5652, 5.1 and 5.3): the fields of the standard and no other.

    The library passes over fields behind the last that it knows, in which anything could stand.
    """
    for item, fields in ((signed_data, _FIELDS_OF_SIGNED_DATA), (info, _FIELDS_OF_SIGNER)):
        if fields.fullmatch(_tags(item.contents)) is None:
            raise Refused(Code.CONTENTS_DAMAGED, "a field that no standard knows")


def _tags(content: bytes) -> str:
    """Tag numbers in order, `c` before those of the context class."""
    tags, place = "", 0
    while place < len(content):
        kind, _, tag, header, body, trailer = parser.parse(content[place:])
        tags += f"{'c' if kind == _CONTEXT else '' if kind == 0 else '?'}{tag} "
        place += len(header) + len(body) + len(trailer)
    return tags


def signer_certificate(
    signed_data: cms.SignedData,
) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """EN 319 102-1, 5.2.3: the certificate that signed, bound by its attribute; and the others."""
    try:
        certificates = extract_certs_for_validation(signed_data)
    except SignatureValidationError as problem:
        raise Refused(Code.SIGNING_CERTIFICATE_MISSING, str(problem)) from problem
    return certificates.signer_cert, tuple(certificates.other_certs)


def check_algorithms(info: cms.SignerInfo, certificate: x509.Certificate) -> Code | None:
    """Clause 7: the digest, the mechanism and the key are strong enough."""
    digest = _STRONG.digest_algorithm_allowed(info["digest_algorithm"], None)
    algorithm = info["signature_algorithm"]
    mechanism = _STRONG.signature_algorithm_allowed(algorithm, None, certificate.public_key)
    if digest and mechanism:
        return None
    return Code.WEAK_ALGORITHM if is_known(algorithm) else Code.UNKNOWN_ALGORITHM


def check_integrity(
    info: cms.SignerInfo, certificate: x509.Certificate, digest: bytes, content_type: str = "data"
) -> Code | None:
    """EN 319 102-1, 5.2.7: the signed digest is the content's, the signature is the key's."""
    try:
        intact, valid = validate_sig_integrity(info, certificate, content_type, digest)
    except CMSStructuralError as problem:
        raise Refused(Code.CONTENTS_DAMAGED, str(problem)) from problem
    except SignatureValidationError as problem:
        raise Refused(Code.SIGNED_ATTRIBUTES, str(problem)) from problem
    except UnsupportedAlgorithm:  # a key on a curve, or of a kind, that nobody here knows
        return Code.UNKNOWN_ALGORITHM
    if not intact:
        return Code.CHANGED_AFTER_SIGNING
    if valid:
        return None
    known = is_known(info["signature_algorithm"])
    return Code.SIGNATURE_DOES_NOT_VERIFY if known else Code.UNKNOWN_ALGORITHM


def algorithm_findings(
    info: cms.SignerInfo, certificate: x509.Certificate
) -> tuple[AlgorithmFinding, ...]:
    """Say which digest, mechanism and key a signature uses, and whether each is good enough."""
    digest, mechanism = info["digest_algorithm"], info["signature_algorithm"]
    return (
        AlgorithmFinding(
            use="digest",
            name=str(digest["algorithm"].native)[:MAX_NAME],
            accepted=bool(_STRONG.digest_algorithm_allowed(digest, None)),
        ),
        AlgorithmFinding(
            use="signature",
            name=str(mechanism["algorithm"].native)[:MAX_NAME],
            accepted=bool(_STRONG.signature_algorithm_allowed(mechanism, None, None)),
        ),
        *key_findings(certificate),
    )


def worse(first: Code | None, second: Code | None) -> Code | None:
    """Of two findings the graver: failed before unclear before none; the earlier of equals."""
    if first is None or second is None:
        return first or second
    failed = [c for c in (first, second) if ANSWERS[c].indication.value == "TOTAL_FAILED"]
    return failed[0] if failed else first
