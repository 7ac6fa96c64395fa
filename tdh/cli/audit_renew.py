"""`tdh audit renew`: records of the archive get a new timestamp before the old one ends.

The anchor role does the same by itself, every minute; this is for operators who want to see it
done, or done earlier. Exit codes: 0 done, 2 done but some evidence has our own word only or no
timestamp, 69 database, sealer or log are not reachable.
"""

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from storage.archive import PostgresArchive
from tdh.anchoring import archive_keeping, outsiders
from tdh.cli.words import moment
from tdh.config import Config, load
from tdh.core import open_core
from tdh.domain.archive import Archived

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

FINE, NOT_ALL = 0, 2


def add_parser(subparsers: "Subparsers") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser(
        "renew",
        help="ต่ออายุระเบียนหลักฐาน / renew archive records that end soon",
        description="Stamp evidence that has no archive record yet, have outsiders stamp what has "
        "the operator's word only, and renew what ends soon (RFC 4998). "
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
    added, archived = asyncio.run(renew(config))
    if args.json:
        told = {
            "stamped": added,
            "rounds": archived.rounds,
            "unstamped": archived.unstamped,
            "own_word": archived.own_word,
            "provable_until": None if archived.until is None else archived.until.isoformat(),
        }
        print(json.dumps(told, indent=2))
    else:
        print("\n".join(_words(added, archived)))
    return NOT_ALL if archived.own_word else FINE


async def renew(config: Config) -> tuple[int, Archived]:
    """Do what is due now; how many timestamps rounds got, and how the archive stands."""
    async with AsyncExitStack() as closing:
        core = await open_core(config, "renewal", closing)
        found = outsiders(config, core.clock, closing)
        rounds = archive_keeping(
            config, core.database, found, unit=core.sealer, clock=core.clock, crash=core.crash
        )
        added = await rounds.turn()
        return added, await PostgresArchive(core.database).archived()


def _words(added: int, archived: Archived) -> list[str]:
    until = None if archived.until is None else archived.until.isoformat()
    total = archived.rounds
    lines = [
        f"ประทับเวลาเพิ่ม {added} จาก {total} รอบ / {added} of {total} rounds got a timestamp",
        f"พิสูจน์ได้ทั้งหมดถึง / all provable until: {moment(until)}",
    ]
    if archived.own_word:
        lines.append(
            f"– {archived.own_word} รอบมีแต่คำของผู้ให้บริการเอง / with the operator's word only"
        )
    return lines
