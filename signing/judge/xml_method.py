"""Which method a signature names: ds:SignatureMethod with its parameters (RFC 9231, 2.3)."""

import re

from lxml import etree

from signing.judge.xml_names import (
    DIGESTS,
    DS,
    METHODS,
    PSS_PARAMETERS,
    PSS_SALT,
    PSS_TRAILER,
    RSA_PSS,
    Method,
    Scheme,
)
from signing.judge.xml_reader import children, leaf

_DIGEST = f"{{{DS}}}DigestMethod"
_SALT = re.compile("[0-9]{1,3}")


def read_method(element: etree._Element) -> Method | None:
    """The method; None where the judge does not know it, or its parameters. Raises Refused."""
    algorithm = element.get("Algorithm", "")
    parameters = children(element)
    if not parameters:
        return METHODS.get(algorithm)
    if algorithm != RSA_PSS or [part.tag for part in parameters] != [PSS_PARAMETERS]:
        return None
    return _read_pss(children(parameters[0]))


def _read_pss(parts: tuple[etree._Element, ...]) -> Method | None:
    """RFC 9231, 2.3.9: any salt; digest and mask as by default, for nobody writes other ones."""
    known = {str(part.tag): part for part in parts}
    if len(known) != len(parts) or known.keys() - {_DIGEST, PSS_SALT, PSS_TRAILER}:
        return None
    digest = DIGESTS.get(known[_DIGEST].get("Algorithm", "")) if _DIGEST in known else "sha256"
    salt = _SALT.fullmatch(leaf(known[PSS_SALT])) if PSS_SALT in known else _SALT.fullmatch("32")
    trailer = leaf(known[PSS_TRAILER]) if PSS_TRAILER in known else "1"
    if digest != "sha256" or salt is None or trailer != "1":
        return None
    return Method(Scheme.PSS, digest, int(salt[0]))
