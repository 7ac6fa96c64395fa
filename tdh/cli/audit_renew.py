"""`tdh audit renew`: records of the archive get a new timestamp before the old one ends.

The anchor role does the same by itself, every minute; this is for operators who want to see it
done, or done earlier; and of hashing anew by `[anchor] digest` all at once. Exit codes: 0 done,
2 done but some evidence has our own word only, no timestamp, or none by that digest, 69 database,
sealer or log are not reachable.
"""

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from storage.archive import PostgresArchive
from tdh.anchoring import archive_keeping, hash_tree_renewal, outsiders
from tdh.cli.words import moment
from tdh.config import Config, load
from tdh.core import open_core
from tdh.domain.archive import Archived, TreeDigest

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

FINE, NOT_ALL = 0, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What was done, and how the archive stands."""

    stamped: int
    """Timestamps that rounds got, those of new chains not among them."""
    hashed_anew: int
    """Rounds that got a new chain."""
    weaker: int
    """Rounds that rest on a weaker digest still."""
    digest: TreeDigest
    archived: Archived


def add_parser(subparsers: "Subparsers") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "renew",
        help="ต่ออายุระเบียนหลักฐาน / renew archive records that end soon",
        description="Stamp evidence that has no archive record yet, have outsiders stamp what has "
        "the operator's word only, renew what ends soon, and hash anew what rests on a weaker "
        "algorithm than [anchor] digest (RFC 4998). "
        "ต่ออายุระเบียนหลักฐานระยะยาว",
    )
    parser.add_argument(
        "--before",
        type=float,
        metavar="DAYS",
        help="renew what ends within so many days; [anchor] renew_before_days if not given",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Renew, tell, and give the exit code. Raises ConfigError, TDHError."""
    config = load()
    if args.before is not None:
        config = replace(config, anchor=replace(config.anchor, renew_before_days=args.before))
    done = asyncio.run(renew(config))
    archived = done.archived
    if args.json:
        told = {
            "stamped": done.stamped,
            "hashed_anew": done.hashed_anew,
            "weaker": done.weaker,
            "digest": done.digest.value,
            "rounds": archived.rounds,
            "unstamped": archived.unstamped,
            "own_word": archived.own_word,
            "provable_until": None if archived.until is None else archived.until.isoformat(),
        }
        print(json.dumps(told, indent=2))
    else:
        print("\n".join(_words(done)))
    return NOT_ALL if archived.own_word or done.weaker else FINE


async def renew(config: Config) -> Renewed:
    """Do what is due now."""
    async with AsyncExitStack() as closing:
        core = await open_core(config, "renewal", closing)
        found = outsiders(config, core.clock, closing)
        rounds = archive_keeping(
            config, core.database, found, unit=core.sealer, clock=core.clock, crash=core.crash
        )
        stamped, anew = await rounds.turn(), 0
        again = hash_tree_renewal(config, rounds)
        while more := await again.turn():
            anew += more
        archive, digest = PostgresArchive(core.database), config.anchor.digest
        return Renewed(
            stamped=stamped,
            hashed_anew=anew,
            weaker=await archive.count_weaker(digest),
            digest=digest,
            archived=await archive.archived(),
        )


def _words(done: Renewed) -> list[str]:
    archived, added = done.archived, done.stamped
    until = None if archived.until is None else archived.until.isoformat()
    total = archived.rounds
    lines = [
        f"ประทับเวลาเพิ่ม {added} จาก {total} รอบ / {added} of {total} rounds got a timestamp",
        f"พิสูจน์ได้ทั้งหมดถึง / all provable until: {moment(until)}",
    ]
    name = done.digest.upper()
    if done.hashed_anew:
        lines.append(
            f"คำนวณแฮชใหม่ด้วย {name} {done.hashed_anew} รอบ / "
            f"{done.hashed_anew} rounds hashed anew by {name}: a second chain of timestamps"
        )
    if done.weaker:
        lines.append(
            f"– {done.weaker} รอบยังไม่ใช้ {name} / rounds do not rest on {name} yet: run this again, "
            "and see what `tdh audit` says"
        )
    if archived.own_word:
        lines.append(
            f"– {archived.own_word} รอบมีแต่คำของผู้ให้บริการเอง / with the operator's word only"
        )
    return lines
