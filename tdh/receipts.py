"""Receipts over the real ports: the database, and the program with the receipt key."""

from signing.receipt.client import ReceiptsClient
from storage.database import Database
from storage.mailboxes import PostgresMailboxes
from storage.receipts import PostgresReceipts
from tdh.delivery.proving import Proving
from tdh.delivery.receipts import Receipts
from tdh.ports import Clock


def receipts_over(
    database: Database, *, proofs: Proving, maker: ReceiptsClient, clock: Clock
) -> Receipts:
    """Receipts that are kept in this database."""
    return Receipts(
        mailboxes=PostgresMailboxes(database),
        proofs=proofs,
        store=PostgresReceipts(database),
        maker=maker,
        clock=clock,
    )
