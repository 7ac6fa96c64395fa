"""`tdh trust`: a stranger's own trust file, read out, and renewed by the word of the log.

Nothing is fetched and no settings are read. Exit codes: 0 done, 1 refused, 64 usage, 66 a file
cannot be opened.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from signing.durable import replace_file
from signing.errors import ProofError
from signing.trust_file import TrustFile, load_trust_file
from signing.verify.beside import PROOF_SUFFIX
from signing.verify.report import Text
from signing.verify.terms import Terms
from signing.verify.trust_update import (
    Change,
    Publication,
    TrustUpdateError,
    check_change,
    check_publication,
    fingerprints,
    grouped,
    merged,
    read_publication,
)
from signing.witness_policy import WitnessPolicy
from tdh.cli import words
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED = 1
_READABLE = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A new trust file that may be taken."""

    content: bytes
    found: Publication
    changes: tuple[Change, ...]
    known: Publication | None


def add_parser(subparsers: "Subparsers") -> None:
    """Add `trust` and what is below it."""
    trust = subparsers.add_parser("trust", help="your own trust file: read out, and renewed")
    verbs = trust.add_subparsers(dest="verb", metavar="VERB", required=True)
    show = _verb(verbs, "show", _show, "อ่านลายนิ้วมือของทุกกุญแจ / read out every fingerprint")
    show.add_argument("file", type=Path)
    update = _verb(verbs, "update", _update, "รับไฟล์ใหม่ตามสมุดบันทึก / take a newer file by the log")
    update.add_argument("--trust", type=Path, required=True, metavar="OLD", help="is replaced")
    update.add_argument("--new", type=Path, required=True, metavar="NEW")
    update.add_argument("--proof", type=Path, required=True, metavar="P", help="its tlog-proof")
    update.add_argument(
        "--token", type=Path, action="append", default=[], help="timestamp over the proof's head"
    )
    update.add_argument("--witness-policy", type=Path, metavar="FILE", help="who must have seen it")
    update.add_argument("--require-anchor", action="store_true")
    update.add_argument(
        "--accept-outsiders",
        action="store_true",
        help="take the new file's witnesses and outside authorities too, instead of your own",
    )
    update.add_argument(
        "--drop",
        type=_digits,
        action="append",
        default=[],
        metavar="SHA256",
        help="a root of timestamps or key of the log that may go without being compromised, as"
        " `tdh trust show` tells it; once for each",
    )
    update.add_argument("--dry-run", action="store_true", help="say it and change nothing")
    update.add_argument("--at", type=words.instant, metavar="TIME", help="now by default")


def _digits(text: str) -> str:
    """The digits of a fingerprint, in groups or not."""
    return "".join(text.split()).lower()


def _verb(verbs: "Subparsers", name: str, act: Any, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=partial(_run, act))
    return parser


def _run(act: Any, args: argparse.Namespace) -> int:
    try:
        return int(act(args))
    except TrustUpdateError as error:
        print(f"tdh trust: {_both(error.text)}", file=sys.stderr)
        return REFUSED
    except ProofError as error:
        print(f"tdh trust: ใช้ไม่ได้ / unusable: {error}", file=sys.stderr)
        return REFUSED


def _show(args: argparse.Namespace) -> int:
    content = args.file.read_bytes()
    trust = TrustFile.parse(content)
    digest = sha256(content).hexdigest()
    lines = list(fingerprints(trust))
    if args.json:
        plain = {"sha256": digest, "believes": [line.en for line in lines]}
        print(json.dumps(plain | {"witness_threshold": trust.witness_threshold}))
        return 0
    print(f"sha-256 {grouped(digest)}")
    for line in lines:
        print(_both(line))
    print(f"จำนวนพยานที่ต้องมี / witnesses that are needed: {trust.witness_threshold}")
    return 0


def _update(args: argparse.Namespace) -> int:
    update = _judge(args)
    if not args.dry_run:
        # If we die between the two, the proof is that of a newer version: it is told again.
        replace_file(_kept_proof(args.trust), args.proof.read_bytes(), _READABLE)
        replace_file(args.trust, update.content, _READABLE)
    _tell(args, update)
    return 0


def _judge(args: argparse.Namespace) -> Update:
    """Whether the new file may be taken. Raises OSError, TrustFileError, TrustUpdateError."""
    old, content = load_trust_file(args.trust), args.new.read_bytes()
    new, proof = TrustFile.parse(content), args.proof.read_bytes()
    policy = args.witness_policy
    terms = Terms(
        trust=old,
        at=args.at or CheckedClock().now(),
        require_anchor=args.require_anchor,
        policy=None if policy is None else WitnessPolicy.parse(policy.read_text(encoding="utf-8")),
    )
    found = check_publication(content, proof, terms, [path.read_bytes() for path in args.token])
    kept = _kept_proof(args.trust)
    known = read_publication(kept.read_bytes()) if kept.exists() else None
    changes = check_change(old, new, found, known, args.drop)
    if any(change.of_outsiders for change in changes) and not args.accept_outsiders:
        changes = tuple(change for change in changes if not change.of_outsiders)
        content = merged(old, new).text()
    return Update(content=content, found=found, changes=changes, known=known)


def _tell(args: argparse.Namespace, update: Update) -> None:
    found = update.found
    if args.json:
        plain = {
            "version": found.version,
            "published_at": found.time.isoformat(),
            "changed": not args.dry_run,
            "changes": [{"th": one.text.th, "en": one.text.en} for one in update.changes],
        }
        print(json.dumps(plain, ensure_ascii=False))
        return
    print(f"รุ่น / version {found.version}  {found.time.isoformat()}  {found.origin}")
    if update.known is None:
        print("ไม่ทราบรุ่นของไฟล์เดิม / the old file's version is not known: nothing can be compared")
    for change in update.changes:
        print(f"  {_both(change.text)}")
    if not update.changes:
        print("  ไม่มีอะไรเปลี่ยน / nothing is otherwise")
    print("ไม่ได้แก้ไข / not changed" if args.dry_run else f"เปลี่ยนแล้ว / replaced: {args.trust}")


def _kept_proof(trust: Path) -> Path:
    """Where the proof of a trust file's publication lies: it tells its version."""
    return trust.with_name(trust.name + PROOF_SUFFIX)


def _both(text: Text) -> str:
    return f"{text.th} / {text.en}"
