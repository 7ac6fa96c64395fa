"""Whether a certificate leads to a trusted anchor, at which time, and whether it is revoked.

X.509 path validation (RFC 5280, 6) with pyHanko's validator, offline: certificates, CRLs and OCSP
answers come from the trust folder and from the document. The result is one of the judge's codes.
Times by EN 319 102-1, 5.2.6 and 5.5.4: first at the time of judging, then, where a timestamp
proves that the signature is older, at the proven time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext, find_valid_path
from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    DisallowedAlgorithmError,
    ExpiredError,
    InsufficientRevinfoError,
    InvalidCertificateError,
    NotYetValidError,
    OCSPValidationError,
    PathBuildingError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    NO_REVOCATION,
    CertRevTrustPolicy,
    FreshnessReqType,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer
from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
from pyhanko_certvalidator.revinfo.validate_ocsp import verify_ocsp_response
from pyhanko_certvalidator.util import ConsList, get_declared_revinfo

from signing.judge.algorithms import StrongAlgorithms
from signing.judge.facts import Brought, NeedKind
from signing.judge.policy import RevocationMode
from signing.judge.reasons import Code, NoteCode
from signing.trust import Role, TrustFolder

_IF_DECLARED = RevocationCheckingPolicy(
    RevocationCheckingRule.CHECK_IF_DECLARED, RevocationCheckingRule.CHECK_IF_DECLARED
)
_CHECK_NOW = CertRevTrustPolicy(_IF_DECLARED, retroactive_revinfo=True)
"""Data may be younger than the time that is judged, but must not have run out before it."""
_CHECK_WITH_OLD_DATA = CertRevTrustPolicy(
    _IF_DECLARED,
    freshness=timedelta(days=36500),
    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
    retroactive_revinfo=True,
)
_DO_NOT_CHECK = CertRevTrustPolicy(NO_REVOCATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedAnchor:
    """A certificate that is trusted, for what, and from when until (not including) when."""

    certificate: x509.Certificate
    roles: frozenset[Role]
    valid_from: datetime | None
    valid_until: datetime | None

    def vouches(self, role: Role, at: datetime) -> bool:
        """Whether it is an anchor for this role at this time."""
        begun = self.valid_from is None or self.valid_from <= at
        ended = self.valid_until is not None and self.valid_until <= at
        return role in self.roles and begun and not ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Everything at hand for path validation, parsed."""

    anchors: tuple[TrustedAnchor, ...]
    others: tuple[x509.Certificate, ...] = ()
    crls: tuple[CRLContainer, ...] = ()
    ocsps: tuple[OCSPContainer, ...] = ()

    def plus(
        self,
        *,
        certificates: Iterable[x509.Certificate] = (),
        crls: Iterable[crl.CertificateList] = (),
        ocsps: Iterable[ocsp.OCSPResponse] = (),
    ) -> "Material":
        """Add what a document brings along; it helps, it is never trusted."""
        return replace(
            self,
            others=(*self.others, *certificates),
            crls=(*self.crls, *(CRLContainer(item) for item in crls)),
            ocsps=(*self.ocsps, *(c for item in ocsps for c in OCSPContainer.load_multi(item))),
        )

    def with_fetched(self, brought: Iterable[Brought]) -> "Material":
        """Add what a fetcher brought; what cannot be parsed is left out."""
        crls, ocsps = [], []
        for item in brought:
            try:
                match item.kind:
                    case NeedKind.CRL:
                        crls.append(crl.CertificateList.load(item.data, strict=True))
                    case NeedKind.OCSP:
                        ocsps.append(ocsp.OCSPResponse.load(item.data, strict=True))
            except (ValueError, TypeError):
                continue
        return self.plus(crls=crls, ocsps=ocsps)


def material_of(trust: TrustFolder) -> Material:
    """Parse a trust folder, which was checked when it was read."""
    return Material(
        anchors=tuple(
            TrustedAnchor(
                certificate=x509.Certificate.load(anchor.der),
                roles=anchor.roles,
                valid_from=anchor.valid_from,
                valid_until=anchor.valid_until,
            )
            for anchor in trust.anchors
        ),
        others=tuple(x509.Certificate.load(der) for der in trust.intermediates),
    ).plus(
        crls=(crl.CertificateList.load(der) for der in trust.crls),
        ocsps=(ocsp.OCSPResponse.load(der) for der in trust.ocsps),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFinding:
    """Why the chain does not hold (None: it holds), and what should be mentioned."""

    code: Code | None = None
    notes: frozenset[NoteCode] = frozenset()
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One certificate, to be judged at one time."""

    certificate: x509.Certificate
    material: Material
    mode: RevocationMode
    at: datetime
    role: Role = Role.SENDER
    """For what the certificate is used: only anchors for that count."""


class _Status(Enum):
    GOOD = "good"
    UNKNOWN = "unknown"


async def judge_chain(question: Question, proven: datetime | None) -> ChainFinding:
    """Judge at the time of judging, else at the time by which the signature existed.

    `proven` is the time of a verified timestamp over what the certificate signed.
    """
    finding = await _judge_at(question)
    if finding.code is not None and proven is not None:
        finding = await _judge_at(replace(question, at=proven))
    existed = proven or question.at
    begins = question.certificate.not_valid_before
    if finding.code in {None, Code.CHAIN_INVALID} and existed < begins:
        return replace(finding, code=Code.CERTIFICATE_NOT_YET_VALID)
    return finding


async def _judge_at(question: Question) -> ChainFinding:
    try:
        try:
            path, unchecked = await _path(question, _CHECK_NOW), False
        except InsufficientRevinfoError:
            path, unchecked = await _path(question, _DO_NOT_CHECK), True
        old = await _check_lists(question, path, all_of_them=unchecked)
    except ExpiredError as problem:
        if not problem.is_ee_cert or problem.is_side_validation:
            return ChainFinding(code=Code.CHAIN_INVALID)
        return await _expired(question)
    except RevokedError as problem:
        return _revoked(problem)
    except (ValidationError, PathBuildingError) as problem:
        return ChainFinding(code=_code_of(problem))
    if not unchecked:
        return ChainFinding()
    if question.mode is RevocationMode.REQUIRE:
        return ChainFinding(code=Code.REVOCATION_UNKNOWN)
    noted = NoteCode.REVOCATION_DATA_OLD if old is _Status.GOOD else NoteCode.REVOCATION_NOT_CHECKED
    return ChainFinding(notes=frozenset({noted}))


def _code_of(problem: ValidationError | PathBuildingError) -> Code:
    match problem:
        case PathBuildingError() | InvalidCertificateError():  # the latter: self-signed, no anchor
            return Code.UNKNOWN_ROOT
        case DisallowedAlgorithmError():
            return Code.WEAK_ALGORITHM
        case NotYetValidError() if problem.is_ee_cert and not problem.is_side_validation:
            return Code.CERTIFICATE_NOT_YET_VALID
        case _:
            return Code.CHAIN_INVALID


def _revoked(problem: RevokedError) -> ChainFinding:
    if problem.is_side_validation:
        return ChainFinding(code=Code.CHAIN_INVALID)
    code = Code.CERTIFICATE_REVOKED if problem.is_ee_cert else Code.AUTHORITY_REVOKED
    return ChainFinding(code=code, revoked_at=problem.revocation_dt)


async def _expired(question: Question) -> ChainFinding:
    """EN 319 102-1, 5.2.6.4: an expired certificate of which it is known that it was good."""
    last_moment = replace(question, at=question.certificate.not_valid_after)
    try:
        path = await _path(last_moment, _DO_NOT_CHECK)
        status = await _check_lists(question, path, all_of_them=True)
    except RevokedError as problem:
        return _revoked(problem)
    except (ValidationError, PathBuildingError) as problem:
        return ChainFinding(code=_code_of(problem))
    if status is _Status.GOOD:
        return ChainFinding(code=Code.CERTIFICATE_EXPIRED_NOT_REVOKED)
    return ChainFinding(code=Code.CERTIFICATE_EXPIRED)


async def _path(question: Question, revocation: CertRevTrustPolicy) -> ValidationPath:
    context = _context(question, revocation)
    candidates = context.path_builder.async_build_paths_lazy(question.certificate)
    path: ValidationPath = await find_valid_path(
        question.certificate, candidates, validation_context=context
    )
    return path


async def _check_lists(question: Question, path: ValidationPath, *, all_of_them: bool) -> _Status:
    """Look certificates of the path up in all data at hand, old ones too.

    The validator asks for revocation only where a certificate names a source, and gives up at the
    first gap; an operator's list must count all the same. Without `all_of_them` only those that
    name no source are looked up: the validator did the others. GOOD means that the end certificate
    and all that name a source were found good. Raises RevokedError.
    """
    if not question.material.crls and not question.material.ocsps:
        return _Status.UNKNOWN
    context = _context(question, _CHECK_WITH_OLD_DATA)
    whole = _Status.GOOD
    for index in range(1, path.pkix_len + 1):
        certificate = path[index]
        declared = any(get_declared_revinfo(certificate))
        if declared and not all_of_them:
            continue
        status = await _listed(certificate, path, index, context)
        if status is _Status.UNKNOWN and (declared or index == path.pkix_len):
            whole = _Status.UNKNOWN
    return whole


async def _listed(
    certificate: x509.Certificate, path: ValidationPath, index: int, context: ValidationContext
) -> _Status:
    state = ValProcState(cert_path_stack=ConsList.sing(path), init_index=index)
    status = _Status.UNKNOWN
    try:
        await verify_ocsp_response(certificate, path, context, proc_state=state)
        status = _Status.GOOD
    except OCSPValidationError:
        pass
    try:
        await verify_crl(certificate, path, context, proc_state=state)
        status = _Status.GOOD
    except CRLValidationError:
        pass
    return status


def _context(question: Question, revocation: CertRevTrustPolicy) -> ValidationContext:
    material = question.material
    return ValidationContext(
        trust_roots=[
            anchor.certificate
            for anchor in material.anchors
            if anchor.vouches(question.role, question.at)
        ],
        other_certs=list(material.others),
        moment=question.at,
        best_signature_time=question.at,
        allow_fetching=False,
        crls=list(material.crls),
        ocsps=list(material.ocsps),
        revinfo_policy=revocation,
        algorithm_usage_policy=StrongAlgorithms(),
    )
