"""`tdh inbox`, `show`, `track`, `accept`, `refuse`: what is there, and the recipient's answer."""

import argparse
from collections.abc import Sequence
from typing import Any

from tdh.cli import client, words
from tdh.cli.client import USAGE, Plain, Refused, Service, Stop
from tdh.cli.document_words import judged
from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import is_id, parse_tracking_number


def add_parsers(subparsers: "client.Subparsers[Any]") -> None:
    """Describe the commands."""
    inbox = subparsers.add_parser("inbox", help="ดูตู้ไปรษณีย์ดิจิทัล / list the inbox")
    inbox.add_argument("--state", choices=words.STATES, help="เฉพาะสถานะนี้ / only this state")
    _finish(inbox, _inbox)
    show = subparsers.add_parser("show", help="ดูรายละเอียด / show a letter, delivery or evidence")
    show.add_argument("id", metavar="ID", help="ltr_…, dlv_…, evd_… หรือ TDH-…")
    show.add_argument(
        "--report",
        type=int,
        nargs="?",
        const=1,
        metavar="N",
        help="รายงานผลตรวจลายมือชื่อของเอกสารที่ N / the judge's report on document N (1), "
        "byte for byte as evidence names it",
    )
    _finish(show, _show)
    track = subparsers.add_parser("track", help="ติดตาม / follow a tracking number")
    track.add_argument("id", metavar="NO", help="TDH-XXXX-XXXX-XXXX-XXXX")
    _finish(track, _track)
    accept = subparsers.add_parser(
        "accept",
        help="ลงรับ / accept a delivery",
        description="ลงรับหนึ่งฉบับ ผู้ส่งจะได้หลักฐานระบุชื่อท่านและเวลา / "
        "accept one delivery: the sender gets evidence with your name and the time",
    )
    accept.add_argument("id", metavar="ID", help="dlv_… หรือ TDH-…")
    _finish(accept, _accept)
    refuse = subparsers.add_parser(
        "refuse",
        help="ปฏิเสธ / refuse a delivery",
        description="ปฏิเสธหนึ่งฉบับ ผู้ส่งจะได้หลักฐานระบุชื่อท่านและเวลา / "
        "refuse one delivery: the sender gets evidence with your name and the time",
    )
    refuse.add_argument("id", metavar="ID", help="dlv_… หรือ TDH-…")
    refuse.add_argument("--note", default="", help="เหตุผล / reason")
    _finish(refuse, _refuse)


def _finish(parser: argparse.ArgumentParser, act: Any) -> None:
    client.add_connection(parser)
    parser.set_defaults(run=lambda args: client.run(args, act))


async def delivery_named(service: Service, text: str) -> str:
    """A delivery's id, from itself or from its tracking number. Raises Stop, Refused."""
    if is_id("dlv", text):
        return text
    if is_id("ltr", text):
        raise await _one_of(service, text)
    if is_id("evd", text):
        raise Stop(
            USAGE,
            "เป็นรหัสหลักฐาน ต้องระบุการนำจ่าย (dlv_… หรือ TDH-…)",
            "this is an evidence's id; name its delivery (dlv_… or TDH-…)",
        )
    return str((await service.get(f"/v1/track/{_tracking(text)}"))["id"])


async def _one_of(service: Service, letter: str) -> Stop:
    """What to say to whoever names a letter where a delivery is wanted: which ones it has."""
    try:
        listed = (await service.get(f"/v1/letters/{letter}"))["deliveries"]
    except Refused:  # a recipient is not told of the others
        listed = []
    lines = [f"\n  {one['id']}  {one['tracking']}  {one['recipient']}" for one in listed]
    return Stop(
        USAGE,
        "รหัสหนังสือไม่พอ ต้องระบุการนำจ่ายหนึ่งรายการ (dlv_… หรือ TDH-…)",
        "a letter's id is not enough; name one delivery (dlv_… or TDH-…)" + "".join(lines),
    )


def _tracking(text: str) -> str:
    try:
        return parse_tracking_number(text)
    except InvalidValue as error:
        raise Stop(
            USAGE, f"ไม่ใช่รหัสหรือหมายเลขติดตาม: {text}", "neither an id nor a tracking number"
        ) from error


async def _inbox(service: Service, args: argparse.Namespace) -> int:
    items = await service.listed("/v1/inbox")
    if args.state is not None:
        items = [one for one in items if one["state"] == args.state]
    if args.json:
        print(client.as_json({"data": items}))
        return client.FINE
    print("\n\n".join(_envelope(one) for one in items), end="\n" if items else "")
    if not items:
        print("ไม่มีหนังสือ / nothing is there")
    return client.FINE


async def _show(service: Service, args: argparse.Namespace) -> int:
    if args.report is not None:
        return await _report(service, args)
    if is_id("ltr", args.id):
        letter = await service.get(f"/v1/letters/{args.id}")
        print(client.as_json(letter) if args.json else _letter(letter))
        return client.FINE
    if is_id("evd", args.id):
        return await _evidence(service, args)
    delivery = await delivery_named(service, args.id)
    return await _tell(service, delivery, args)


async def _report(service: Service, args: argparse.Namespace) -> int:
    of = f"letters/{args.id}"
    if not is_id("ltr", args.id):
        of = f"deliveries/{await delivery_named(service, args.id)}"
    report = await service.fetch(f"/v1/{of}/documents/{args.report}/report")
    print(report.decode(), end="")
    return client.FINE


async def _track(service: Service, args: argparse.Namespace) -> int:
    return await _tell(service, await delivery_named(service, args.id), args)


async def _tell(service: Service, delivery: str, args: argparse.Namespace) -> int:
    """A delivery with its events; for its recipient also the documents."""
    found = await service.get(f"/v1/deliveries/{delivery}")
    found["events"] = (await service.get(f"/v1/deliveries/{delivery}/events"))["data"]
    listed = (await service.get(f"/v1/deliveries/{delivery}/evidence"))["data"]
    found["provable_until"] = _provable_until(listed)
    try:
        found["documents"] = (await service.get(f"/v1/inbox/{delivery}"))["documents"]
    except Refused as refused:
        if refused.code != "not-found":
            raise
    print(client.as_json(found) if args.json else _delivery(found))
    return client.FINE


async def _evidence(service: Service, args: argparse.Namespace) -> int:
    xml = await service.fetch(f"/v1/evidence/{args.id}")
    if args.json:
        print(client.as_json({"id": args.id, "xml": xml.decode()}))
    else:
        print(xml.decode())
    return client.FINE


async def _accept(service: Service, args: argparse.Namespace) -> int:
    delivery = await delivery_named(service, args.id)
    found = await service.post(f"/v1/inbox/{delivery}/accept", {})
    print(client.as_json(found) if args.json else f"ลงรับแล้ว / accepted\n{_envelope(found)}")
    return client.FINE


async def _refuse(service: Service, args: argparse.Namespace) -> int:
    delivery = await delivery_named(service, args.id)
    found = await service.post(f"/v1/inbox/{delivery}/refuse", {"note": args.note})
    print(client.as_json(found) if args.json else f"ปฏิเสธแล้ว / refused\n{_envelope(found)}")
    return client.FINE


# Words.


def _envelope(one: Plain) -> str:
    lines = [
        f"{one['tracking']}  {words.state(one['state'])}",
        f"  {one['id']}",
        f"  จาก / from: {one['sender']['name_th']} ({one['sender']['party']})",
        f"  ที่ {one['number']}  เรื่อง {one['subject']}",
        f"  แบบ / mode: {words.mode(one['consignment_mode'])}",
        f"  รับฝาก / submitted: {words.moment(one['submitted_at'])}",
    ]
    if one["due_at"] is not None:
        lines.append(f"  {words.due(one['state'])}: {words.moment(one['due_at'])}")
    return "\n".join(lines)


def _letter(letter: Plain) -> str:
    envelope = letter["envelope"]
    lines = [
        f"{letter['id']}  {words.moment(letter['submitted_at'])}",
        f"  ที่ {envelope['number']}  เรื่อง {envelope['subject']}",
    ]
    for one in letter["documents"]:
        lines.append(f"  {one['filename']}  {words.size(one['size'])}  {one['sha256']}")
        lines += [f"    {said}" for said in judged(one)]
    for one in letter["deliveries"]:
        lines.append(f"  {one['tracking']}  {one['recipient']}  {words.state(one['state'])}")
        lines.append(f"    {one['id']}")
    return "\n".join(lines)


def _provable_until(listed: Sequence[Plain]) -> str | None:
    """Until when all this evidence can be checked; None while one of it has no archive record.

    The times are of one zone, in which their order is that of their text.
    """
    times = [str(one["provable_until"]) for one in listed if one.get("provable_until")]
    return min(times) if times and len(times) == len(listed) else None


def _delivery(found: Plain) -> str:
    lines = [_envelope(found), f"  ถึง / to: {found['addressee']['name_th']} ({found['recipient']})"]
    for one in found.get("documents", []):
        lines.append(f"  {one['number']}. {one['filename']}  {words.size(one['size'])}")
        lines.append(f"     {one['sha256']}")
        lines += [f"     {said}" for said in judged(one)]
    for one in found["events"]:
        lines.append(f"  {one['sequence']:>2}  {words.moment(one['time'])}")
        lines.append(f"      {words.event(one['event'])}  {one['evidence']['id']}")
    if found["provable_until"]:
        until = words.moment(found["provable_until"])
        lines.append(f"  พิสูจน์ได้ถึง / provable until: {until}")
    return "\n".join(lines)
