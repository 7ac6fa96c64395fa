"""`tdh receipt`: the receipt (PDF) of an event into a file.

Of an evidence, or of the newest event of a delivery that has a page. The PDF verifies alone:
`tdh verify FILE`.
"""

import argparse
from functools import partial
from pathlib import Path
from typing import Any

from tdh.cli import client
from tdh.cli.client import NO, Refused, Service, Stop
from tdh.cli.files import file_for, write_once
from tdh.cli.reading import delivery_named
from tdh.cli.waiting import add_wait, once_logged
from tdh.domain.identifiers import is_id

PDF = "application/pdf"
_NO_PAGE = "no-receipt-for-this-event"


def add_parser(subparsers: "client.Subparsers[Any]") -> None:
    """Describe `tdh receipt`."""
    parser = subparsers.add_parser(
        "receipt",
        help="ใบรับ (PDF) / save a receipt (PDF)",
        description="บันทึกใบรับของเหตุการณ์หนึ่ง หรือของเหตุการณ์ล่าสุดของการนำจ่าย / "
        "save the receipt of an event, or of the newest event of a delivery that has one",
    )
    parser.add_argument("id", metavar="ID", help="evd_…, dlv_… หรือ TDH-…")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--edition", type=int, metavar="N", help="ฉบับที่ / an older edition; the newest by default"
    )
    add_wait(parser)
    client.add_connection(parser)
    parser.set_defaults(run=lambda args: client.run(args, save))


async def save(service: Service, args: argparse.Namespace) -> int:
    """Write the file, never over another. Raises Stop, also where no event has a receipt."""
    file_for(args.output)
    query = "" if args.edition is None else f"?edition={args.edition}"
    for evidence in await _candidates(service, args.id):
        try:
            path = f"/v1/evidence/{evidence}{query}"
            pdf = await once_logged(partial(service.fetch, path, accept=PDF), args.wait)
        except Refused as refused:
            if refused.code == _NO_PAGE and not is_id("evd", args.id):
                continue
            raise
        write_once(args.output, pdf)
        told = {"saved": str(args.output), "evidence": evidence}
        print(client.as_json(told) if args.json else args.output)
        return client.FINE
    raise Stop(NO, "ยังไม่มีเหตุการณ์ที่มีใบรับ", "no event of this delivery has a receipt")


async def _candidates(service: Service, name: str) -> list[str]:
    """The evidence, or those of the delivery, the newest first."""
    if is_id("evd", name):
        return [name]
    delivery = await delivery_named(service, name)
    listed = (await service.get(f"/v1/deliveries/{delivery}/evidence"))["data"]
    return [str(one["id"]) for one in reversed(listed)]
