"""Which cryptography one XML signature uses, told for its verdict (EN 319 102-1, 5.2.8)."""

from asn1crypto import x509

from signing.judge.algorithms import DIGESTS
from signing.judge.signer import key_findings
from signing.judge.xml_names import Method, Scheme
from signing.judge.xml_signature import XmlSignature
from tdh.domain.verdicts import AlgorithmFinding

UNKNOWN = "unknown"


def algorithm_findings(
    signature: XmlSignature, certificate: x509.Certificate
) -> tuple[AlgorithmFinding, ...]:
    """Say which digests, mechanism and key a signature uses, and whether each is good enough."""
    digests = dict.fromkeys(reference.digest for reference in signature.references)
    return (
        *(
            AlgorithmFinding(use="digest", name=name or UNKNOWN, accepted=name in DIGESTS)
            for name in digests
        ),
        _of_method(signature.method),
        *key_findings(certificate),
    )


def _of_method(method: Method | None) -> AlgorithmFinding:
    if method is None:
        return AlgorithmFinding(use="signature", name=UNKNOWN, accepted=False)
    strong = method.scheme is not Scheme.SHARED_SECRET and (
        not method.digest or method.digest in DIGESTS
    )
    name = "-".join(filter(None, (method.scheme.value, method.digest)))
    return AlgorithmFinding(use="signature", name=name, accepted=strong)
