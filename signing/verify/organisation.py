"""Whose a receipt's or a bundle's seal is: the organisation's that sealed the evidence inside.

Below a public root anybody can have a certificate for documents, and seal real evidence of others
into a page or container of his own. So the certificates of both seals must name one organisation:
the same O (X.520, 6.4.1) and organizationIdentifier (EN 319 412-1, 5.1.4), as their authorities
spelled them. Where several successive keys sealed the evidences, one of them is enough. Pure.
"""

from collections.abc import Iterable

from cryptography import x509
from cryptography.x509.oid import NameOID

from signing.verify.evidence import ExaminedEvidence
from signing.verify.report import Text
from signing.verify.spoken import plain

_NAMES = (NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATION_IDENTIFIER)


def same_organisation(one: x509.Certificate, other: x509.Certificate) -> bool:
    """Whether both name one organisation; a certificate that names none equals itself only."""
    found = _organisation(one)
    return one == other or (bool(found[0]) and found == _organisation(other))


def of_another(
    signer: x509.Certificate, evidences: Iterable[ExaminedEvidence], text: Text
) -> Text | None:
    """`text`, filled in, where no evidence that holds is of the signer's organisation.

    None where one is, and where no seal of an evidence holds: then that is what is wrong.
    """
    sealers = [each.signer for each in evidences if each.signer is not None]
    if not sealers or any(same_organisation(signer, each) for each in sealers):
        return None
    return text.of(own=_shown(signer), other=_shown(sealers[0]))


def _organisation(one: x509.Certificate) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(str(each.value) for each in one.subject.get_attributes_for_oid(kind))
        for kind in _NAMES
    )


def _shown(one: x509.Certificate) -> str:
    words = [word for some in _organisation(one) for word in some]
    return plain(", ".join(words) or one.subject.rfc4514_string())
