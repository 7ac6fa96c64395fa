"""`tdh keys`: makes the keys of the sealer, once, and the trust file that strangers verify with.

`tdh keys new` makes one new key for `tdh admin key rotate`; it touches none that serves.
"""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from signing.new_key import LOG_USES, make_new_key, read_subject, usual_subject
from signing.sealer.ceremony import make_keys
from tdh.cli.key_words import after_new_key
from tdh.config import Config, ConfigError, IssuerConfig, load
from tdh.domain.errors import InvalidValue
from tdh.domain.service_keys import KeyUse
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED, USAGE = 1, 64
NAMES = {KeyUse.SEAL: "Seal", KeyUse.TIMESTAMP: "Timestamp", KeyUse.RECEIPT: "Receipts"}


def add_parser(subparsers: "Subparsers") -> None:
    """Add the command."""
    parser = subparsers.add_parser("keys", help="make the seal, log, timestamp and receipt keys")
    parser.add_argument("--trust-out", type=Path, help="trust.json to write with a whole set")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=partial(run, parser))
    verbs = parser.add_subparsers(metavar="[new]", title="one key")
    new = verbs.add_parser("new", help="กุญแจใหม่หนึ่งดอก / one new key, to rotate to")
    new.add_argument("--use", required=True, choices=[use.value for use in KeyUse])
    new.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="not the old key's")
    new.add_argument(
        "--subject", metavar="NAME", help="whom the certificate is for: CN=Seal 2,O=Agency,C=TH"
    )
    new.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    new.set_defaults(run=run_new)


def run(parser: argparse.ArgumentParser, args: argparse.Namespace) -> int:
    """Make the keys in the folder of the settings; refuse where there are some."""
    if args.trust_out is None:
        parser.error("a whole set needs --trust-out; one key: tdh keys new --use … --out …")
    config = _named()
    # Before the keys: they are made once, and without the trust file nobody could verify.
    partial_file = args.trust_out.with_name(args.trust_out.name + ".partial")
    partial_file.touch()
    try:
        keys = make_keys(
            config.sealer.keys,
            origin=config.issuer.origin,
            organization=config.issuer.name_en,
            now=CheckedClock().now(),
            receipts=config.receipts.keys,
        )
        partial_file.write_bytes(keys.trust().text())
        partial_file.replace(args.trust_out)
    except FileExistsError as error:
        return _is_there(error)
    finally:
        partial_file.unlink(missing_ok=True)
    answer = {"keys": str(config.sealer.keys), "trust": str(args.trust_out)}
    print(
        json.dumps(answer) if args.json else f"keys in {answer['keys']}, trust in {args.trust_out}"
    )
    return 0


def run_new(args: argparse.Namespace) -> int:
    """Make one key, and the request for its certificate."""
    config, use = _named(), KeyUse(args.use)
    try:
        subject = None if args.subject is None else read_subject(args.subject)
        if subject is None and use not in LOG_USES:
            name = f"{NAMES[use]} {CheckedClock().now():%Y-%m-%d}"
            subject = usual_subject(name, config.issuer.name_en)
        made = make_new_key(use, args.out, origin=config.issuer.origin, subject=subject)
    except InvalidValue as error:
        print(f"tdh keys new: ค่าไม่ถูกต้อง / bad value: {error}", file=sys.stderr)
        return USAGE
    except FileExistsError as error:
        return _is_there(error)
    plain = {
        "use": use.value,
        "key": made.key.hex(),
        "key_file": str(made.key_file),
        "request": None if made.request_file is None else str(made.request_file),
        "vkey": made.vkey,
    }
    print(json.dumps(plain) if args.json else "\n".join(after_new_key(made)))
    return 0


def _named() -> Config:
    config = load()
    if config.issuer.origin == IssuerConfig().origin:
        raise ConfigError("issuer.origin", "is still the example's; a log keeps its name for ever")
    return config


def _is_there(error: FileExistsError) -> int:
    said = f"มีกุญแจอยู่แล้ว ระบบไม่เขียนทับ / keys are never replaced: {error.filename} is there"
    print(f"tdh keys: {said}", file=sys.stderr)
    return REFUSED
