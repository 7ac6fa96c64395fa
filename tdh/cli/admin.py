"""`tdh admin`: parties, tokens, keys, trust, parked work. Works on the database of `TDH_CONFIG`."""

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tdh.cli import (
    admin_keys,
    admin_receipts,
    admin_signers,
    admin_trust,
    admin_trust_file,
    admin_verifier,
)
from tdh.config import load
from tdh.domain.errors import InvalidValue, NotFound
from tdh.domain.identifiers import (
    OutboxId,
    has_right_check_digit,
    parse_delegate_id,
    parse_party_id,
)
from tdh.domain.parties import AssuranceLevel, Channel, Delegate, Party
from tdh.registration import Registry, registry
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED, USAGE = 1, 64
_LEVELS = [level.name.lower() for level in AssuranceLevel]
_CAPACITY = re.compile(r"[a-z][a-z0-9-]{0,63}")


def add_parser(subparsers: "Subparsers") -> None:
    """Add `admin` and what is below it."""
    admin = subparsers.add_parser("admin", help="parties, tokens, keys, trust, parked work")
    below = admin.add_subparsers(dest="subject", metavar="SUBJECT", required=True)
    party = below.add_parser("party", help="register and list parties")
    verbs = party.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_party(verbs)
    signer = verbs.add_parser("signer", help="by what a party's signers are known")
    admin_signers.add_verbs(signer.add_subparsers(dest="act", metavar="VERB", required=True))
    token = below.add_parser("token", help="bearer tokens")
    _add_token(token.add_subparsers(dest="verb", metavar="VERB", required=True))
    parked = below.add_parser("parked", help="work that waits for an operator")
    _add_parked(parked.add_subparsers(dest="verb", metavar="VERB", required=True))
    key = below.add_parser("key", help="the service's own keys: which serve, and until when")
    admin_keys.add_verbs(key.add_subparsers(dest="verb", metavar="VERB", required=True))
    file = below.add_parser("trust-file", help="the trust file for strangers")
    admin_trust_file.add_verbs(file.add_subparsers(dest="verb", metavar="VERB", required=True))
    verifier = below.add_parser("verifier", help="the small verifiers for strangers")
    admin_verifier.add_verbs(verifier.add_subparsers(dest="verb", metavar="VERB", required=True))
    receipt = below.add_parser("receipt", help="new editions of receipts")
    admin_receipts.add_verbs(receipt.add_subparsers(dest="verb", metavar="VERB", required=True))
    trust = below.add_parser("trust", help="whose signatures and timestamps count")
    admin_trust.add_verbs(trust.add_subparsers(dest="verb", metavar="VERB", required=True))


def _add_party(verbs: "Subparsers") -> None:
    add = _verb(verbs, "add", _party_add, "register a party, or bring it up to date")
    add.add_argument("party", help="th-agency:…, th-tax-id:… or th-citizen-id:…")
    add.add_argument("--name-th", required=True)
    add.add_argument("--name-en", required=True)
    add.add_argument("--channel", choices=[c.value for c in Channel], default=Channel.PERSON)
    add.add_argument("--assurance", choices=_LEVELS, default="substantial")
    add.add_argument("--amqp-url-file", type=Path, help="where to write a queue's address")
    _verb(verbs, "list", _party_list, "list the registered parties")
    for word, opened in (("open", True), ("close", False)):
        verb = _verb(verbs, word, _party_mailbox, f"{word} a mailbox for new content")
        verb.add_argument("party")
        verb.set_defaults(is_open=opened)


def _add_token(verbs: "Subparsers") -> None:
    add = _verb(verbs, "add", _token_add, "make a token that speaks for a party")
    add.add_argument("party")
    add.add_argument("--out", type=Path, help="write it there (mode 0600), not on the terminal")
    held = add.add_argument_group(
        "in the hands of a delegate", "evidence then says who acted for the party"
    )
    held.add_argument("--delegate", metavar="SCHEME:VALUE", help="for example th-officer:mdes.1042")
    held.add_argument("--delegate-name-th")
    held.add_argument("--delegate-name-en")
    held.add_argument("--capacity", default="officer", help="registrar, attorney, system ...")
    held.add_argument("--delegate-assurance", choices=_LEVELS, default="substantial")
    revoke = _verb(verbs, "revoke", _token_revoke, "end a token, by file or digest")
    revoke.add_argument("token", help="a file that holds the token, or its SHA-256 in hexadecimal")


def _add_parked(verbs: "Subparsers") -> None:
    _verb(verbs, "list", _parked_list, "list parked work")
    replay = _verb(verbs, "replay", _parked_replay, "give parked work its attempts again")
    replay.add_argument("rows", nargs="+", type=int, metavar="ROW")


def _verb(verbs: "Subparsers", name: str, act: Any, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run, act=act)
    return parser


def _run(args: argparse.Namespace) -> int:
    try:
        answer, words = asyncio.run(_act(args))
    except InvalidValue as error:
        print(f"tdh admin: {error}", file=sys.stderr)
        return USAGE
    except NotFound as error:
        print(f"tdh admin: {error}", file=sys.stderr)
        return REFUSED
    print(json.dumps(answer, ensure_ascii=False) if args.json else words)
    return 0


async def _act(args: argparse.Namespace) -> tuple[Any, str]:
    async with registry(load()) as registered:
        answer: tuple[Any, str] = await args.act(registered, args)
        return answer


async def _party_add(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    party = Party(
        id=parse_party_id(args.party),
        name_th=args.name_th,
        name_en=args.name_en,
        assurance=AssuranceLevel[args.assurance.upper()],
        channel=Channel(args.channel),
    )
    if not has_right_check_digit(party.id):
        print(f"warning: {party.id} has a wrong check digit", file=sys.stderr)
    if party.channel is Channel.QUEUE and args.amqp_url_file is None:
        raise InvalidValue("--amqp-url-file", "a party with a queue needs one: it has a password")
    address = await registered.register(party)
    if address is not None:
        _write_secret(args.amqp_url_file, address)
    return {"party": party.id, "channel": party.channel}, f"registered {party.id}"


async def _party_list(registered: Registry, _args: argparse.Namespace) -> tuple[Any, str]:
    parties = await registered.all()
    rows = [
        {
            "party": one.id,
            "name_th": one.name_th,
            "name_en": one.name_en,
            "channel": one.channel,
            "mailbox_open": one.mailbox_open,
        }
        for one in parties
    ]
    lines = [
        f"{one.id:32} {one.channel:8} {'open  ' if one.mailbox_open else 'closed'} {one.name_th}"
        for one in parties
    ]
    return {"data": rows}, "\n".join(lines) or "nobody is registered"


async def _party_mailbox(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    party = parse_party_id(args.party)
    await registered.set_mailbox(party, is_open=args.is_open)
    word = "open" if args.is_open else "closed"
    return {"party": party, "mailbox_open": args.is_open}, f"the mailbox of {party} is {word}"


async def _token_add(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    party, delegate = parse_party_id(args.party), _delegate(args)
    token = await registered.new_token(party, CheckedClock().now(), delegate)
    if args.out is None:
        return {"token": token.text, "sha256": token.sha256}, token.text
    _write_secret(args.out, token.text + "\n")
    return {"file": str(args.out), "sha256": token.sha256}, f"written to {args.out}"


def _delegate(args: argparse.Namespace) -> Delegate | None:
    if args.delegate is None:
        if args.delegate_name_th or args.delegate_name_en:
            raise InvalidValue("--delegate", "is missing: whose names are these?")
        return None
    if not (args.delegate_name_th and args.delegate_name_en):
        raise InvalidValue("--delegate-name-th", "and --delegate-name-en belong to a delegate")
    if _CAPACITY.fullmatch(args.capacity) is None:
        raise InvalidValue("--capacity", "is a short name in lower case, such as registrar")
    return Delegate(
        id=parse_delegate_id(args.delegate, "--delegate"),
        name_th=args.delegate_name_th,
        name_en=args.delegate_name_en,
        assurance=AssuranceLevel[args.delegate_assurance.upper()],
        capacity=args.capacity,
    )


async def _token_revoke(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    await registered.revoke_token(_digest_of(args.token), CheckedClock().now())
    return {"revoked": True}, "revoked"


async def _parked_list(registered: Registry, _args: argparse.Namespace) -> tuple[Any, str]:
    items = await registered.parked()
    rows = [{"row": one.id, "task": one.task, "delivery": one.delivery} for one in items]
    lines = [f"{one.id:>12}  {one.task:14} {one.delivery}" for one in items]
    return {"data": rows}, "\n".join(lines) or "nothing is parked"


async def _parked_replay(registered: Registry, args: argparse.Namespace) -> tuple[Any, str]:
    rows = [OutboxId(row) for row in args.rows]
    found = sorted(await registered.replay(rows, CheckedClock().now()))
    if len(found) < len(rows):
        missing = ", ".join(str(row) for row in rows if row not in found)
        print(f"tdh admin: ไม่ได้พักอยู่ / not parked: {missing}", file=sys.stderr)
    if not found:
        raise NotFound("parked row")
    return {"replayed": found}, f"replayed {len(found)} of {len(rows)}"


def _digest_of(text: str) -> bytes:
    path = Path(text)
    if path.is_file():
        return hashlib.sha256(path.read_text(encoding="utf-8").strip().encode()).digest()
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise InvalidValue("token", "is neither a file nor a digest in hexadecimal") from error


def _write_secret(path: Path, text: str) -> None:
    """Write a secret that only its owner can read; never over another file's looser mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
