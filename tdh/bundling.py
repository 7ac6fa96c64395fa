"""Bundles over the real ports: database, vault, and the program with the receipt key."""

from pathlib import Path

from asn1crypto import pem

from signing.bundle.maker import ContainerMaker
from signing.receipt.client import ReceiptsClient
from storage.database import Database
from storage.mailboxes import PostgresMailboxes
from storage.receipts import PostgresReceipts
from storage.vault.vault import Vault
from tdh.config import Config
from tdh.delivery.bundles import Bundles
from tdh.delivery.proving import Proving


def bundles_over(
    config: Config, database: Database, *, vault: Vault, proofs: Proving, maker: ReceiptsClient
) -> Bundles:
    """Bundles of what is kept in this database and this vault."""
    return Bundles(
        mailboxes=PostgresMailboxes(database),
        proofs=proofs,
        vault=vault,
        receipts=PostgresReceipts(database),
        maker=ContainerMaker(
            sealer=maker, revocation=lambda: revocation_lists(config.receipts.keys)
        ),
    )


def revocation_lists(folder: Path) -> tuple[bytes, ...]:
    """The lists (DER) beside the receipt key, where this process may read that folder.

    They are a convenience for those who check with other programs: nothing rests on them, so a
    folder that is another user's, or on another machine, only leaves them out.
    """
    found: list[bytes] = []
    try:
        for path in sorted(folder.glob("*.crl")):
            data = path.read_bytes()
            found.append(pem.unarmor(data)[2] if pem.detect(data) else data)
    except OSError:
        return ()
    return tuple(found)
