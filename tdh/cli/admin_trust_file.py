"""`tdh admin trust-file`: the trust file for strangers, entered into the public log and handed out.

`publish` enters a version; the service gives the file out as `/log/trust.json` and, once a head
holds the entry, its proof as `/log/trust.tlog-proof`. `proof` writes the same proof to a file.
"""

import argparse
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from signing.compromise import compromised_since
from signing.trust_file import TrustFile
from signing.verify.trust_update import grouped, publication_entry
from storage.service_keys import RecordedTrustFile
from tdh.anchoring import proving
from tdh.cli.admin_desk import Desk, Subject
from tdh.domain.errors import InvalidValue
from tdh.domain.service_keys import RecordedKey
from tdh.published_trust import PublishedTrust

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - its only name

SUBJECT = Subject(name="trust-file", refused="เผยแพร่ไม่ได้")
_verb = SUBJECT.add_verb


def add_verbs(verbs: "Subparsers") -> None:
    """Add `publish` and `proof`."""
    publish = _verb(verbs, "publish", _publish, "เผยแพร่ / enter a trust file into the log")
    publish.add_argument("file", type=Path)
    proof = _verb(verbs, "proof", _proof, "หลักฐานของรุ่นล่าสุด / the newest one's proof by the log")
    proof.add_argument("--out", type=Path, required=True, metavar="FILE")


async def _publish(desk: Desk, args: argparse.Namespace) -> int:
    content = args.file.read_bytes()
    trust, newest = TrustFile.parse(content), await desk.keys.newest_trust_file()
    _check_complete(trust, desk.config.issuer.origin, await desk.keys.all())
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
    await desk.keys.record_trust_file(file)
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
    newest = await desk.keys.newest_trust_file()
    if newest is None:
        raise InvalidValue("trust-file", "none was published yet")
    published = PublishedTrust(records=desk.keys, proving=proving(desk.database))
    proof = await published.proof_of(newest)
    args.out.write_bytes(proof)
    return _told(args, newest, changed=False)
