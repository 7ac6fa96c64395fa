"""What somebody at a terminal can do about a verdict: Thai and English, or nothing to say.

The judge's own sentences are sealed into evidence and know nothing of a command line. These here
belong to `tdh validate`, which asks no network and trusts nobody by itself. They decide nothing.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from signing.judge.facts import Need, NeedKind
from signing.judge.report import Report

Step = tuple[str, str]
"""One thing to do, in Thai and in English."""
DETACHED = (".p7s", ".tst", ".tsr")
"""How files are called that stand over another one beside them."""


def next_steps(
    report: Report, *, file: Path, content: Path | None, anchors: int
) -> tuple[Step, ...]:
    """Say what may help; `content` is what came along, `anchors` how many authorities are trusted.

    Looks beside `file` for its detached signature; reads nothing.
    """
    match report.verdict.reason.code:
        case "unknown-root" if not anchors:
            return (_NOBODY_TRUSTED,)
        case "unknown-root":
            return (_ANOTHER_AUTHORITY,)
        case "revocation-unknown":
            return (_OFFLINE, *_sources(report.needs))
        case "signed-content-missing":
            return (_NAME_THE_CONTENT,)
        case "changed-after-signing" | "timestamp-of-other-content" if content:
            return (_perhaps_another(content),)
        case "no-signature" | "only-a-timestamp" | "not-a-signed-kind":
            return tuple(_signature_beside(file))
        case _:
            return ()


_NOBODY_TRUSTED = (
    "ยังไม่ได้ระบุผู้ให้บริการออกใบรับรองที่เชื่อถือ โปรดระบุไฟล์หรือโฟลเดอร์ใบรับรองด้วย --trust",
    "No trusted authority was given: name its certificate, or a folder of them, with --trust.",
)
_ANOTHER_AUTHORITY = (
    (
        "หากควรเชื่อถือผู้ให้บริการออกใบรับรองรายนี้ โปรดเพิ่มใบรับรองราก (root) ด้วย --trust "
        "และวางใบรับรองคั่นกลางไว้ในโฟลเดอร์ย่อย intermediates/"
    ),
    (
        "If the authority should be trusted, add its root certificate to --trust, and the ones "
        "between in a folder `intermediates/` of it."
    ),
)
_OFFLINE = (
    "คำสั่งนี้ไม่ต่อเครือข่าย โปรดนำข้อมูลการเพิกถอน (ไฟล์ .crl หรือ .ocsp) มาระบุด้วย --trust เพิ่มอีกครั้ง",
    (
        "This command asks no network: get the revocation data (a file .crl or .ocsp) and name it "
        "with one --trust more."
    ),
)
_NAME_THE_CONTENT = (
    "โปรดระบุเอกสารที่ลงลายมือชื่อหรือประทับเวลาไว้ด้วย --content",
    "Name the document that was signed or timestamped with --content.",
)


def _sources(needs: Iterable[Need]) -> Iterator[Step]:
    """Where lists can be had; an OCSP request is not made by hand."""
    for url in dict.fromkeys(need.url for need in needs if need.kind is NeedKind.CRL):
        yield f"ที่อยู่ตามใบรับรอง: {url}", f"The certificate says where: {url}"


def _perhaps_another(content: Path) -> Step:
    return (
        f"โปรดตรวจว่า {content.name} คือไฟล์ที่ลงลายมือชื่อหรือประทับเวลาไว้จริง ไฟล์อื่นก็ให้ผลเช่นนี้",
        (
            f"Make sure that {content.name} is the very file that was signed or timestamped: any "
            "other one gives this answer, too."
        ),
    )


def _signature_beside(file: Path) -> Iterator[Step]:
    """`letter.pdf.p7s` beside `letter.pdf`: then that one is to be judged."""
    for suffix in DETACHED:
        beside = file.with_name(file.name + suffix)
        if beside.is_file():
            yield (
                f"มีไฟล์ {beside.name} อยู่ข้างกัน โปรดตรวจไฟล์นั้นแทน",
                f"{beside.name} lies beside it: judge that file instead.",
            )
