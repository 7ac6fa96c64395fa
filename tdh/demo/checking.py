"""Step 6: every evidence is checked by programs that know nothing of the demo, and one is spoiled.

`tdh verify` runs from files alone, where the machine allows it in a network namespace of its own,
which has no network; xmlsec1 is not ours. A changed byte must be found, and the check that finds
it is named.
"""

import asyncio
import json
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from signing.log_entry import EvidenceEntry, parse_entry
from tdh.demo.archive import HEAD_TOKEN, PROOF_SUFFIX, Kept
from tdh.demo.cast import COMPANY
from tdh.demo.failures import NotAsTold, check
from tdh.demo.scene import OK, Scene, Sent
from tdh.demo.stage import SEAL_ROOT, TRUST_FILE, find_program
from tdh.domain.tiles import bundle_of, tiles_of, unpack_entries

PASSED = (
    "schema",
    "seal",
    "certificate",
    "digest",
    "inclusion",
    "checkpoint",
    "timestamp",
    "sequence",
)
"""Checks of `tdh verify` that must pass for every evidence here."""
SIGNED_PROPERTIES = "http://uri.etsi.org/01903/v1.3.2#:SignedProperties"
PROGRAM_SECONDS = 60.0
ISOLATED = ("unshare", "--net"), ("unshare", "--map-root-user", "--net")
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}
"""Nothing of ours: no address of a service, no token, no settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A program that has ended."""

    code: int
    out: bytes
    err: bytes


async def everything_checked(scene: Scene, sent: Sequence[Sent]) -> None:
    """6. Evidence and proofs, saved, checked offline, and one of them spoiled."""
    teller = scene.teller
    teller.begin_step(6, "ตรวจหลักฐานแบบออฟไลน์", "every evidence, checked offline")
    await scene.archive.everything([one for letter in sent for one in letter.deliveries.values()])
    size = await scene.archive.prove()
    kept = scene.archive.kept
    acts = await _acts_beside(scene, kept, size)
    teller.tell(
        f"เก็บหลักฐาน {len(kept)} ฉบับพร้อมข้อพิสูจน์ สมุดบันทึกสาธารณะมีครบทุกฉบับ ฉบับละหนึ่งรายการ",
        f"{len(kept)} evidences saved with their proofs; the public log has each of them, once",
        facts=[
            scene.home.shown(scene.home.path("evidence")),
            (
                f"และการกระทำของผู้ให้บริการ {len(acts)} รายการ: {', '.join(sorted(set(acts)))}",
                f"and {len(acts)} acts of the operator: {', '.join(sorted(set(acts)))}",
            ),
        ],
    )
    await _verified(scene, kept)
    await _verified_by_xmlsec1(scene, kept)
    await _spoiled(scene, _acceptance_of(sent[0].to(COMPANY), kept))


async def _acts_beside(scene: Scene, kept: Sequence[Kept], size: int) -> list[str]:
    """The kinds of the operator's acts in the public log, which else has our evidence, each once.

    Read from the log's tiles (c2sp.org/tlog-tiles), as any stranger may. Raises NotAsTold.
    """
    acts: list[str] = []
    logged: Counter[bytes] = Counter()
    for tile in tiles_of(size):
        if tile.level == 0:
            bundle = await scene.agency.get(f"/log/{bundle_of(tile).path}")
            for entry in map(parse_entry, unpack_entries(bundle.expect(OK).body)):
                if isinstance(entry, EvidenceEntry):
                    logged[entry.digest] += 1
                else:
                    acts.append(entry.kind)
    ours = Counter(sha256(one.path.read_bytes()).digest() for one in kept)
    check(logged == ours, f"the log has {logged.total()} evidences, and we have {ours.total()}")
    return acts


async def _verified(scene: Scene, kept: Sequence[Kept]) -> None:
    alone = await alone_on_this_machine()
    report = await verify(scene, [one.path for one in kept], alone, code=0)
    check(report["result"] == "valid", f"tdh verify says {report['result']}")
    check(len(report["files"]) == len(kept), "tdh verify has left out a file")
    for file in report["files"]:
        results = {one["id"]: one["result"] for one in file["checks"]}
        check("fail" not in results.values(), f"{file['file']}: {results}")
        lacking = [name for name in PASSED if results.get(name) != "pass"]
        check(not lacking, f"{file['file']}: {', '.join(lacking)} did not pass")
    anchors = {
        (f"anchor: {one['text']['th']}", f"anchor: {one['text']['en']}")
        for file in report["files"]
        for one in file["checks"]
        if one["id"] == "anchor"
    }
    where_th = " ในที่ที่ไม่มีเครือข่าย" if alone else " จากไฟล์เท่านั้น"
    where_en = "without any network" if alone else "from files alone"
    scene.teller.tell(
        f"tdh verify: ถูกต้องทั้ง {len(kept)} ฉบับ{where_th}",
        f"tdh verify: all {len(kept)} valid, {where_en}",
        facts=[f"✓ {', '.join(PASSED)}", *sorted(anchors)],
    )


async def _verified_by_xmlsec1(scene: Scene, kept: Sequence[Kept]) -> None:
    for one in kept:
        ran = await _xmlsec1(scene, one.path)
        check(ran.code == 0, f"xmlsec1 refuses {one.path.name}: {_last_words(ran)}")
    scene.teller.tell(
        f"xmlsec1 (โปรแกรมของผู้อื่น): ตราประทับถูกต้องทั้ง {len(kept)} ฉบับ",
        f"xmlsec1, a program of others: all {len(kept)} seals valid",
    )


async def _spoiled(scene: Scene, one: Kept) -> None:
    folder = scene.data / "spoiled"
    folder.mkdir()
    copy = folder / one.path.name
    content = one.path.read_bytes()
    copy.write_bytes(_one_digit_changed(content, scene.letters[0].text.number))
    for beside in (one.path.with_suffix(PROOF_SUFFIX).name, HEAD_TOKEN):
        shutil.copy(one.path.with_name(beside), folder)
    (report,) = (await verify(scene, [copy], (), code=1))["files"]
    failed = [check for check in report["checks"] if check["result"] == "fail"]
    check(failed, "tdh verify does not name the check that fails")
    check((await _xmlsec1(scene, copy)).code != 0, "xmlsec1 accepts a changed evidence")
    scene.teller.tell(
        f"สำเนาของ {one.path.name} ถูกแก้หนึ่งไบต์: จับได้ทั้งสองโปรแกรม",
        "one byte of a copy changed (the letter's number): both programs refuse it",
        facts=[
            (f"✗ {one['id']}: {one['text']['th']}", f"✗ {one['id']}: {one['text']['en']}")
            for one in failed
        ],
    )


def _one_digit_changed(xml: bytes, number: str) -> bytes:
    """The evidence for a letter with the next number: one byte is another."""
    old = number.encode()
    new = old[:-1] + bytes([old[-1] + 1])
    check(old in xml, f"the evidence does not name the letter {number}")
    return xml.replace(old, new, 1)


def _acceptance_of(delivery: str, kept: Sequence[Kept]) -> Kept:
    for one in kept:
        if one.delivery == delivery and one.event == "SubmissionAcceptance":
            return one
    raise NotAsTold(f"no SubmissionAcceptance of {delivery}")


async def verify(
    scene: Scene, files: Sequence[Path], alone: Sequence[str], *, code: int
) -> Mapping[str, Any]:
    """Run `tdh verify --json`. Raises NotAsTold for another exit code."""
    program = str(Path(sys.executable).with_name("tdh"))
    trust = str(scene.home.path(TRUST_FILE))
    words = [program, "verify", "--json", "--trust", trust, *map(str, files)]
    ran = await _run([*alone, *words])
    check(ran.code == code, f"tdh verify ended with {ran.code}, not {code}: {_last_words(ran)}")
    return dict(json.loads(ran.out))


async def _xmlsec1(scene: Scene, file: Path) -> Ran:
    program = find_program("xmlsec1", "xmlsec1")
    root = str(scene.home.path(SEAL_ROOT))
    words = [program, "--verify", "--enabled-key-data", "x509", "--trusted-pem", root]
    return await _run([*words, "--id-attr:Id", SIGNED_PROPERTIES, str(file)])


async def alone_on_this_machine() -> Sequence[str]:
    """What to put before a command so that it has no network; nothing where that is forbidden."""
    if shutil.which("unshare") is None:
        return ()
    for words in ISOLATED:
        if (await _run([*words, "true"])).code == 0:
            return words
    return ()


async def _run(words: Sequence[str]) -> Ran:
    """Run a program to its end. Raises NotAsTold if it takes too long, OSError."""
    process = await asyncio.create_subprocess_exec(
        *words,
        env=ENVIRONMENT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), PROGRAM_SECONDS)
    except TimeoutError:
        raise NotAsTold(f"{words[0]} took more than {PROGRAM_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ran(code=process.returncode or 0, out=out, err=err)


def _last_words(ran: Ran) -> str:
    lines = (ran.err or ran.out).decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "nothing said"
