"""`tdh receive` over HTTP: fetch what is in the mailbox, check it, keep it, acknowledge it.

It accepts and refuses nothing. What it did before is found done: it may be ended at any time, and
a document is whole in its place or not there. Over a broker's queue: `receive_amqp`.
"""

import argparse
import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientError

from tdh.cli import client, words
from tdh.cli.client import NO, NO_INPUT, Plain, Refused, Service, Stop
from tdh.cli.files import write_whole
from tdh.cli.receive_amqp import add_arguments, run_amqp

Tell = Callable[[Plain, list[Path]], None]

READY = "consigned"
"""The state in which content waits to be fetched."""
_NAME_BYTES = 200


def add_parser(subparsers: "client.Subparsers[Any]") -> None:
    """Describe `tdh receive`."""
    parser = subparsers.add_parser(
        "receive",
        help="รับเอกสาร / fetch documents, acknowledge",
        description="รับเอกสารที่อยู่ในตู้ ตรวจค่าแฮช และยืนยัน / fetch documents, check, acknowledge. "
        "HTTP: everything that is there; --amqp: from the party's own queue.",
    )
    parser.add_argument("--amqp", action="store_true", help="ผ่านคิว / by the party's own queue")
    add_arguments(parser)
    parser.add_argument(
        "--interval",
        type=float,
        default=2.0,
        metavar="SECONDS",
        help="with --follow: how often to look (default: %(default)s)",
    )
    client.add_connection(parser, with_json=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Receive by the channel that was asked for."""
    try:
        if not args.amqp:
            return client.run(args, receive)
        # The program of a queue reads where the service is from the environment.
        if args.server:
            os.environ["TDH_SERVER"] = args.server
        if args.token_file:
            os.environ["TDH_TOKEN_FILE"] = str(args.token_file)
        return asyncio.run(run_amqp(args))
    except KeyboardInterrupt:
        if args.follow:
            return client.FINE  # the way to end it
        raise


async def receive(service: Service, args: argparse.Namespace) -> int:
    """Everything that is there; with --follow also what comes. Exit 1 if a document was wrong."""
    tell = _as_json if args.json else _as_words
    while True:
        try:
            taken, whole = await _take_all(service, args.to, tell)
        except (ClientError, TimeoutError, Refused) as error:
            if not args.follow or (isinstance(error, Refused) and not error.retryable):
                raise
            print("tdh: เซิร์ฟเวอร์ไม่พร้อม จะลองใหม่ / not available, trying again", file=sys.stderr)
            taken, whole = 0, True
        if not args.follow:
            if not taken and not args.json:
                print("ไม่มีหนังสือที่รอรับ / nothing to receive", file=sys.stderr)
            return client.FINE if whole else NO
        await asyncio.sleep(args.interval)


async def _take_all(service: Service, to: Path, tell: Tell) -> tuple[int, bool]:
    """How many deliveries there were, and whether every document was right."""
    ready = [one for one in await service.listed("/v1/inbox") if one["state"] == READY]
    whole = True
    for item in reversed(ready):
        whole = await _take(service, item, to, tell) and whole
    return len(ready), whole


async def _take(service: Service, item: Plain, to: Path, tell: Tell) -> bool:
    """One delivery: all its documents, then the acknowledgement. False if a digest is wrong."""
    folder = to / item["id"]
    paths = []
    for document in item["documents"]:
        path = folder / local_name(document["number"], document["filename"])
        # A person's handover rests on what the service released: fetch again what it did not.
        counted = document["released"] or item["acknowledge"]
        there = counted and _is_whole(path, document)
        if not there and not await _fetch(service, document, path):
            return False
        paths.append(path)
    write_whole(folder / "envelope.json", client.as_json(item).encode())
    if item["acknowledge"]:
        digests = [document["sha256"] for document in item["documents"]]
        await service.post(f"/v1/inbox/{item['id']}/acknowledge", {"sha256": digests})
    tell(item, paths)
    return True


async def _fetch(service: Service, document: Plain, path: Path) -> bool:
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            digest = await service.download(document["href"], file)
            file.flush()
            os.fsync(file.fileno())
    except PermissionError as error:
        raise Stop(NO_INPUT, f"เขียนไฟล์ไม่ได้ {path}", f"cannot write {path}") from error
    if digest != document["sha256"]:
        partial.unlink()
        print(f"tdh: ค่าแฮชไม่ตรง ไม่เก็บ / wrong digest, not kept: {path}", file=sys.stderr)
        return False
    partial.replace(path)
    return True


def _is_whole(path: Path, document: Plain) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == str(document["sha256"])
    except OSError:
        return False


def local_name(number: int, name: str) -> str:
    """`01-1234.pdf`: what came over the network names a file, never a place."""
    kept = "".join(one if one.isprintable() and one not in '/\\:*?"<>|' else "_" for one in name)
    cut = kept.encode()[-_NAME_BYTES:].decode(errors="ignore")
    return f"{int(number):02}-{cut}"


def _as_json(item: Plain, paths: list[Path]) -> None:
    said = {"delivery": item["id"], "tracking": item["tracking"], "saved": [str(p) for p in paths]}
    print(json.dumps(said, ensure_ascii=False), flush=True)


def _as_words(item: Plain, paths: list[Path]) -> None:
    print(f"{item['tracking']}  {item['number']}  {item['subject']}")
    print(f"  {words.moment(item['submitted_at'])}  จาก / from {item['sender']['name_th']}")
    for path in paths:
        print(f"  {path}", flush=True)
