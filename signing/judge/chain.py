"""Whether a certificate leads to a trusted anchor, at which time, and whether it is revoked.

X.509 path validation (RFC 5280, 6) with pyHanko's validator, offline; then each certificate of the
path is looked up in the revocation data at hand (`revocation_check`). The result is one of the
judge's codes, what was found of each certificate, and what is missing. Times by EN 319 102-1, 5.2.6
and 5.5.4: first at the time of judging, then, where a timestamp proves that the signature is older,
at the proven time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext, find_valid_path
from pyhanko_certvalidator.errors import (
    DisallowedAlgorithmError,
    ExpiredError,
    InvalidCertificateError,
    NotYetValidError,
    PathBuildingError,
    ValidationError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import NO_REVOCATION, CertRevTrustPolicy
from pyhanko_certvalidator.util import get_declared_revinfo

from signing.judge.algorithms import StrongAlgorithms
from signing.judge.facts import Brought, ChainFact, Need, NeedKind
from signing.judge.policy import Policy, RevocationMode
from signing.judge.reasons import Code, NoteCode
from signing.judge.revocation_check import Checked, check_path, needs_of_path
from signing.judge.revocation_data import Origin, RevocationDatum
from signing.judge.revocation_weigh import Occasion, Standing
from signing.trust import Role, TrustFolder
from tdh.domain.verdicts import RevocationFinding

_PATH_ONLY = CertRevTrustPolicy(NO_REVOCATION)


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
    revocation: tuple[RevocationDatum, ...] = ()

    def plus(
        self,
        *,
        certificates: Iterable[x509.Certificate] = (),
        crls: Iterable[crl.CertificateList] = (),
        ocsps: Iterable[ocsp.OCSPResponse] = (),
    ) -> "Material":
        """Add what a document brings along; it helps, it is never trusted."""
        brought = [
            RevocationDatum(kind=kind, der=item.dump(), origin=Origin.DOCUMENT)
            for kind, items in ((NeedKind.CRL, crls), (NeedKind.OCSP, ocsps))
            for item in items
        ]
        return replace(self, others=(*self.others, *certificates)).with_data(brought)

    def with_fetched(self, brought: Iterable[Brought]) -> "Material":
        """Add what a fetcher brought; what cannot be parsed will say nothing."""
        return self.with_data(
            RevocationDatum(kind=item.kind, der=item.data, origin=Origin.FETCHED)
            for item in brought
        )

    def with_data(self, data: Iterable[RevocationDatum]) -> "Material":
        """Add revocation data; bytes that are there already are not added again."""
        known = {datum.der for datum in self.revocation}
        new = {datum.der: datum for datum in data if datum.der not in known}
        return replace(self, revocation=(*self.revocation, *new.values()))


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
    ).with_data(
        RevocationDatum(kind=kind, der=der, origin=Origin.TRUST)
        for kind, ders in ((NeedKind.CRL, trust.crls), (NeedKind.OCSP, trust.ocsps))
        for der in ders
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFinding:
    """Why the chain does not hold (None: it holds), and what should be mentioned."""

    code: Code | None = None
    notes: frozenset[NoteCode] = frozenset()
    revoked_at: datetime | None = None
    path: tuple[x509.Certificate, ...] = ()
    """From the anchor to the certificate in question; empty where there is no valid path."""
    revocation: tuple[RevocationFinding, ...] = ()
    """What was found of each certificate below the anchor, the certificate in question first."""
    needs: tuple[Need, ...] = ()
    """Revocation data that are missing, or too old."""
    past: bool = False
    """Whether it is about a proven time, because the chain does not hold at the time of judging."""
    facts: tuple[ChainFact, ...] = ()
    """What of it will stay so for a while (`intervals`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One certificate, to be judged at one time."""

    certificate: x509.Certificate
    material: Material
    policy: Policy
    at: datetime
    role: Role = Role.SENDER
    """For what the certificate is used: only anchors for that count."""


async def judge_chain(question: Question, proven: datetime | None) -> ChainFinding:
    """Judge at the time of judging, else at the time by which the signature existed.

    `proven` is the time of a verified timestamp over what the certificate signed.
    """
    finding = await _judge_at(question, question.at)
    if finding.code is not None and proven is not None:
        finding = replace(await _judge_at(question, proven), past=True)
    existed = proven or question.at
    begins = question.certificate.not_valid_before
    if finding.code in {None, Code.CHAIN_INVALID} and existed < begins:
        return replace(finding, code=Code.CERTIFICATE_NOT_YET_VALID)
    return finding


async def _judge_at(question: Question, at: datetime) -> ChainFinding:
    occasion = Occasion(at=at, now=question.at, policy=question.policy)
    try:
        path = await _path(question, at)
    except ExpiredError as problem:
        if not problem.is_ee_cert or problem.is_side_validation:
            return ChainFinding(code=Code.CHAIN_INVALID)
        return await _expired(question, occasion)
    except (ValidationError, PathBuildingError) as problem:
        return ChainFinding(code=_code_of(problem))
    if len(path) == 1:
        return _trusted_itself(question, at)
    checked = await check_path(path, question.material.revocation, occasion)
    return _finding(path, checked, question.policy.revocation)


def _trusted_itself(question: Question, at: datetime) -> ChainFinding:
    """EN 319 102-1, 5.2.6: a signer's certificate that is an anchor has its time all the same.

    RFC 5280 asks nothing of anchors. What its issuer says of it cannot be verified here.
    """
    certificate = question.certificate
    found = ChainFinding(path=(certificate,))
    if not certificate.not_valid_before <= at <= certificate.not_valid_after:
        late = at > certificate.not_valid_after
        code = Code.CERTIFICATE_EXPIRED if late else Code.CERTIFICATE_NOT_YET_VALID
        return replace(found, code=code)
    if not any(get_declared_revinfo(certificate)):
        return found
    if question.policy.revocation is not RevocationMode.IF_PRESENT:
        return replace(found, code=Code.REVOCATION_UNKNOWN)
    return replace(found, notes=frozenset({NoteCode.REVOCATION_NOT_CHECKED}))


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


def _finding(
    path: tuple[x509.Certificate, ...], checked: Sequence[Checked], mode: RevocationMode
) -> ChainFinding:
    """EN 319 102-1, 5.2.6.4: from the anchor down, the first revoked certificate decides."""
    found = ChainFinding(
        path=path,
        revocation=tuple(one.finding for one in reversed(checked)),
        needs=needs_of_path(checked),
    )
    for depth, one in enumerate(checked, 1):
        if one.weighed.standing is Standing.REVOKED:
            last = depth == len(checked)
            code = Code.CERTIFICATE_REVOKED if last else Code.AUTHORITY_REVOKED
            return replace(found, code=code, revoked_at=one.finding.revoked_at)
    standings = {one.weighed.standing for one in checked if _counts(one)}
    if Standing.ON_HOLD in standings:
        return replace(found, code=Code.CERTIFICATE_SUSPENDED)
    if Standing.UNKNOWN in standings and mode is not RevocationMode.IF_PRESENT:
        return replace(found, code=Code.REVOCATION_UNKNOWN)
    notes = {
        Standing.UNKNOWN: NoteCode.REVOCATION_NOT_CHECKED,
        Standing.GOOD_BY_OLD_DATA: NoteCode.REVOCATION_DATA_OLD,
    }
    return replace(found, notes=frozenset(notes[one] for one in standings & notes.keys()))


def _counts(one: Checked) -> bool:
    """What names no source need not be on any list; if it is, that counts."""
    return one.names_source or one.weighed.standing is Standing.ON_HOLD


async def _expired(question: Question, occasion: Occasion) -> ChainFinding:
    """EN 319 102-1, 5.2.6.4: an expired certificate of which it is known that it was good."""
    last = question.certificate.not_valid_after
    try:
        path = await _path(question, last)
    except (ValidationError, PathBuildingError) as problem:
        return ChainFinding(code=_code_of(problem))
    data_of_any_age = replace(question.policy, revocation=RevocationMode.IF_PRESENT)
    then = replace(occasion, at=last, policy=data_of_any_age)
    checked = await check_path(path, question.material.revocation, then)
    revoked = _finding(path, checked, RevocationMode.IF_PRESENT)
    if revoked.code is not None:
        return revoked
    good = {Standing.GOOD, Standing.GOOD_BY_OLD_DATA}
    gaps = [one for one in checked if one.names_source and one.weighed.standing not in good]
    if checked[-1].weighed.standing in good and not gaps:
        return replace(revoked, code=Code.CERTIFICATE_EXPIRED_NOT_REVOKED)
    return replace(revoked, code=Code.CERTIFICATE_EXPIRED)


async def _path(question: Question, at: datetime) -> tuple[x509.Certificate, ...]:
    """From the anchor to the certificate. Raises ValidationError, PathBuildingError."""
    context = ValidationContext(
        trust_roots=[
            anchor.certificate
            for anchor in question.material.anchors
            if anchor.vouches(question.role, at)
            and (anchor.certificate.sha256 == question.certificate.sha256 or _may_issue(anchor))
        ],
        other_certs=list(question.material.others),
        moment=at,
        best_signature_time=at,
        allow_fetching=False,
        revinfo_policy=_PATH_ONLY,
        algorithm_usage_policy=StrongAlgorithms(),
    )
    candidates = context.path_builder.async_build_paths_lazy(question.certificate)
    path: ValidationPath = await find_valid_path(
        question.certificate, candidates, validation_context=context
    )
    return tuple(path.iter_certs(include_root=True))


def _may_issue(anchor: TrustedAnchor) -> bool:
    """Whether an anchor may vouch for others than itself (RFC 5280, 4.2.1.3, 4.2.1.9).

    A person's certificate can be an anchor, too; that person is no authority. RFC 5280, 6.1 asks
    nothing of anchors; a root from before such extensions is known by having issued itself.
    """
    certificate = anchor.certificate
    constraints, usage = certificate.basic_constraints_value, certificate.key_usage_value
    if usage is not None and "key_cert_sign" not in usage.native:
        return False
    if constraints is None:
        return bool(certificate.self_issued)
    return bool(constraints["ca"].native)
