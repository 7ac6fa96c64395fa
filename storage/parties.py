"""Who is registered, and which bearer tokens speak for whom.

Tokens are known by their SHA-256 only; whoever makes one keeps the token itself. Parties are never
deleted: letters name them for ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from storage.database import Database
from storage.queries import statements_beside
from storage.rows import party_of
from tdh.domain.errors import NotFound
from tdh.domain.identifiers import PartyId
from tdh.domain.parties import AssuranceLevel, Delegate, Party, TokenHolder
from tdh.domain.signers import MarkKind, SignerMark

_SQL = statements_beside(__file__)


class PostgresParties:
    """The register of parties. Every method raises StorageUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, ids: Sequence[PartyId]) -> Mapping[PartyId, Party]:
        """Those of the ids that are registered."""
        rows = await self._database.fetch(_SQL["get"], list(ids))
        return {PartyId(row["id"]): party_of(row) for row in rows}

    async def all(self) -> Sequence[Party]:
        """Everybody, by id."""
        return tuple(party_of(row) for row in await self._database.fetch(_SQL["all_parties"]))

    async def register(self, party: Party) -> None:
        """Enter a party, or bring what is known of it up to date."""
        await self._database.fetch(
            _SQL["register"],
            party.id,
            party.name_th,
            party.name_en,
            party.assurance,
            party.channel,
            party.mailbox_open,
        )

    async def open_mailbox(self, party: PartyId) -> None:
        """Let it take new content. Raises NotFound."""
        await self._set_mailbox(party, is_open=True)

    async def close_mailbox(self, party: PartyId) -> None:
        """Let it take nothing new; what is in it stays. Raises NotFound."""
        await self._set_mailbox(party, is_open=False)

    async def _set_mailbox(self, party: PartyId, *, is_open: bool) -> None:
        if not await self._database.fetch(_SQL["set_mailbox"], party, is_open):
            raise NotFound("party")

    async def signer_marks(self, party: PartyId) -> Sequence[SignerMark]:
        """By what certificates of this party's signers are known, beside its own number."""
        rows = await self._database.fetch(_SQL["signer_marks"], party)
        return tuple(SignerMark(kind=MarkKind(row["kind"]), value=row["mark"]) for row in rows)

    async def add_signer_mark(self, party: PartyId, mark: SignerMark, at: datetime) -> None:
        """Know its signers by this, too. Raises DataRefused for an unknown party."""
        await self._database.fetch(_SQL["add_signer_mark"], party, mark.kind, mark.value, at)

    async def remove_signer_mark(self, party: PartyId, mark: SignerMark) -> None:
        """Know them by this no more; what was sealed stays as it is. Raises NotFound."""
        if not await self._database.fetch(_SQL["remove_signer_mark"], party, mark.kind, mark.value):
            raise NotFound("signer")

    async def add_token(
        self, token_sha256: bytes, party: PartyId, at: datetime, delegate: Delegate | None = None
    ) -> None:
        """Let a token speak for a party, in the hands of a delegate or in its own.

        Raises DataRefused (unknown party, known token).
        """
        of_delegate: tuple[str | None, ...] = (None,) * 5
        if delegate is not None:
            of_delegate = (
                delegate.id,
                delegate.name_th,
                delegate.name_en,
                delegate.assurance,
                delegate.capacity,
            )
        await self._database.fetch(_SQL["add_token"], token_sha256, party, at, *of_delegate)

    async def revoke_token(self, token_sha256: bytes, at: datetime) -> None:
        """From now on it speaks for nobody. Raises NotFound."""
        if not await self._database.fetch(_SQL["revoke_token"], token_sha256, at):
            raise NotFound("token")

    async def holder(self, token_sha256: bytes) -> TokenHolder | None:
        """For whom a token speaks, and who holds it; None for unknown and revoked alike."""
        rows = await self._database.fetch(_SQL["holder"], token_sha256)
        if not rows:
            return None
        row, delegate = rows[0], None
        if row["delegate"] is not None:
            delegate = Delegate(
                id=PartyId(row["delegate"]),
                name_th=row["delegate_name_th"],
                name_en=row["delegate_name_en"],
                assurance=AssuranceLevel(row["delegate_assurance"]),
                capacity=row["delegate_capacity"],
            )
        return TokenHolder(party=party_of(row), delegate=delegate)
