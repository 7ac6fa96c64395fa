"""The seal of a bundle: a detached CAdES signature over its manifest, and whose it is.

EN 319 162-1 (ASiC-E with CAdES), EN 319 122-1. The key is one for documents that people read
(RFC 9336), of the organisation that sealed the evidence inside, below a root that the verifier
trusts; a key that seals evidence seals no bundle. After the certificate's end only a trusted
timestamp over the signature shows that it was made before; where the key is in other hands, only
an outsider's.
Revocation is not looked at; roots are never taken from the bundle.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy

from signing import cms
from signing.certificate_path import PathError, find_path
from signing.certificates import DOCUMENT_SIGNING
from signing.errors import ProofError
from signing.seal_check import Outcome
from signing.verify import bundle_words as words
from signing.verify.evidence import ExaminedEvidence
from signing.verify.organisation import of_another
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.spoken import moment
from signing.verify.terms import Terms
from signing.verify.voices import (
    Stamp,
    Vouched,
    earliest,
    hear_token,
    outsider_before,
    vouched_by,
)


def check_bundle_seal(
    manifest: bytes, seal: bytes, evidences: Iterable[ExaminedEvidence], terms: Terms
) -> tuple[CheckLine, CheckLine]:
    """The lines `seal` and `certificate`. Never raises for what is wrong with the seal."""
    try:
        signed = cms.open_detached(seal, manifest)
    except ProofError as exc:
        return (
            _line(CheckId.SEAL, Outcome.FAIL, words.SEAL_BROKEN.of(why=exc)),
            _line(CheckId.CERTIFICATE, Outcome.UNKNOWN, words.CERTIFICATE_UNREAD),
        )
    outcome, text = _certificate(signed, terms)
    other = of_another(signed.signer, evidences, words.CERTIFICATE_OF_ANOTHER)
    if other is not None and outcome is not Outcome.FAIL:
        outcome, text = Outcome.FAIL, other
    return (
        _line(CheckId.SEAL, Outcome.PASS, words.SEAL_HOLDS),
        _line(CheckId.CERTIFICATE, outcome, text),
    )


def _certificate(signed: cms.SignedContent, terms: Terms) -> tuple[Outcome, Text]:
    """Whose the seal is, and what its certificate's end or its key's loss since then means."""
    if not terms.trust.seal_roots:
        return Outcome.UNKNOWN, words.CERTIFICATE_NO_ROOTS
    leaf = signed.signer
    # At some time of its own there must be a path, or it is a stranger's.
    own = max(leaf.not_valid_before_utc, min(terms.at, leaf.not_valid_after_utc))
    try:
        path = _path(signed, own, terms)
    except ProofError as exc:
        return Outcome.FAIL, words.CERTIFICATE_BROKEN.of(why=exc)
    since = terms.in_other_hands(path)
    if since is None and own == terms.at:
        return Outcome.PASS, words.CERTIFICATE_HOLDS
    vouched = _vouched(signed, terms)
    seen = earliest(vouched) if since is None else outsider_before(vouched, since)
    if seen is None and since is not None:
        return Outcome.FAIL, words.CERTIFICATE_COMPROMISED.of(since=moment(since))
    if seen is None:
        return Outcome.UNKNOWN, words.CERTIFICATE_ENDED
    try:
        _path(signed, seen.time, terms)
    except PathError:
        return Outcome.UNKNOWN, words.CERTIFICATE_ENDED
    return Outcome.PASS, words.CERTIFICATE_PROVEN.of(time=moment(seen.time), name=seen.name)


def _path(signed: cms.SignedContent, at: datetime, terms: Terms) -> tuple[x509.Certificate, ...]:
    """Raises ProofError."""
    return find_path(
        signed.signer,
        intermediates=[*map(cms.load_certificate, signed.others)],
        roots=terms.trust.seal_roots,
        at=at,
        leaf_policy=_POLICY,
    )


def _vouched(signed: cms.SignedContent, terms: Terms) -> list[Vouched]:
    """Who says that the signature was there: timestamps over it that are believed."""
    imprint = hashlib.sha256(signed.signature).digest()
    heard = [hear_token(token, imprint, terms) for token in signed.tokens]
    return [vouched_by(each, record=False) for each in heard if isinstance(each, Stamp)]


def _may_sign(_: Policy, __: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not (usage.digital_signature or usage.content_commitment):
        raise ValueError("a key that may not sign")


def _is_for_documents(_: Policy, __: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    if list(usage) != [DOCUMENT_SIGNING]:
        raise ValueError("a key that is not for documents")


def _is_no_authority(
    _: Policy, __: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("an authority's key is no seal's")


_POLICY = (
    ExtensionPolicy.permit_all()
    .require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_documents)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
)


def _line(id_: CheckId, outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=id_, outcome=outcome, text=text)
