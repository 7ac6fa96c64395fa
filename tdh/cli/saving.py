"""`tdh evidence`: evidence and proofs into files, named so that `tdh verify` finds both.

A file is whole or absent. What the service sends as a name is never used as a path.
"""

import argparse
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tdh.cli import client
from tdh.cli.client import NO, Plain, Refused, Service
from tdh.cli.files import place_for, write_once, write_whole
from tdh.cli.reading import delivery_named
from tdh.cli.saving_heads import Proven, save_timestamps
from tdh.cli.waiting import add_wait, is_early, once_logged
from tdh.domain.identifiers import is_id

_EVENT = re.compile(r"[A-Za-z]{1,64}")


def add_parser(subparsers: "client.Subparsers[Any]") -> None:
    """Describe `tdh evidence`."""
    parser = subparsers.add_parser(
        "evidence",
        help="เก็บหลักฐาน / save evidence and proofs",
        description="เก็บหลักฐาน (XML) พร้อมข้อพิสูจน์ (.tlog-proof) ระเบียนระยะยาว (.ers) "
        "และการประทับเวลา (checkpoint*.tsr) / "
        "save evidence with its proofs, archive records, and the timestamps of their heads",
    )
    parser.add_argument("id", metavar="ID", help="dlv_…, ltr_…, evd_… หรือ TDH-…")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    add_wait(parser)
    client.add_connection(parser)
    parser.set_defaults(run=lambda args: client.run(args, save))


async def save(service: Service, args: argparse.Namespace) -> int:
    """Save what is there; exit 1 if a proof did not come in time."""
    place_for(args.output)
    saved: list[Path] = []
    proven: list[Proven] = []
    without_proof: list[str] = []
    without_record: list[str] = []
    for folder, item in await _wanted(service, args.id, args.output):
        stem = folder / f"{int(item['sequence']):02}-{_event(item['event'])}"
        saved.append(write_once(stem.with_suffix(".xml"), await service.fetch(item["href"])))
        proof = await _proof(service, item["proof"], args.wait)
        if proof is None:
            without_proof.append(item["id"])
            continue
        saved.append(write_whole(stem.with_suffix(".tlog-proof"), proof))
        proven.append(Proven(path=saved[-1], href=item["proof"], proof=proof))
        record = await _record(service, item.get("record"))
        if record is None:
            without_record.append(item["id"])
        else:
            saved.append(write_whole(stem.with_suffix(".ers"), record))
    timestamps = await save_timestamps(service, proven)
    if args.json:
        told = {
            "saved": [str(one) for one in saved],
            "timestamps": [str(one) for one in timestamps],
            "without_proof": without_proof,
            "without_record": without_record,
        }
        print(client.as_json(told))
    else:
        print("\n".join(map(str, (*saved, *timestamps))))
    for evidence in without_proof:
        print(f"tdh: ยังไม่มีข้อพิสูจน์ / no proof yet: {evidence}", file=sys.stderr)
    for evidence in without_record:
        print(f"tdh: ยังไม่เข้าคลังระยะยาว / no archive record yet: {evidence}", file=sys.stderr)
    return NO if without_proof else client.FINE


async def _wanted(service: Service, name: str, output: Path) -> list[tuple[Path, Plain]]:
    """Evidence and the folder that it goes to; a letter's deliveries have a folder each."""
    if is_id("evd", name):
        return [(output, await service.get(f"/v1/evidence/{name}"))]
    if is_id("ltr", name):
        letter = await service.get(f"/v1/letters/{name}")
        found = []
        for delivery in letter["deliveries"]:
            listed = (await service.get(f"/v1/deliveries/{delivery['id']}/evidence"))["data"]
            found += [(output / delivery["id"], one) for one in listed]
        return found
    delivery = await delivery_named(service, name)
    listed = (await service.get(f"/v1/deliveries/{delivery}/evidence"))["data"]
    return [(output, one) for one in listed]


async def _proof(service: Service, href: str, wait: float) -> bytes | None:
    try:
        return await once_logged(partial(service.fetch, href), wait)
    except Refused as refused:
        if is_early(refused):
            return None
        raise


async def _record(service: Service, href: str | None) -> bytes | None:
    """The archive record, if there is one by now; it is not waited for: the proof serves."""
    try:
        return None if href is None else await service.fetch(href)
    except Refused as refused:
        if refused.code != "not-archived-yet":
            raise
    return None


def _event(name: str) -> str:
    return name if _EVENT.fullmatch(name) else "Event"
