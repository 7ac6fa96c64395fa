"""The register of parties and tokens on a real PostgreSQL."""

import hashlib
from dataclasses import replace

import pytest
from builders import AGENCY, CITIZEN, COMPANY, NOW, party

from storage.database import Database
from storage.parties import PostgresParties
from tdh.domain.errors import DataRefused, NotFound
from tdh.domain.identifiers import PartyId, parse_delegate_id
from tdh.domain.parties import AssuranceLevel, Channel, Delegate, TokenHolder
from tdh.domain.signers import MarkKind, SignerMark

TOKEN = hashlib.sha256(b"a token").digest()


@pytest.fixture
def parties(database: Database) -> PostgresParties:
    return PostgresParties(database)


async def test_registered_parties_are_found_and_others_are_missing(
    parties: PostgresParties,
) -> None:
    stranger = PartyId("th-agency:nobody")
    found = await parties.get([AGENCY, CITIZEN, stranger])
    assert found == {AGENCY: party(AGENCY, Channel.API), CITIZEN: party(CITIZEN)}
    assert [each.id for each in await parties.all()] == [AGENCY, CITIZEN, COMPANY]


async def test_registering_again_brings_a_party_up_to_date(parties: PostgresParties) -> None:
    renamed = replace(party(CITIZEN), name_th="ชื่อใหม่", channel=Channel.API)
    await parties.register(renamed)
    assert await parties.get([CITIZEN]) == {CITIZEN: renamed}


async def test_a_mailbox_closes_and_opens(parties: PostgresParties) -> None:
    await parties.close_mailbox(CITIZEN)
    assert not (await parties.get([CITIZEN]))[CITIZEN].mailbox_open
    await parties.open_mailbox(CITIZEN)
    assert (await parties.get([CITIZEN]))[CITIZEN].mailbox_open
    with pytest.raises(NotFound):
        await parties.close_mailbox(PartyId("th-agency:nobody"))


async def test_signers_are_known_by_their_marks_until_these_are_removed(
    parties: PostgresParties,
) -> None:
    name = SignerMark(kind=MarkKind.ORGANIZATION, value="กระทรวงดิจิทัล  ตัวอย่าง")
    certificate = SignerMark(kind=MarkKind.CERTIFICATE, value="ab" * 32)
    assert await parties.signer_marks(AGENCY) == ()
    for mark in (name, certificate, name):
        await parties.add_signer_mark(AGENCY, mark, NOW)
    assert set(await parties.signer_marks(AGENCY)) == {name, certificate}
    assert await parties.signer_marks(COMPANY) == ()
    await parties.remove_signer_mark(AGENCY, name)
    assert await parties.signer_marks(AGENCY) == (certificate,)
    with pytest.raises(NotFound):
        await parties.remove_signer_mark(AGENCY, name)
    with pytest.raises(DataRefused):
        await parties.add_signer_mark(PartyId("th-agency:nobody"), name, NOW)


async def test_a_token_speaks_for_its_party_until_it_is_revoked(parties: PostgresParties) -> None:
    assert await parties.holder(TOKEN) is None
    await parties.add_token(TOKEN, CITIZEN, NOW)
    assert await parties.holder(TOKEN) == TokenHolder(party=party(CITIZEN))
    await parties.revoke_token(TOKEN, NOW)
    assert await parties.holder(TOKEN) is None
    with pytest.raises(NotFound):
        await parties.revoke_token(TOKEN, NOW)


async def test_a_token_of_nobody_or_of_two_is_refused(parties: PostgresParties) -> None:
    with pytest.raises(DataRefused):
        await parties.add_token(TOKEN, PartyId("th-agency:nobody"), NOW)
    await parties.add_token(TOKEN, CITIZEN, NOW)
    with pytest.raises(DataRefused):
        await parties.add_token(TOKEN, COMPANY, NOW)
    with pytest.raises(DataRefused):
        await parties.add_token(b"not a digest", COMPANY, NOW)


async def test_a_token_in_the_hands_of_a_delegate_says_so(parties: PostgresParties) -> None:
    officer = Delegate(
        id=parse_delegate_id("th-officer:mdes.1042"),
        name_th="นางสาวสมศรี รักงาน",
        name_en="Ms Somsri Rakngan",
        assurance=AssuranceLevel.HIGH,
        capacity="registrar",
    )
    digest = hashlib.sha256(b"held by an officer").digest()
    await parties.add_token(digest, AGENCY, NOW, officer)
    holder = await parties.holder(digest)
    assert holder == TokenHolder(party=party(AGENCY, Channel.API), delegate=officer)
