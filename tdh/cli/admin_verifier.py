"""`tdh admin verifier`: the small verifiers that this version serves, and their digests in the log.

`publish` enters what the log does not know yet (the service does so by itself when it starts);
`list` shows every version that was ever entered.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from signing.standalone.published import verifiers
from storage.database import open_database
from storage.verifiers import PostgresVerifiers, RecordedVerifier
from tdh.config import load
from tdh.domain.errors import CommitUnknown
from tdh.system import CheckedClock
from tdh.verifiers import publish_verifiers

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

UNAVAILABLE = 69

Act = Callable[[PostgresVerifiers, argparse.Namespace], Awaitable[int]]


def add_verbs(verbs: "Subparsers") -> None:
    """Add `publish` and `list`."""
    for name, act, text in (
        ("publish", _publish, "บันทึกค่าแฮชลงสมุดบันทึก / enter the digests into the log"),
        ("list", _list, "ดูทุกรุ่นที่เคยบันทึก / every version that was entered"),
    ):
        parser = verbs.add_parser(name, help=text)
        parser.add_argument("--json", action="store_true")
        parser.set_defaults(run=partial(_run, act))


def _run(act: Act, args: argparse.Namespace) -> int:
    try:
        return asyncio.run(_with_database(act, args))
    except CommitUnknown as error:
        thai = "ไม่ทราบว่าบันทึกแล้วหรือไม่ โปรดสั่งซ้ำ"
        said = f"{thai} / it is not known whether this took effect, run it again: {error}"
        print(f"tdh admin verifier: {said}", file=sys.stderr)
        return UNAVAILABLE


async def _with_database(act: Act, args: argparse.Namespace) -> int:
    database = await open_database(load().database.dsn, application_name="tdh-admin")
    try:
        return await act(PostgresVerifiers(database), args)
    finally:
        await database.close()


async def _publish(records: PostgresVerifiers, args: argparse.Namespace) -> int:
    new = await publish_verifiers(records, verifiers(), CheckedClock().now())
    known = {(one.name, one.digest) for one in new}
    served = [
        one
        for one in await records.all()
        if (one.name, one.digest.hex()) in {(file.name, file.sha256) for file in verifiers()}
    ]
    for one in served:
        entered = (one.name, one.digest) in known
        if args.json:
            print(json.dumps(_plain(one) | {"new": entered}))
        else:
            print(f"{_row(one)}  {'บันทึกแล้ว / entered' if entered else 'มีอยู่แล้ว / known before'}")
    return 0


async def _list(records: PostgresVerifiers, args: argparse.Namespace) -> int:
    found = await records.all()
    if args.json:
        print(json.dumps({"data": [_plain(one) for one in found]}))
        return 0
    for one in found:
        print(_row(one))
    return 0


def _row(one: RecordedVerifier) -> str:
    return f"{one.digest.hex()}  {one.name}  {one.published_at.isoformat(timespec='minutes')}"


def _plain(one: RecordedVerifier) -> dict[str, object]:
    return {
        "name": one.name,
        "sha256": one.digest.hex(),
        "published_at": one.published_at.isoformat(),
    }
