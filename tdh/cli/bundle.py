"""`tdh bundle`: all that convinces a stranger of one delivery, in one file (`.asice`).

The file verifies alone: `tdh verify FILE --trust trust.json`, or `tdh_verify.py` without TDH.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from tdh.cli import client
from tdh.cli.client import NO_INPUT, Refused, Service, Stop
from tdh.cli.files import file_for, move_once
from tdh.cli.reading import delivery_named
from tdh.cli.waiting import add_wait, once_logged


def add_parser(subparsers: "client.Subparsers[Any]") -> None:
    """Describe `tdh bundle`."""
    parser = subparsers.add_parser(
        "bundle",
        help="ชุดหลักฐาน (.asice) / save a bundle of evidence",
        description="บันทึกหลักฐานทั้งหมดและเอกสารของการนำจ่ายหนึ่งรายการเป็นไฟล์เดียว / save all "
        "evidence of a delivery, and its documents, in one sealed file. A recipient who gets the "
        "documents has accessed them, which is recorded.",
    )
    parser.add_argument("id", metavar="DELIVERY", help="dlv_… หรือ TDH-…")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--evidence-only",
        action="store_true",
        help="ไม่เอาเนื้อหาเอกสาร / without the documents; before acceptance nothing else is given",
    )
    add_wait(parser)
    client.add_connection(parser)
    parser.set_defaults(run=lambda args: client.run(args, save))


async def save(service: Service, args: argparse.Namespace) -> int:
    """Write the file, whole or not at all. Raises Refused, Stop."""
    file_for(args.output)
    delivery = await delivery_named(service, args.id)
    path = f"/v1/deliveries/{delivery}/bundle"
    if args.evidence_only:
        path += "?content=none"
    partial = args.output.with_name(args.output.name + ".partial")
    try:
        with partial.open("wb") as file:
            await once_logged(lambda: service.download(path, file), args.wait)
            file.flush()
            os.fsync(file.fileno())
        move_once(args.output, partial)
    except (Refused, ClientError, TimeoutError):
        partial.unlink(missing_ok=True)
        raise
    except OSError as error:  # a full disk, too: no fault of the service
        raise Stop(NO_INPUT, f"เขียนไฟล์ไม่ได้ {args.output}", f"cannot write {args.output}") from error
    told = {"saved": str(args.output), "delivery": delivery}
    print(client.as_json(told) if args.json else args.output)
    return client.FINE
