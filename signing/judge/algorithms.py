"""Which cryptography is good enough: an allow-list (SOG-IS agreed mechanisms, ETSI TS 119 312).

No SHA-1, MD5, RIPEMD; RSA from 2,048 bits; elliptic curves from 256 bits; Ed25519 and Ed448.
Whatever is not listed is not accepted. Applies to signatures, timestamps and every certificate
below an anchor.
"""

from datetime import datetime

from asn1crypto import algos, keys
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy
from typing_extensions import override

from signing.cms import MIN_RSA_BITS

DIGESTS = frozenset(
    {
        "sha256",
        "sha384",
        "sha512",
        "sha512_256",
        "sha3_256",
        "sha3_384",
        "sha3_512",
        "shake256",
        "shake256_len",
    }
)
EDWARDS = frozenset({"ed25519", "ed448"})
MIN_CURVE_BITS = 256


class StrongAlgorithms(AlgorithmUsagePolicy):
    """The allow-list in the form that pyHanko asks for."""

    @override
    def digest_algorithm_allowed(
        self, algo: algos.DigestAlgorithm, moment: datetime | None
    ) -> AlgorithmUsageConstraint:
        return AlgorithmUsageConstraint(allowed=algo["algorithm"].native in DIGESTS)

    @override
    def signature_algorithm_allowed(
        self,
        algo: algos.SignedDigestAlgorithm,
        moment: datetime | None,
        public_key: keys.PublicKeyInfo | None,
    ) -> AlgorithmUsageConstraint:
        return AlgorithmUsageConstraint(
            allowed=_mechanism_is_strong(algo) and key_is_strong(public_key)
        )


def is_known(algo: algos.SignedDigestAlgorithm) -> bool:
    """Whether the mechanism has a name at all, as against a bare object identifier."""
    try:
        return bool(algo.signature_algo)
    except ValueError:
        return False


def _mechanism_is_strong(algo: algos.SignedDigestAlgorithm) -> bool:
    if algo["algorithm"].native in EDWARDS:
        return True
    if not is_known(algo) or algo.signature_algo not in {"rsassa_pkcs1v15", "rsassa_pss", "ecdsa"}:
        return False
    try:
        return algo.hash_algo in DIGESTS
    except ValueError:  # bare rsaEncryption: the digest stands beside it and is checked there
        return True


def key_is_strong(key: keys.PublicKeyInfo | None) -> bool:
    """Whether a key is long enough; None, not known, counts as strong: others will see it."""
    if key is None:
        return True
    match key.algorithm:
        case "rsa" | "rsassa_pss":
            return bool(key.bit_size >= MIN_RSA_BITS)
        case "ec":
            return bool(key.bit_size >= MIN_CURVE_BITS)
        case name:
            return name in EDWARDS
