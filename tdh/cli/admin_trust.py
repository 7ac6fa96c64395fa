"""`tdh admin trust`: whose signatures and timestamps count. Every change is signed and logged.

`list` reads the folder of the settings only; `init`, `add` and `retire` need the store's key, which
is nowhere but in the file that `--key` names, and the database, without which nothing is changed.
"""

import argparse
import asyncio
import hashlib
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asn1crypto import x509

from signing import trust_store
from signing.checkpoint import NoteSigner
from signing.errors import ProofError
from signing.note_keys import make_note_key, read_note_key
from signing.trust import NOTE, TrustError, load_trust
from signing.trust_list import ListedAnchor, read_roles, spell
from storage.database import open_database
from storage.trust_stores import PostgresTrustStores
from tdh.cli import trust_words, words
from tdh.config import Config, ConfigError, load
from tdh.domain.errors import CommitUnknown, InvalidValue
from tdh.system import CheckedClock, crash_point_of
from tdh.trust import Changed, TrustKeeper, verifier_of

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED, USAGE, UNAVAILABLE = 1, 64, 69
LEAST_PREFIX = 8
"""Digits of a digest that name an anchor well enough."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")

Work = Callable[[TrustKeeper, datetime], Awaitable[Changed]]


def add_verbs(verbs: "Subparsers") -> None:
    """Add `list`, `init`, `add` and `retire`."""
    _verb(verbs, "list", _list, "แสดงหลักความเชื่อถือ / list the anchors, in force or not")
    init = _verb(verbs, "init", _init, "เริ่มคลังใหม่ / make an empty store and its key")
    init.add_argument("--name", help="name of a new key; <issuer.origin>/trust by default")
    add = _verb(verbs, "add", _add, "เพิ่มหลักความเชื่อถือ / trust a certificate")
    add.add_argument("file", type=Path, help="one certificate, PEM or DER")
    add.add_argument("--roles", required=True, type=_roles, help="sender, tsa, or sender,tsa")
    add.add_argument(
        "--sha256", type=_digits, help="its fingerprint, as learned from somewhere else"
    )
    for word, text in (("--from", "from when on it vouches"), ("--until", "before when")):
        help_text = f"{text}; as its certificate says by default; - for no limit"
        add.add_argument(word, type=_end, default=..., metavar="TIME", help=help_text)
    add.add_argument("--replace", action="store_true", help="give a listed anchor these terms")
    retire = _verb(verbs, "retire", _retire, "เลิกเชื่อถือ / end an anchor; it stays listed")
    retire.add_argument("anchor", type=_digits, help="first digits of its SHA-256, eight at least")
    retire.add_argument("--at", type=words.instant, metavar="TIME", help="when; now by default")
    for verb in (init, add, retire):
        verb.add_argument("--key", required=True, type=Path, metavar="FILE", help="the store's key")


def _verb(verbs: "Subparsers", name: str, act: Any, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=partial(_run, act))
    return parser


def _run(act: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    try:
        return act(args)
    except InvalidValue as error:
        return _say(f"ค่าไม่ถูกต้อง / bad value: {error}", USAGE)
    except TrustError as error:
        return _say(f"คลังความเชื่อถือใช้ไม่ได้ / the trust store: {error}", REFUSED)
    except CommitUnknown as error:
        thai = "ไม่ทราบว่าบันทึกแล้วหรือไม่ โปรดสั่งซ้ำ"
        return _say(
            f"{thai} / it is not known whether this took effect, run it again: {error}", UNAVAILABLE
        )


def _say(text: str, code: int) -> int:
    print(f"tdh admin trust: {text}", file=sys.stderr)
    return code


# --- list ----------------------------------------------------------------------------------------


def _list(args: argparse.Namespace) -> int:
    config = load()
    folder, verifier = config.judge.trust, verifier_of(config.judge)
    if verifier is None:
        signed, trust = None, load_trust([folder])
    else:
        store = trust_store.open_store(folder, verifier)
        signed, trust = store.signed, store.trust
    waits = (folder / (NOTE + trust_store.STAGED)).exists()
    now = CheckedClock().now()
    if args.json:
        version = None if signed is None else signed.listed.version
        plain = {"folder": str(folder), "signed": signed is not None, "version": version}
        data = [trust_words.plain(anchor, now) for anchor in trust.anchors]
        print(json.dumps(plain | {"unfinished": waits, "data": data}, ensure_ascii=False))
        return 0
    if signed is None:
        print("ไม่ได้ตรวจลายมือชื่อของคลัง (judge.trust_key) / signature of the store not checked")
    else:
        print(f"{folder}  version {signed.listed.version}  {spell(signed.listed.time)}")
    for anchor in trust.anchors:
        print(trust_words.row(anchor, now))
    if waits:
        print("มีคำสั่งที่ยังไม่เสร็จ โปรดสั่งซ้ำ / a command was interrupted: run it again")
    return 0


# --- changes -------------------------------------------------------------------------------------


def _init(args: argparse.Namespace) -> int:
    config = load()
    if config.judge.trust_key and not args.key.exists():
        raise ConfigError("judge.trust_key", f"names a key, but there is none in {args.key}")
    try:
        signer = make_note_key(args.key, args.name or f"{config.issuer.origin}/trust")
    except FileExistsError:
        signer = _key(args.key, config)
    except ProofError as error:
        raise InvalidValue("--name", str(error)) from error
    setting = f'trust_key = "{signer.vkey}"'
    try:
        changed = _work(config, signer, lambda keeper, now: keeper.begin(now))
    except TrustError:
        # Its first answer may be lost, and nothing else prints the public half of a key.
        print(f"tdh admin trust: {args.key}: {setting}", file=sys.stderr)
        raise
    return _told(args, changed, {"trust_key": signer.vkey}, f"[judge]\n{setting}")


def _add(args: argparse.Namespace) -> int:
    config = load()
    der = _one_certificate(args.file)
    sha256 = hashlib.sha256(der).hexdigest()
    if args.sha256 is not None and args.sha256 != sha256:
        raise InvalidValue("--sha256", f"the certificate's is {sha256}")
    certificate = x509.Certificate.load(der)
    stem = _NOT_IN_NAMES.sub("-", args.file.stem).strip("-._")[:64] or "anchor"
    wanted = ListedAnchor(
        sha256=sha256,
        roles=args.roles,
        valid_from=_whole(certificate.not_valid_before, vars(args)["from"]),
        valid_until=_whole(certificate.not_valid_after, args.until),
        file=f"{stem}-{sha256[: trust_words.DIGITS]}.pem",
    )
    changed = _work(
        config,
        _key(args.key, config),
        lambda keeper, now: keeper.add(der, wanted, now, replacing=args.replace),
    )
    if said := trust_words.warning(der):
        print(f"tdh admin trust: {said}", file=sys.stderr)
    line = f"{trust_words.fingerprint(sha256)}\n{trust_words.subject(der)}\n{wanted.terms}"
    return _told(args, changed, {"anchor": sha256, "terms": wanted.terms}, line)


def _one_certificate(path: Path) -> bytes:
    """Its DER. Raises OSError, InvalidValue."""
    with path.open("rb"):
        pass  # so that a missing file is told as everywhere
    try:
        (anchor,) = load_trust([path]).anchors
    except (TrustError, ValueError) as error:
        raise InvalidValue(str(path), "is not a file with one certificate") from error
    return anchor.der


def _retire(args: argparse.Namespace) -> int:
    config = load()
    if len(args.anchor) < LEAST_PREFIX:
        raise InvalidValue("anchor", f"at least {LEAST_PREFIX} digits")
    changed = _work(
        config,
        _key(args.key, config),
        lambda keeper, now: keeper.retire(args.anchor, args.at or now, now),
    )
    (line,) = (each for each in changed.listed.anchors if each.sha256.startswith(args.anchor))
    plain = {"anchor": line.sha256, "terms": line.terms}
    return _told(args, changed, plain, f"{trust_words.fingerprint(line.sha256)}\n{line.terms}")


def _work(config: Config, signer: NoteSigner, work: Work) -> Changed:
    async def with_database() -> Changed:
        database = await open_database(config.database.dsn, application_name="tdh-admin")
        try:
            keeper = TrustKeeper(
                folder=config.judge.trust,
                signer=signer,
                records=PostgresTrustStores(database),
                crash=crash_point_of(os.environ.get("TDH_CRASH_POINT"), "admin"),
            )
            return await work(keeper, CheckedClock().now())
        finally:
            await database.close()

    return asyncio.run(with_database())


def _key(path: Path, config: Config) -> NoteSigner:
    try:
        signer = read_note_key(path)
    except ProofError as error:
        raise InvalidValue(str(path), str(error)) from error
    verifier = verifier_of(config.judge)
    if verifier is not None and verifier != signer.verifier:
        raise ConfigError("judge.trust_key", f"is not the key in {path}")
    return signer


def _told(args: argparse.Namespace, changed: Changed, plain: Mapping[str, str], text: str) -> int:
    if changed.finished is not None:
        thai = f"ทำคำสั่งที่ค้างอยู่ให้เสร็จแล้ว รุ่น {changed.finished}"
        print(
            f"{thai} / finished an interrupted change, version {changed.finished}", file=sys.stderr
        )
    version = changed.listed.version
    if args.json:
        done = {"version": version, "changed": changed.change is not None}
        print(json.dumps({**plain, **done}, ensure_ascii=False))
    elif changed.change is None:
        print(f"{text}\nเป็นเช่นนี้อยู่แล้ว / it was so already: version {version}")
    else:
        print(f"{text}\nบันทึกแล้ว / done: version {version}")
    return 0


# --- words of the call ---------------------------------------------------------------------------


def _roles(text: str) -> object:
    try:
        return read_roles(text)
    except ValueError:
        raise argparse.ArgumentTypeError("ใช้ได้เพียง / only: sender, tsa, sender,tsa") from None


def _digits(text: str) -> str:
    digits = text.replace(":", "").lower()
    if not re.fullmatch(r"[0-9a-f]{1,64}", digits):
        raise argparse.ArgumentTypeError("ไม่ใช่เลขฐานสิบหก / not hexadecimal")
    return digits


def _end(text: str) -> datetime | None:
    return None if text == "-" else words.instant(text)


def _whole(of_certificate: datetime, given: Any) -> datetime | None:
    """What was given, `...` standing for nothing; whole seconds of UTC."""
    instant = of_certificate if given is ... else given
    return None if instant is None else instant.astimezone(UTC).replace(microsecond=0)
