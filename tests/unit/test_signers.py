"""Who signed against who sends: one table of certificates, parties and what is registered."""

import unicodedata

import pytest

from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import PartyId
from tdh.domain.signers import MarkKind, SenderMatch, SignerMark, plain_name, sender_match
from tdh.domain.verdicts import Indication
from tests.builders import AGENCY, CITIZEN, COMPANY, signature, signer

PERSON, OTHER_PERSON = "1101700230708", "1100500000015"
TAX, OTHER_TAX = "0105536000315", "0994000165510"
CERTIFICATE, OTHER_CERTIFICATE = "ab" * 32, "cd" * 32
MINISTRY = "กระทรวงดิจิทัลตัวอย่าง"
SAME_PERSON, SAME_ORGANISATION = SenderMatch.SAME_PERSON, SenderMatch.SAME_ORGANISATION
OTHER, UNKNOWN = SenderMatch.OTHER, SenderMatch.UNKNOWN

BY_NUMBER = SignerMark(kind=MarkKind.NUMBER, value=PERSON)
BY_TAX = SignerMark(kind=MarkKind.NUMBER, value=OTHER_TAX)
BY_CERTIFICATE = SignerMark(kind=MarkKind.CERTIFICATE, value=CERTIFICATE)
BY_NAME = SignerMark(kind=MarkKind.ORGANIZATION, value=MINISTRY)

NAMELESS = signer()
TABLE = {
    # A citizen is known by the citizen number.
    "citizen, own number": (CITIZEN, (), signer(citizen_id=PERSON), SAME_PERSON),
    "citizen, own number as tax number": (CITIZEN, (), signer(tax_id=PERSON), SAME_PERSON),
    "citizen, another's number": (CITIZEN, (), signer(citizen_id=OTHER_PERSON), OTHER),
    "citizen, a company's seal": (CITIZEN, (), signer(tax_id=TAX), OTHER),
    "citizen, no number": (CITIZEN, (), NAMELESS, UNKNOWN),
    "citizen, only a name of an organisation": (CITIZEN, (), signer(organization="x"), UNKNOWN),
    "citizen, registered certificate": (
        CITIZEN, (BY_CERTIFICATE,), signer(certificate_sha256=CERTIFICATE), SAME_PERSON),
    "citizen, another certificate than registered": (
        CITIZEN, (BY_CERTIFICATE,), signer(certificate_sha256=OTHER_CERTIFICATE), OTHER),
    # A business is known by its tax number.
    "business, own number": (COMPANY, (), signer(tax_id=TAX), SAME_ORGANISATION),
    "business, another's number": (COMPANY, (), signer(tax_id=OTHER_TAX), OTHER),
    "business, a person nobody registered": (COMPANY, (), signer(citizen_id=PERSON), OTHER),
    "business, a registered person": (
        COMPANY, (BY_NUMBER,), signer(citizen_id=PERSON), SAME_PERSON),
    "business, another registered tax number": (
        COMPANY, (BY_TAX,), signer(tax_id=OTHER_TAX), SAME_ORGANISATION),
    "business, own number beside registered ones": (
        COMPANY, (BY_TAX, BY_NUMBER), signer(tax_id=TAX), SAME_ORGANISATION),
    "business, no number": (COMPANY, (), signer(organization="Example Co."), UNKNOWN),
    "business of one person, citizen number": (
        PartyId(f"th-tax-id:{PERSON}"), (), signer(citizen_id=PERSON), SAME_PERSON),
    # An agency is known only by what is registered.
    "agency, nothing registered": (AGENCY, (), signer(tax_id=TAX, organization=MINISTRY), UNKNOWN),
    "agency, registered name": (
        AGENCY, (BY_NAME,), signer(organization=MINISTRY), SAME_ORGANISATION),
    "agency, another name": (AGENCY, (BY_NAME,), signer(organization="กรมอื่น"), OTHER),
    "agency, no name where one is registered": (AGENCY, (BY_NAME,), NAMELESS, UNKNOWN),
    "agency, registered seal": (
        AGENCY, (BY_CERTIFICATE,), signer(certificate_sha256=CERTIFICATE), SAME_ORGANISATION),
    "agency, an officer's registered certificate": (
        AGENCY, (BY_CERTIFICATE,),
        signer(certificate_sha256=CERTIFICATE, citizen_id=OTHER_PERSON), SAME_PERSON),
    "agency, a registered officer": (AGENCY, (BY_NUMBER,), signer(citizen_id=PERSON), SAME_PERSON),
    "agency, another person": (AGENCY, (BY_NUMBER,), signer(citizen_id=OTHER_PERSON), OTHER),
    "agency, whose id looks like somebody's number": (
        PartyId(f"th-agency:{PERSON}"), (), signer(citizen_id=PERSON), UNKNOWN),
    # Nothing is matched by being absent.
    "no digest is no registered certificate": (
        COMPANY, (BY_CERTIFICATE,), signer(certificate_sha256=""), OTHER),
    "no name is no registered name": (AGENCY, (BY_NAME,), signer(organization=""), OTHER),
}  # fmt: skip


@pytest.mark.parametrize(("party", "marks", "who", "expected"), TABLE.values(), ids=TABLE.keys())
def test_a_certificate_is_held_against_the_sender(party, marks, who, expected) -> None:
    assert sender_match(party, marks, [signature(who)]) is expected


def test_of_several_signatures_one_that_matches_is_enough() -> None:
    own, foreign = signature(signer(tax_id=TAX)), signature(signer(tax_id=OTHER_TAX))
    assert sender_match(COMPANY, (), [foreign, own, signature(NAMELESS)]) is SAME_ORGANISATION
    assert sender_match(COMPANY, (), [signature(NAMELESS), foreign]) is OTHER


def test_a_signature_that_does_not_hold_says_nothing_of_its_signer() -> None:
    mine = signer(tax_id=TAX)
    for indication in set(Indication) - {Indication.TOTAL_PASSED}:
        assert sender_match(COMPANY, (), [signature(mine, indication=indication)]) is None
    assert sender_match(COMPANY, (), []) is None


@pytest.mark.parametrize(
    "spelling",
    ["DEPARTMENT  of Examples", " department of\texamples ", "Department\u00a0of Examples"],
)
def test_names_differ_neither_by_case_nor_by_white_space(spelling: str) -> None:
    mark = SignerMark(kind=MarkKind.ORGANIZATION, value="Department of Examples")
    found = sender_match(AGENCY, (mark,), [signature(signer(organization=spelling))])
    assert found is SAME_ORGANISATION


def test_names_are_compared_composed() -> None:
    name = "Ministère d'Exemple"
    assert plain_name(unicodedata.normalize("NFD", name)) == plain_name(name)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (MarkKind.NUMBER, "123"),
        (MarkKind.NUMBER, "๑๑๐๑๗๐๐๒๓๐๗๐๘"),
        (MarkKind.CERTIFICATE, "AB" * 32),
        (MarkKind.CERTIFICATE, "ab" * 31),
        (MarkKind.ORGANIZATION, " \t "),
        (MarkKind.ORGANIZATION, "x" * 301),
    ],
)
def test_a_mark_that_no_certificate_could_have_is_refused(kind, value) -> None:
    with pytest.raises(InvalidValue):
        SignerMark(kind=kind, value=value)
