"""What an OCSP answer says of one certificate, and whether its signer may say it (RFC 6960).

The signer is the issuer itself, or a responder whose certificate the issuer signed for this purpose
(4.2.2.2). Never asks a responder; never decides whether an answer is fresh.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import core, ocsp, x509
from pyhanko_certvalidator import ValidationContext, find_valid_path
from pyhanko_certvalidator.errors import PathBuildingError, ValidationError
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.sig_validate import DefaultSignatureValidator

from signing.judge.algorithms import StrongAlgorithms
from signing.judge.revocation_data import TROUBLE, RevocationDatum, Said, Statement

MAX_RESPONDER_CERTIFICATES = 8
_CERT_ID_DIGESTS = frozenset({"sha1", "sha256", "sha384", "sha512"})
"""A CertID only names a certificate; SHA-1 is what responders expect (RFC 5019, 2.1.1)."""
_UNDERSTOOD = frozenset({"nonce", "extended_revoke", "archive_cutoff", "crl", "crl_reason"})
_STRONG = StrongAlgorithms()
_SIGNATURES = DefaultSignatureValidator()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A statement, and who signed it where that is not the issuer."""

    statement: Statement
    produced_at: datetime
    responder: x509.Certificate | None = None
    """Its signature is verified, its right to answer not yet: `may_answer`."""


def answer_about(
    datum: RevocationDatum, certificate: x509.Certificate, issuer: x509.Certificate
) -> Answer | None:
    """Read the answer; None where it does not speak of this certificate or was not signed so."""
    try:
        whole = datum.as_answer
        if whole is None:
            return None
        facts = whole["tbs_response_data"]
        single = _about(facts["responses"], certificate, issuer)
        if single is None or not _is_understood(facts, single):
            return None
        statement = _read(datum, single)
        signer = _signer(whole, issuer)
        if statement is None or signer is None:
            return None
        return Answer(
            statement=statement,
            produced_at=facts["produced_at"].native,
            responder=None if signer.dump() == issuer.dump() else signer,
        )
    except TROUBLE:
        return None


def _about(
    answers: ocsp.Responses, certificate: x509.Certificate, issuer: x509.Certificate
) -> ocsp.SingleResponse | None:
    return next((one for one in answers if _is_about(one, certificate, issuer)), None)


def _is_about(
    single: ocsp.SingleResponse, certificate: x509.Certificate, issuer: x509.Certificate
) -> bool:
    """RFC 6960, 3.2 (1): the certificate that was asked for, of this issuer's key."""
    asked = single["cert_id"]
    digest = asked["hash_algorithm"]["algorithm"].native
    return bool(
        digest in _CERT_ID_DIGESTS
        and asked["serial_number"].native == certificate.serial_number
        and asked["issuer_name_hash"].native == getattr(certificate.issuer, digest)
        and asked["issuer_key_hash"].native == getattr(issuer.public_key, digest)
    )


def _is_understood(facts: ocsp.ResponseData, single: ocsp.SingleResponse) -> bool:
    """RFC 6960, 4.4: an answer with an unknown critical extension says nothing."""
    every = (*_extensions(facts["response_extensions"]), *_extensions(single["single_extensions"]))
    return {item["extn_id"].native for item in every if item["critical"].native} <= _UNDERSTOOD


def _extensions(items: core.Asn1Value) -> Iterator[core.Sequence]:
    return iter(()) if isinstance(items, core.Void) else iter(items)


def _read(datum: RevocationDatum, single: ocsp.SingleResponse) -> Statement | None:
    status, revoked_at, reason = single["cert_status"], None, None
    match status.name:
        case "good":
            said = Said.GOOD
        case "revoked":
            revoked_at = status.chosen["revocation_time"].native
            reason = status.chosen["revocation_reason"].native
            said = Said.ON_HOLD if reason == "certificate_hold" else Said.REVOKED
        case _:  # unknown: no statement
            return None
    cutoff = single.archive_cutoff_value
    return Statement(
        said=said,
        datum=datum,
        this_update=single["this_update"].native,
        next_update=single["next_update"].native,
        revoked_at=revoked_at,
        reason=_camel(reason),
        keeps_expired_from=None if cutoff is None else cutoff.native,
    )


def _camel(reason: str | None) -> str | None:
    """`key_compromise` as the standard spells it: `keyCompromise`."""
    if reason is None:
        return None
    first, *rest = reason.split("_")
    return first + "".join("CRL" if word == "crl" else word.capitalize() for word in rest)


def _signer(whole: ocsp.BasicOCSPResponse, issuer: x509.Certificate) -> x509.Certificate | None:
    """RFC 6960, 3.2 (2), (3): the certificate that the responder names and whose key signed."""
    embedded = () if isinstance(whole["certs"], core.Void) else tuple(whole["certs"])
    named = whole["tbs_response_data"]["responder_id"]
    for candidate in (issuer, *embedded[:MAX_RESPONDER_CERTIFICATES]):
        if (
            _is_named(named, candidate)
            and _is_strong(whole, candidate)
            and _is_signed(whole, candidate)
        ):
            return candidate
    return None


def _is_named(named: ocsp.ResponderId, candidate: x509.Certificate) -> bool:
    if named.name == "by_key":
        return bool(named.native == candidate.public_key.sha1)
    return bool(named.chosen == candidate.subject)


def _is_strong(whole: ocsp.BasicOCSPResponse, candidate: x509.Certificate) -> bool:
    """The policy's cryptography."""
    algorithm = whole["signature_algorithm"]
    return bool(_STRONG.signature_algorithm_allowed(algorithm, None, candidate.public_key))


def _is_signed(whole: ocsp.BasicOCSPResponse, candidate: x509.Certificate) -> bool:
    try:
        _SIGNATURES.validate_signature(
            whole["signature"].native,
            whole["tbs_response_data"].dump(),
            candidate.public_key,
            whole["signature_algorithm"],
        )
    except Exception:  # noqa: BLE001 - whatever the reason, this key did not verifiably sign
        return False
    return True


async def may_answer(
    responder: x509.Certificate, issuer: x509.Certificate, times: tuple[datetime, ...]
) -> bool:
    """RFC 6960, 4.2.2.2: issued by this very issuer, for this purpose, valid at all these times.

    Whether the responder's own certificate was revoked is asked elsewhere.
    """
    try:
        if not _has_purpose(responder) or not _may_sign(responder):
            return False
        for time in times:
            context = ValidationContext(
                trust_roots=[issuer],
                moment=time,
                best_signature_time=time,
                allow_fetching=False,
                revinfo_policy=CertRevTrustPolicy(NO_REVOCATION),
                algorithm_usage_policy=_STRONG,
            )
            paths = context.path_builder.async_build_paths_lazy(responder)
            path = await find_valid_path(responder, paths, validation_context=context)
            if path.pkix_len != 1:
                return False
    except (ValidationError, PathBuildingError, *TROUBLE):
        return False
    return True


def _has_purpose(responder: x509.Certificate) -> bool:
    """RFC 6960, 4.2.2.2: id-kp-OCSPSigning, or every signer of the issuer could answer."""
    purposes = responder.extended_key_usage_value
    return purposes is not None and "ocsp_signing" in purposes.native


def _may_sign(responder: x509.Certificate) -> bool:
    """RFC 5280, 4.2.1.3."""
    usage = responder.key_usage_value
    return usage is None or bool(usage.native & {"digital_signature", "non_repudiation"})


def is_never_checked(responder: x509.Certificate) -> bool:
    """RFC 6960, 4.2.2.2.1: id-pkix-ocsp-nocheck, the issuer vouches for the whole lifetime."""
    return responder.ocsp_no_check_value is not None
