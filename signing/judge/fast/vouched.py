"""What the trusted process checks for itself before it remembers a fact about a chain.

A careful child reads hostile bytes and may have been taken over by them. Its word counts for its
own document; a fact counts for later ones too. So no fact is kept on a child's word alone: the
certificates must lead to an anchor of the trust store (RFC 5280, 6; by `certificate_path`, not by
the library that the child uses), and who signed must be who the certificate says. What is kept of
revocation is the child's word still: `ChainMemory` bounds how long it counts.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from cryptography import x509
from cryptography.x509.verification import ExtensionPolicy

from signing.certificate_path import PathError, find_path
from signing.judge.facts import ChainFact, Purpose
from signing.judge.fast.verdict import parties
from signing.judge.fast.verify import Party, Verified
from signing.judge.report import Report
from signing.judge.subject import named, signer_from
from signing.trust import Anchor, Role, TrustFolder
from tdh.domain.verdicts import Signer

_ROLES = {Purpose.SIGN: Role.SENDER, Purpose.TIMESTAMP: Role.TIMESTAMP}
_UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, Warning)


class Vouching:
    """By the anchors of one trust store."""

    def __init__(self, trust: TrustFolder) -> None:
        """Read the anchors; one that cannot be read vouches for nothing here."""
        self._anchors = [(anchor, root) for anchor in trust.anchors for root in _read([anchor.der])]

    def vouched(self, verified: Verified, report: Report, at: datetime) -> Report:
        """The report with those facts only that may be kept."""
        named = {
            (purpose, party.certificate_sha256, party.material): party
            for purpose, party in parties(verified)
        }
        facts = []
        for fact in report.facts:
            party = named.get((fact.purpose, fact.certificate_sha256, fact.material))
            if party is not None and self.holds(fact, party, at):
                facts.append(fact)
        return replace(report, facts=tuple(facts))

    def holds(self, fact: ChainFact, party: Party, at: datetime) -> bool:
        """Whether this fact about this certificate may be kept. False where in doubt."""
        if not party.chain or fact.certificate_sha256 != party.certificate_sha256:
            return False
        leaf, *others = _read(party.chain)
        try:
            path = find_path(
                leaf,
                intermediates=others,
                roots=[root for anchor, root in self._anchors if _vouches(anchor, fact, at)],
                at=at,
                leaf_policy=ExtensionPolicy.permit_all(),
            )
            told = signer_of(leaf, fact.certificate_sha256)
        except (PathError, *_UNREADABLE):
            return False
        within = all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in path[:-1])
        return within and told == fact.signer and fact.not_after <= leaf.not_valid_after_utc


def signer_of(certificate: x509.Certificate, sha256: str) -> Signer:
    """Who a certificate says its holder is, by another reader than the careful judge's."""
    return signer_from(
        subject=named(_attributes(certificate.subject)),
        issuer=named(_attributes(certificate.issuer)),
        serial=certificate.serial_number,
        certificate_sha256=sha256,
    )


def _attributes(name: x509.Name) -> Iterable[tuple[str, str | None]]:
    for one in name:
        yield one.oid.dotted_string, one.value if isinstance(one.value, str) else None


def _read(certificates: Iterable[bytes]) -> list[x509.Certificate]:
    found = []
    for der in certificates:
        try:
            found.append(x509.load_der_x509_certificate(der))
        except _UNREADABLE:
            continue
    return found


def _vouches(anchor: Anchor, fact: ChainFact, at: datetime) -> bool:
    begun = anchor.valid_from is None or anchor.valid_from <= at
    ended = anchor.valid_until is not None and anchor.valid_until <= at
    return _ROLES[fact.purpose] in anchor.roles and begun and not ended
