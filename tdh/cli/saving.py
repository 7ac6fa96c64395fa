"""`tdh evidence`: evidence and proofs into files, named so that `tdh verify` finds both.

A file is whole or absent. What the service sends as a name is never used as a path.
"""

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

from tdh.cli import client
from tdh.cli.client import NO, NO_INPUT, Plain, Refused, Service, Stop
from tdh.cli.reading import delivery_named
from tdh.domain.identifiers import is_id

HEAD_TIMESTAMP = "checkpoint.tsr"
HEAD_ATTEMPTS = 2
_EVENT = re.compile(r"[A-Za-z]{1,64}")


def add_parser(subparsers: "client.Subparsers[Any]") -> None:
    """Describe `tdh evidence`."""
    parser = subparsers.add_parser(
        "evidence",
        help="เก็บหลักฐาน / save evidence and proofs",
        description="เก็บหลักฐาน (XML) พร้อมข้อพิสูจน์ (.tlog-proof) และการประทับเวลา (checkpoint.tsr) / "
        "save evidence with its proofs and their timestamp",
    )
    parser.add_argument("id", metavar="ID", help="dlv_…, ltr_…, evd_… หรือ TDH-…")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument(
        "--wait",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help="รอข้อพิสูจน์นานเท่าใด / how long to wait for proofs (default: %(default)s)",
    )
    client.add_connection(parser)
    parser.set_defaults(run=lambda args: client.run(args, save))


async def save(service: Service, args: argparse.Namespace) -> int:
    """Save what is there; exit 1 if a proof did not come in time."""
    saved: list[Path] = []
    proven: list[tuple[Path, Plain]] = []
    without_proof: list[str] = []
    for folder, item in await _wanted(service, args.id, args.output):
        stem = folder / f"{int(item['sequence']):02}-{_event(item['event'])}"
        saved.append(write_once(stem.with_suffix(".xml"), await service.fetch(item["href"])))
        proof = await _proof(service, item["proof"], args.wait)
        if proof is None:
            without_proof.append(item["id"])
        else:
            saved.append(write_whole(stem.with_suffix(".tlog-proof"), proof))
            proven.append((saved[-1], item))
    timestamps = await _timestamps(service, proven)
    if args.json:
        told = {
            "saved": [str(one) for one in saved],
            "timestamps": [str(one) for one in timestamps],
            "without_proof": without_proof,
        }
        print(client.as_json(told))
    else:
        print("\n".join(map(str, (*saved, *timestamps))))
    for evidence in without_proof:
        print(f"tdh: ยังไม่มีข้อพิสูจน์ / no proof yet: {evidence}", file=sys.stderr)
    return NO if without_proof else client.FINE


def write_whole(path: Path, data: bytes) -> Path:
    """The file with exactly these bytes, or the one that was there before. Raises Stop."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise Stop(NO_INPUT, f"เขียนไฟล์ไม่ได้ {path}", f"cannot write {path}") from error
    return path


def write_once(path: Path, data: bytes) -> Path:
    """Like `write_whole`, but never over other bytes: evidence does not change. Raises Stop."""
    if path.exists() and path.read_bytes() != data:
        raise Stop(
            NO_INPUT,
            f"มีหลักฐานฉบับอื่นอยู่แล้ว โปรดเลือกโฟลเดอร์อื่น {path}",
            f"other evidence is there, choose another folder: {path}",
        )
    return write_whole(path, data)


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
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    while True:
        try:
            return await service.fetch(href)
        except Refused as refused:
            if refused.code != "not-logged-yet":
                raise
            if loop.time() + refused.retry_after > until:
                return None
            await asyncio.sleep(refused.retry_after)


async def _timestamps(service: Service, proven: list[tuple[Path, Plain]]) -> list[Path]:
    """Proofs once more, all in the newest head, and that head's timestamp beside them.

    A process of the service may remember its head for a second, so it is asked again once.
    """
    for attempt in range(HEAD_ATTEMPTS if proven else 0):
        try:
            await asyncio.sleep(attempt)
            return await _in_one_head(service, proven)
        except Refused as refused:
            if refused.code != "not-logged-yet":
                break  # no head yet; what is saved is whole without its timestamp
    return []


async def _in_one_head(service: Service, proven: list[tuple[Path, Plain]]) -> list[Path]:
    head = await service.fetch("/log/checkpoint")
    size = head.split(b"\n")[1].decode()
    token = await service.fetch(f"/log/checkpoint.tsr?size={size}")
    proofs = [(path, await service.fetch(f"{item['proof']}?size={size}")) for path, item in proven]
    folders = {write_whole(path, proof).parent for path, proof in proofs}
    return [write_whole(one / HEAD_TIMESTAMP, token) for one in sorted(folders)]


def _event(name: str) -> str:
    return name if _EVENT.fullmatch(name) else "Event"
