"""`tdh admin trust-file`: the trust file for strangers, entered into the public log and handed out.

`publish` enters a version; the service gives the file out as `/log/trust.json` and, once a head
holds the entry, its proof as `/log/trust.tlog-proof`. `proof` writes the same proof to a file.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from signing.compromise import compromised_since
from signing.errors import ProofError
from signing.trust_file import TrustFile
from signing.verify.trust_update import grouped, publication_entry
from storage.database import Database, open_database
from storage.service_keys import PostgresServiceKeys, RecordedTrustFile
from tdh.anchoring import proving
from tdh.config import Config, load
from tdh.domain.errors import CommitUnknown, Conflict, InvalidValue, NotLoggedYet
from tdh.domain.service_keys import RecordedKey
from tdh.published_trust import PublishedTrust
from tdh.system import CheckedClock

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

REFUSED, USAGE, UNAVAILABLE = 1, 64, 69


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an act works on."""

    database: Database
    config: Config
    now: datetime

    @property
    def records(self) -> PostgresServiceKeys:
        return PostgresServiceKeys(self.database)


Act = Callable[[Desk, argparse.Namespace], Awaitable[int]]


def add_verbs(verbs: "Subparsers") -> None:
    """Add `publish` and `proof`."""
    publish = _verb(verbs, "publish", _publish, "เผยแพร่ / enter a trust file into the log")
    publish.add_argument("file", type=Path)
    proof = _verb(verbs, "proof", _proof, "หลักฐานของรุ่นล่าสุด / the newest one's proof by the log")
    proof.add_argument("--out", type=Path, required=True, metavar="FILE")


def _verb(verbs: "Subparsers", name: str, act: Act, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=partial(_run, act))
    return parser


def _run(act: Act, args: argparse.Namespace) -> int:
    try:
        return asyncio.run(_with_database(act, args))
    except InvalidValue as error:
        return _say(f"ค่าไม่ถูกต้อง / bad value: {error}", USAGE)
    except NotLoggedYet as error:
        return _say(f"ยังไม่อยู่ในหัวสมุดบันทึก ลองใหม่ / in no head yet, try again: {error}", UNAVAILABLE)
    except (ProofError, Conflict) as error:
        return _say(f"เผยแพร่ไม่ได้ / refused: {error}", REFUSED)
    except CommitUnknown as error:
        thai = "ไม่ทราบว่าบันทึกแล้วหรือไม่ โปรดสั่งซ้ำ"
        said = f"{thai} / it is not known whether this took effect, run it again: {error}"
        return _say(said, UNAVAILABLE)


async def _with_database(act: Act, args: argparse.Namespace) -> int:
    config = load()
    database = await open_database(config.database.dsn, application_name="tdh-admin")
    try:
        return await act(Desk(database=database, config=config, now=CheckedClock().now()), args)
    finally:
        await database.close()


def _say(text: str, code: int) -> int:
    print(f"tdh admin trust-file: {text}", file=sys.stderr)
    return code


async def _publish(desk: Desk, args: argparse.Namespace) -> int:
    content = args.file.read_bytes()
    trust, newest = TrustFile.parse(content), await desk.records.newest_trust_file()
    _check_complete(trust, desk.config.issuer.origin, await desk.records.all())
    if newest is not None and newest.content == content:
        return _told(args, newest, changed=False)
    if newest is not None:
        _check_forgets_nothing(TrustFile.parse(newest.content), trust)
    version = 1 if newest is None else newest.version + 1
    file = RecordedTrustFile(
        version=version,
        content=content,
        made_at=desk.now,
        entry=publication_entry(version, content, desk.now),
    )
    await desk.records.record_trust_file(file)
    return _told(args, file, changed=True)


def _check_complete(trust: TrustFile, origin: str, recorded: Sequence[RecordedKey]) -> None:
    """Refuse what strangers could not use, or what hides a compromise. Raises InvalidValue."""
    if {log.name for log in trust.logs} != {origin}:
        raise InvalidValue("logs", f"must be keys of {origin}, and of no other log")
    for name, roots in (("seal_roots", trust.seal_roots), ("tsa_roots", trust.tsa_roots)):
        if not roots:
            raise InvalidValue(name, "is empty: nothing could be verified")
    for one in recorded:
        if one.compromised_since is None:
            continue
        key = one.key.key.hex()
        since = compromised_since(trust.compromised, [key])
        if since is None or since > one.compromised_since:
            said = f'must name {{"key": "{key}", "since": "{one.compromised_since.isoformat()}"}}'
            raise InvalidValue("compromised", said)


def _check_forgets_nothing(old: TrustFile, new: TrustFile) -> None:
    for one in old.compromised:
        since = compromised_since(new.compromised, [one.key])
        if since is None or since > one.since:
            raise InvalidValue("compromised", f"{one.key[:16]} stands in the version before")


def _told(args: argparse.Namespace, file: RecordedTrustFile, *, changed: bool) -> int:
    digest = sha256(file.content).hexdigest()
    if args.json:
        print(json.dumps({"version": file.version, "sha256": digest, "changed": changed}))
        return 0
    done = "บันทึกแล้ว / entered" if changed else "เป็นเช่นนี้อยู่แล้ว / it was so already"
    print(f"{done}: รุ่น / version {file.version}\nsha-256 {grouped(digest)}")
    print("/log/trust.json, /log/trust.tlog-proof: tdh trust update --trust … --new … --proof …")
    return 0


async def _proof(desk: Desk, args: argparse.Namespace) -> int:
    newest = await desk.records.newest_trust_file()
    if newest is None:
        raise InvalidValue("trust-file", "none was published yet")
    published = PublishedTrust(records=desk.records, proving=proving(desk.database))
    proof = await published.proof_of(newest)
    args.out.write_bytes(proof)
    return _told(args, newest, changed=False)
