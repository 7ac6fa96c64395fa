"""The operator's acts on parties: register, tokens, mailboxes, queues of the broker."""

import hashlib
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from relay.amqp.management import PartnerAccounts
from storage.database import Database, open_database
from storage.outbox import PostgresOutbox
from storage.parties import PostgresParties
from tdh.broker import partner_url
from tdh.config import Config, ConfigError
from tdh.domain.errors import NotFound
from tdh.domain.identifiers import OutboxId, PartyId
from tdh.domain.outbox import OutboxItem
from tdh.domain.parties import Channel, Delegate, Party
from tdh.domain.signers import SignerMark

TOKEN_PREFIX = "tdh_"  # noqa: S105 - so that scanners of leaked secrets know one
TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A new bearer token; shown once, kept only as its digest."""

    text: str
    sha256: str


@asynccontextmanager
async def registry(config: Config) -> AsyncIterator["Registry"]:
    """Open the registry of an installation."""
    database = await open_database(config.database.dsn, application_name="tdh-admin")
    try:
        yield Registry(config, database)
    finally:
        await database.close()


class Registry:
    """Parties and what belongs to them."""

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._parties = PostgresParties(database)
        self._outbox = PostgresOutbox(database)

    async def register(self, party: Party) -> str | None:
        """Enter a party or bring it up to date; the AMQP address of one with a queue.

        A party that had a queue before gets a new password. Raises ConfigError where a queue is
        asked for and no management interface is configured.
        """
        address = None
        if party.channel is Channel.QUEUE:
            address = await self._open_account(party.id)
        await self._parties.register(party)
        return address

    async def _open_account(self, party: PartyId) -> str:
        management = self._config.amqp.management_url
        if not management:
            raise ConfigError("amqp.management_url", "is needed to give a party a queue")
        async with PartnerAccounts(
            management_url=management, amqp_url=partner_url(self._config)
        ) as accounts:
            return await accounts.open(party, secrets.token_urlsafe(24))

    async def all(self) -> Sequence[Party]:
        """Everybody who is registered."""
        return await self._parties.all()

    async def signer_marks(self, party: PartyId) -> Sequence[SignerMark]:
        """By what certificates of a party's signers are known. Raises NotFound."""
        await self._known(party)
        return await self._parties.signer_marks(party)

    async def add_signer_mark(self, party: PartyId, mark: SignerMark, at: datetime) -> None:
        """Know its signers by this, too. Raises NotFound."""
        await self._known(party)
        await self._parties.add_signer_mark(party, mark, at)

    async def remove_signer_mark(self, party: PartyId, mark: SignerMark) -> None:
        """Know them by this no more. Raises NotFound."""
        await self._parties.remove_signer_mark(party, mark)

    async def set_mailbox(self, party: PartyId, *, is_open: bool) -> None:
        """Let a mailbox take new content, or not. Raises NotFound."""
        if is_open:
            await self._parties.open_mailbox(party)
        else:
            await self._parties.close_mailbox(party)

    async def new_token(
        self, party: PartyId, at: datetime, delegate: Delegate | None = None
    ) -> Token:
        """A token that speaks for the party, for its delegate if one is named. Raises NotFound."""
        await self._known(party)
        text = TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        digest = hashlib.sha256(text.encode())
        await self._parties.add_token(digest.digest(), party, at, delegate)
        return Token(text=text, sha256=digest.hexdigest())

    async def _known(self, party: PartyId) -> None:
        if party not in await self._parties.get([party]):
            raise NotFound("party")

    async def revoke_token(self, sha256: bytes, at: datetime) -> None:
        """The token with this digest speaks for nobody from now on. Raises NotFound."""
        await self._parties.revoke_token(sha256, at)

    async def parked(self) -> Sequence[OutboxItem]:
        """Work that waits for an operator."""
        return await self._outbox.parked()

    async def replay(self, rows: Sequence[OutboxId], at: datetime) -> frozenset[OutboxId]:
        """Give parked work all its attempts again; the rows that were parked."""
        return await self._outbox.replay(rows, at)
