"""`tdh admin key`: which keys serve, a new one for an old one, and one that others may have.

Every change is an entry of the public log, made together with the row that remembers it. A private
key is never read here: the operator puts it where the sealer finds it, after the log names it.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signing import service_keys
from signing.checkpoint import NoteError, NoteVerifier
from signing.cosignature import CosignatureVerifier
from signing.service_certificates import check_certificates
from signing.service_keys import ServiceKeyError, key_of_pem, key_of_vkey
from tdh.cli import key_words, words
from tdh.cli.admin_desk import REFUSED, Desk, Subject
from tdh.cli.verify import chosen_trust
from tdh.domain.errors import InvalidValue
from tdh.domain.service_keys import (
    WARN_BEFORE,
    Compromise,
    KeyUse,
    Retirement,
    ServiceKey,
    problem_with,
)

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

LEAST_PREFIX = 8
"""Digits of a digest that name a key well enough."""
RETIRES_AFTER = timedelta(hours=1)
"""Time to put the new key where it belongs and to restart the sealer."""
LOG_RETIRES_AFTER = timedelta(days=90)
"""Time for those who know only the log's former key to learn the new one: both sign until then."""
SUBJECT = Subject(name="key", refused="ใช้ไม่ได้")
_verb = SUBJECT.add_verb


def add_verbs(verbs: "Subparsers") -> None:
    """Add `list`, `rotate` and `compromised`."""
    _verb(verbs, "list", _list, "แสดงกุญแจของระบบ / the service's keys and when each served")
    rotate = _verb(verbs, "rotate", _rotate, "เปลี่ยนกุญแจ / a new key for the one that serves")
    rotate.add_argument("--use", required=True, choices=[use.value for use in KeyUse])
    what = rotate.add_mutually_exclusive_group(required=True)
    what.add_argument("--certificate", type=Path, help="PEM: the new certificate, then its issuers")
    what.add_argument("--vkey", help="verifier key of a log's new key")
    rotate.add_argument("--trust", type=Path, metavar="FILE", help="trust.json that must accept it")
    rotate.add_argument(
        "--at",
        type=words.instant,
        metavar="TIME",
        help="when the old key ends; in an hour by default, a log's in 90 days",
    )
    bad = _verb(verbs, "compromised", _compromised, "กุญแจรั่วไหล / others may have a key")
    bad.add_argument("key", help="first digits of its SHA-256, eight at least")
    bad.add_argument("--since", required=True, type=words.instant, metavar="TIME")
    bad.add_argument("--reason", required=True, help="for the record; not in the public log")


def _told(args: argparse.Namespace, plain: dict[str, Any], lines: Sequence[str]) -> int:
    print(json.dumps(plain, ensure_ascii=False) if args.json else "\n".join(lines))
    return 0


# --- list ----------------------------------------------------------------------------------------


async def _list(desk: Desk, args: argparse.Namespace) -> int:
    found = await desk.keys.all()
    lines = [key_words.row(one, found, desk.now) for one in found]
    return _told(
        args,
        {"data": [key_words.plain(one, found, desk.now) for one in found]},
        lines or ["ยังไม่มีกุญแจในสมุดบันทึก / the log knows no key yet"],
    )


# --- rotate --------------------------------------------------------------------------------------


async def _rotate(desk: Desk, args: argparse.Namespace) -> int:
    use, recorded = KeyUse(args.use), await desk.keys.all()
    new = _new_key(use, args, desk.now, desk.config.issuer.origin)
    if problem := problem_with(new, recorded, desk.now):
        return SUBJECT.say(f"ใช้ไม่ได้ / refused: {problem}", REFUSED)
    if others := [one for one in recorded if one.key.key == new.key and one.key.use is not use]:
        said = f"the key serves as {others[0].key.use} already; each use has a key of its own"
        return SUBJECT.say(f"ใช้ไม่ได้ / refused: {said}", REFUSED)
    wait = LOG_RETIRES_AFTER if use in {KeyUse.LOG, KeyUse.LOG_MLDSA} else RETIRES_AFTER
    at = (args.at or desk.now + wait).astimezone(UTC).replace(microsecond=0)
    if at <= desk.now:
        raise InvalidValue("--at", "lies in the past: what the old key signed since would be wrong")
    old = {one.key.key for one in recorded if one.key.use is use and one.key.key != new.key}
    ends = {
        one.key.key: one.retires_at
        for one in recorded
        if one.key.use is use and one.retires_at is not None
    }
    retirements = [
        Retirement(use=use, key=key, at=at)
        for key in sorted(old)
        if key not in ends or ends[key] > at
    ]
    entries = [(one, service_keys.retired(one, desk.now)) for one in retirements]
    entry = service_keys.in_service(new, desk.now)
    changed = await desk.keys.rotate(new, desk.now, entry, entries)
    plain = {
        "use": use.value,
        "key": new.key.hex(),
        "retires": [one.key.hex() for one in retirements],
        "at": key_words.instant(at) if retirements else None,
        "changed": changed,
    }
    return _told(
        args, plain, key_words.after_rotation(desk.config, new, retirements, changed=changed)
    )


def _new_key(use: KeyUse, args: argparse.Namespace, now: datetime, origin: str) -> ServiceKey:
    """The key that is to serve, checked. Raises OSError, InvalidValue, ProofError."""
    of_log = use in {KeyUse.LOG, KeyUse.LOG_MLDSA}
    if of_log != (args.vkey is not None):
        raise InvalidValue("--use", "a log's key is named by --vkey, any other by --certificate")
    if of_log:
        return _new_log_key(use, args.vkey, origin)
    pem = args.certificate.read_bytes()
    trust = chosen_trust(args.trust, os.environ)
    check_certificates(use, pem, trust, now)
    new = key_of_pem(use, pem)
    if new.ends_at is not None and new.ends_at - now < WARN_BEFORE:
        days = (new.ends_at - now).days
        print(
            f"ใบรับรองใหม่เหลือ {days} วัน / the new certificate ends in {days} days", file=sys.stderr
        )
    return new


def _new_log_key(use: KeyUse, vkey: str, origin: str) -> ServiceKey:
    try:
        new = key_of_vkey(vkey)
    except ServiceKeyError as error:
        raise InvalidValue("--vkey", str(error)) from error
    if new.use is not use:
        raise InvalidValue("--vkey", f"is a {new.use} key")
    try:
        (NoteVerifier if use is KeyUse.LOG else CosignatureVerifier).parse(vkey)
    except NoteError as error:
        raise InvalidValue("--vkey", f"is no verifier key: {error}") from error
    if vkey.partition("+")[0] != origin:
        raise InvalidValue("--vkey", f"is of another log: this one's name is {origin}")
    return new


# --- compromised ---------------------------------------------------------------------------------


async def _compromised(desk: Desk, args: argparse.Namespace) -> int:
    prefix = args.key.replace(":", "").lower()
    if len(prefix) < LEAST_PREFIX:
        raise InvalidValue(
            "key", f"ต้องมีอย่างน้อย {LEAST_PREFIX} หลัก / at least {LEAST_PREFIX} digits are needed"
        )
    found = {one.key.key: one.key for one in await desk.keys.all()}
    fitting = [key for digest, key in found.items() if digest.hex().startswith(prefix)]
    if not fitting:
        raise InvalidValue("key", "no key of the service begins so; see tdh admin key list")
    if len(fitting) > 1:
        raise InvalidValue("key", f"{len(fitting)} keys begin so; give more digits")
    since = args.since.astimezone(UTC).replace(microsecond=0)
    if since > desk.now:
        raise InvalidValue("--since", "lies in the future")
    if not args.reason.strip():
        raise InvalidValue("--reason", "must say why")
    word = Compromise(key=fitting[0].key, since=since, reason=args.reason.strip())
    entry = service_keys.compromised(word, desk.now)
    changed = await desk.keys.compromise(word, desk.now, entry)
    plain = {"key": word.key.hex(), "since": key_words.instant(since), "changed": changed}
    return _told(args, plain, key_words.after_compromise(fitting[0], word, changed=changed))
