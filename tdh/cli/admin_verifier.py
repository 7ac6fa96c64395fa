"""`tdh admin verifier`: the small verifiers that this version serves, and their digests in the log.

`publish` enters what the log does not know yet (the service does so by itself when it starts);
`list` shows every version that was ever entered.
"""

import argparse
import json
from typing import TYPE_CHECKING

from signing.standalone.published import verifiers
from storage.verifiers import PostgresVerifiers, RecordedVerifier
from tdh.cli.admin_desk import Desk, Subject
from tdh.verifiers import publish_verifiers

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

SUBJECT = Subject(name="verifier", refused="บันทึกไม่ได้")


def add_verbs(verbs: "Subparsers") -> None:
    """Add `publish` and `list`."""
    SUBJECT.add_verb(
        verbs, "publish", _publish, "บันทึกค่าแฮชลงสมุดบันทึก / enter the digests into the log"
    )
    SUBJECT.add_verb(verbs, "list", _list, "ดูทุกรุ่นที่เคยบันทึก / every version that was entered")


async def _publish(desk: Desk, args: argparse.Namespace) -> int:
    records = PostgresVerifiers(desk.database)
    new = await publish_verifiers(records, verifiers(), desk.now)
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


async def _list(desk: Desk, args: argparse.Namespace) -> int:
    found = await PostgresVerifiers(desk.database).all()
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
