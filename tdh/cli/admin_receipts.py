"""`tdh admin receipt renew`: the next edition of a receipt, with what log and archive say now.

For receipts whose log had no outsider's word when they were made, whose timestamps end soon, or
whose key fell into other hands. Editions that were made before stay.
"""

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING

from storage.database import open_database
from tdh.anchoring import proving
from tdh.config import load
from tdh.core import watched_receipts
from tdh.domain.errors import NoReceiptForEvent, NotFound, NotLoggedYet
from tdh.domain.identifiers import EvidenceId, is_id
from tdh.domain.receipts import Receipt
from tdh.receipts import receipts_over
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED = 1


def add_verbs(verbs: "Subparsers") -> None:
    """Add `renew`."""
    renew = verbs.add_parser("renew", help="ออกใบรับฉบับใหม่ / make the next edition")
    renew.add_argument("evidence", nargs="+", metavar="EVD", help="evd_…")
    renew.add_argument("--json", action="store_true")
    renew.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    made, refused = asyncio.run(_renewed(args.evidence))
    if args.json:
        plain = [{"evidence": one.evidence, "edition": one.edition} for one in made]
        print(json.dumps({"made": plain, "refused": refused}))
    else:
        for one in made:
            by = ", ".join(one.anchored_by) or "operator's word only"
            print(f"{one.evidence} edition {one.edition}: {by}")
    for evidence, why in refused.items():
        print(f"tdh admin receipt: {evidence}: {why}", file=sys.stderr)
    return REFUSED if refused else 0


async def _renewed(names: list[str]) -> tuple[list[Receipt], dict[str, str]]:
    config = load()
    database = await open_database(config.database.dsn, application_name="tdh-admin")
    clock = CheckedClock()
    maker = watched_receipts(config, database, clock)
    receipts = receipts_over(database, proofs=proving(database), maker=maker, clock=clock)
    made: list[Receipt] = []
    refused: dict[str, str] = {}
    try:
        for name in names:
            try:
                if not is_id("evd", name):
                    raise NotFound("evidence")  # noqa: TRY301 - the same answer as below
                made.append(await receipts.renew(EvidenceId(name)))
            except (NotFound, NotLoggedYet, NoReceiptForEvent) as error:
                refused[name] = f"{error.code}: {error}"
    finally:
        await maker.close()
        await database.close()
    return made, refused
