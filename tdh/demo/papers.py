"""Step 7: receipts to print, and one file for a judge; both checked alone, and one of them spoiled.

The receipt is a page (PDF) with evidence and proof inside; the bundle (.asice) holds everything of
a delivery. `tdh verify` gets nothing but the file and the trust file.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tdh.demo.archive import Kept
from tdh.demo.cast import CITIZEN, COMPANY
from tdh.demo.checking import alone_on_this_machine, verify
from tdh.demo.failures import check
from tdh.demo.scene import OK, Scene, Sent

PDF = "application/pdf"
RECEIPTS = {
    "SubmissionAcceptance": ("ใบรับฝาก", "proof of posting"),
    "ContentConsignment": ("ใบนำจ่าย", "proof of delivery"),
    "ContentHandover": ("ใบตอบรับ", "advice of receipt"),
    "ConsignmentRejection": ("ใบปฏิเสธการรับ", "proof of refusal"),
}


async def papers_for_people(scene: Scene, sent: Sequence[Sent]) -> None:
    """7. Receipts and a bundle, fetched, saved and checked offline."""
    teller = scene.teller
    teller.begin_step(7, "ใบรับและชุดหลักฐาน", "receipts, and one file for a judge")
    alone = await alone_on_this_machine()
    receipts = [await _receipt(scene, one) for one in _wanted(scene, sent)]
    report = await verify(scene, receipts, alone, code=0)
    _all_valid(report, "receipt")
    teller.tell(
        f"ใบรับ {len(receipts)} ใบ (PDF/A-3 หน้าเดียว) แต่ละใบตรวจได้ด้วยตัวเอง",
        f"{len(receipts)} receipts (PDF/A-3, a page each), each verifies by itself",
        facts=[_named(scene, one) for one in receipts],
    )
    bundle = await _bundle(scene, sent[0].to(COMPANY))
    _all_valid(await verify(scene, [bundle], alone, code=0), "bundle")
    teller.tell(
        "ชุดหลักฐาน (.asice): เอกสาร หลักฐาน ข้อพิสูจน์ อยู่ในไฟล์เดียว",
        "the bundle (.asice): documents, evidence and proofs in one file",
        facts=[f"{scene.home.shown(bundle)} ({bundle.stat().st_size / 1000:.0f} KB)"],
    )
    await _spoiled(scene, bundle)


def _wanted(scene: Scene, sent: Sequence[Sent]) -> Sequence[Kept]:
    """One of each kind: of the company's letter, and of the one that the citizen refused."""
    deliveries = (sent[0].to(COMPANY), sent[1].to(CITIZEN))
    found = {
        one.event: one
        for one in reversed(scene.archive.kept)
        if one.delivery in deliveries and one.event in RECEIPTS
    }
    check(found.keys() == RECEIPTS.keys(), f"receipts only of {', '.join(found)}")
    return [found[event] for event in RECEIPTS]


async def _receipt(scene: Scene, one: Kept) -> Path:
    answer = await scene.agency.get(f"/v1/evidence/{one.id}", accept=PDF)
    name = f"receipts/{one.delivery}/{one.sequence:02d}-{one.event}.pdf"
    return scene.home.write(name, answer.expect(OK).body)


async def _bundle(scene: Scene, delivery: str) -> Path:
    answer = await scene.agency.get(f"/v1/deliveries/{delivery}/bundle")
    return scene.home.write(f"bundles/{delivery}.asice", answer.expect(OK).body)


def _named(scene: Scene, receipt: Path) -> tuple[str, str]:
    thai, english = RECEIPTS[receipt.stem.partition("-")[2]]
    shown = scene.home.shown(receipt)
    return f"{thai}: {shown}", f"{english}: {shown}"


def _all_valid(report: Mapping[str, Any], kind: str) -> None:
    for file in report["files"]:
        check(file["kind"] == kind, f"{file['file']} is taken for a {file['kind']}")
        check(file["result"] == "valid", f"{file['file']}: {file['result']}")


async def _spoiled(scene: Scene, bundle: Path) -> None:
    """A byte of the document inside is changed; the archive itself stays whole."""
    copy = scene.data / "spoiled" / bundle.name
    shutil.copy(bundle, copy)
    content = bytearray(copy.read_bytes())
    content[content.rindex(b"/ByteRange") // 2] ^= 1
    copy.write_bytes(content)
    (report,) = (await verify(scene, [copy], (), code=1))["files"]
    failed = [one for one in report["checks"] if one["result"] == "fail"]
    check(failed, "tdh verify does not name the check that fails")
    scene.teller.tell(
        "แก้หนึ่งไบต์ในสำเนาของชุดหลักฐาน: จับได้",
        "one byte of a copy of the bundle changed: refused",
        facts=[
            (f"✗ {one['id']}: {one['text']['th']}", f"✗ {one['id']}: {one['text']['en']}")
            for one in failed[:2]
        ],
    )
