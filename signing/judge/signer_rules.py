"""Rules about a signer that hold whatever carries the signature: CMS or XML.

What the key may be used for (RFC 5280, 4.2.1.3 and 4.2.1.12), and what a timestamp proves that was
made before signing (EN 319 102-1, 5.3.4). Looks at values only; builds no chain.
"""

from datetime import datetime

from asn1crypto import x509

from signing.judge.codes import Code

FOREIGN_PURPOSES = frozenset({"time_stamping", "ocsp_signing", "code_signing", "server_auth"})
"""Extended key usages that exclude documents. Many authorities give persons `client_auth` only."""


def check_key_usage(certificate: x509.Certificate) -> Code | None:
    """RFC 5280, 4.2.1.3 and 4.2.1.12: a key for other things signs no document."""
    usage = certificate.key_usage_value
    if usage is not None and not usage.native & {"digital_signature", "non_repudiation"}:
        return Code.KEY_USAGE
    purposes = certificate.extended_key_usage_value
    if purposes is not None and set(purposes.native) <= FOREIGN_PURPOSES:
        return Code.KEY_USAGE
    return None


def after_the_fact(
    code: Code | None,
    certificate: x509.Certificate,
    revoked_at: datetime | None,
    started: datetime | None,
) -> Code | None:
    """EN 319 102-1, 5.3.4: a content timestamp proves that the signing itself came later."""
    if started is None:
        return code
    if code is Code.CERTIFICATE_REVOKED and revoked_at is not None and started >= revoked_at:
        return Code.SIGNED_AFTER_REVOCATION
    expired = {Code.CERTIFICATE_EXPIRED, Code.CERTIFICATE_EXPIRED_NOT_REVOKED}
    if code in expired and started > certificate.not_valid_after:
        return Code.SIGNED_AFTER_EXPIRY
    return code
