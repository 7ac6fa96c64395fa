"""What an audit found: one named check for each invariant, with counts and the first examples.

The invariants are those of the design (docs/DESIGN.md). Pure values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from signing.seal_check import Outcome
from signing.verify.report import Text
from tdh.audit.statistics import Statistics

EXAMPLES = 20
"""So many of a check's problems are told; all are counted."""


class CheckName(StrEnum):
    """One invariant each; the names are stable."""

    SIGNED_HEAD = "signed-head"
    TILES = "tiles"
    APPEND_ONLY = "append-only"
    ANCHORED = "anchored"
    SERVED_HEAD = "served-head"
    LOG_ENTRIES = "log-entries"
    LOG_NODES = "log-nodes"
    LOG_HEADS = "log-heads"
    HEAD_SIGNATURES = "head-signatures"
    HEAD_TOKENS = "head-tokens"
    LOG_COMPLETE = "log-complete"
    LOG_FILES = "log-files"
    ENTRIES_READABLE = "entries-readable"
    SEQUENCES = "sequences"
    CONTRADICTIONS = "contradictions"
    FINAL_IN_TIME = "final-in-time"
    ENTRY_TIMES = "entry-times"
    OPERATIONS = "operations"
    ONE_EVIDENCE_EACH = "one-evidence-each"
    STREAMS = "streams"
    STATES = "states"
    EVIDENCE_DIGESTS = "evidence-digests"
    EVIDENCE_ENTRIES = "evidence-entries"
    EVIDENCE_SEALS = "evidence-seals"
    KEYS = "keys"
    LEDGER = "ledger"
    TIMERS = "timers"
    IDEMPOTENCY = "idempotency"
    DOCUMENTS = "documents"
    REPORTS = "reports"
    ARCHIVE = "archive"


MEANINGS: Mapping[CheckName, Text] = MappingProxyType(
    {
        CheckName.SIGNED_HEAD: Text(
            th="หัวสมุดบันทึกที่แสดงอยู่ลงนามด้วยกุญแจที่เชื่อถือ",
            en="the head that the log shows is signed by a trusted key of this log",
        ),
        CheckName.TILES: Text(
            th="ทุกรายการและทุกแฮชในไฟล์ของสมุดบันทึกให้รากเดียวกับหัวที่แสดง",
            en="every entry and every hash of the log's files agree, and give the head's root",
        ),
        CheckName.APPEND_ONLY: Text(
            th="สมุดบันทึกต่อเนื่องจากหัวที่เคยเห็นครั้งก่อน ไม่ถูกย้อนหรือแยกเป็นสองฉบับ",
            en="the log extends the head that was seen before: not rewound, not forked",
        ),
        CheckName.ANCHORED: Text(
            th="มีบุคคลภายนอกรับรองหัวของสมุดบันทึกนี้",
            en="outsiders vouch for a head of this log",
        ),
        CheckName.ENTRIES_READABLE: Text(
            th="อ่านทุกรายการในสมุดบันทึกได้ และเขียนไว้ในรูปแบบเดียว",
            en="every entry of the log can be read, in its one spelling",
        ),
        CheckName.SEQUENCES: Text(
            th="รายการของการนำจ่ายแต่ละรายการเรียงเลขจาก 1 ไม่ขาดไม่ซ้ำ",
            en="the entries of each delivery are numbered from 1, without gaps and once each",
        ),
        CheckName.CONTRADICTIONS: Text(
            th="หลักฐานของการนำจ่ายแต่ละรายการไม่ขัดกัน",
            en="no two evidences of one delivery contradict each other",
        ),
        CheckName.FINAL_IN_TIME: Text(
            th="ทุกการนำจ่ายที่รับฝากไว้สิ้นสุดภายในกำหนด",
            en="every accepted delivery came to its end in time, or still has time",
        ),
        CheckName.ENTRY_TIMES: Text(
            th="เวลาของรายการไม่ย้อนกลับและไม่อยู่ในอนาคต",
            en="the entries' times do not go back and have come",
        ),
        CheckName.OPERATIONS: Text(
            th="การกระทำของผู้ให้บริการ (กุญแจ ที่เก็บความเชื่อถือ) อ่านได้และเรียงลำดับ",
            en="the operator's acts (keys, trust stores) follow one another",
        ),
        CheckName.LOG_FILES: Text(
            th="ไฟล์ของสมุดบันทึกที่เผยแพร่ตรงกับฐานข้อมูล",
            en="the log's published files are those of the database",
        ),
        CheckName.SERVED_HEAD: Text(
            th="หัวสมุดบันทึกที่เผยแพร่อยู่เป็นส่วนหนึ่งของประวัติที่เก็บไว้",
            en="the head that is served belongs to the stored history",
        ),
        CheckName.LOG_ENTRIES: Text(
            th="รายการในสมุดบันทึกครบ เรียงกัน และคำนวณได้รากเดียวกับที่เก็บไว้",
            en="the log's entries are whole and give the stored root",
        ),
        CheckName.LOG_NODES: Text(
            th="โหนดของต้นไม้ที่เก็บไว้ตรงกับที่คำนวณใหม่",
            en="the stored nodes of the tree are those that the entries give",
        ),
        CheckName.LOG_HEADS: Text(
            th="หัวสมุดบันทึกทุกหัวต่อเนื่องกันและตรงกับรายการ",
            en="every published head is a state of this one log, each extending the one before",
        ),
        CheckName.HEAD_SIGNATURES: Text(
            th="หัวสมุดบันทึกทุกหัวลงนามด้วยกุญแจที่เชื่อถือ",
            en="every published head is signed by the trusted key",
        ),
        CheckName.HEAD_TOKENS: Text(
            th="หัวสมุดบันทึกทุกหัวมีการประทับเวลาที่เชื่อถือ และเวลาไม่ย้อนกลับ",
            en="every published head has a trusted timestamp, and they do not go back",
        ),
        CheckName.LOG_COMPLETE: Text(
            th="หลักฐานทุกฉบับที่เก่าพอแล้วอยู่ในหัวสมุดบันทึกล่าสุด",
            en="the newest head holds every evidence that is older than the merge delay",
        ),
        CheckName.ONE_EVIDENCE_EACH: Text(
            th="เหตุการณ์หนึ่งมีหลักฐานหนึ่งฉบับ และมีรายการในสมุดบันทึกหนึ่งรายการ",
            en="each event has one evidence and one place in the log or its queue",
        ),
        CheckName.STREAMS: Text(
            th=(
                "ทุกเหตุการณ์เป็นของการนำจ่ายหรือการปฏิเสธรับฝาก ทุกการนำจ่ายมีหนังสือ "
                "และไม่มีเอกสารใดออกไปก่อนที่ผู้รับจะเปิดเนื้อหาได้"
            ),
            en=(
                "each event belongs to a delivery or refused submission, each delivery to a "
                "letter, and no document went out where content was never available"
            ),
        ),
        CheckName.STATES: Text(
            th=(
                "สถานะของการนำจ่ายตรงกับที่คำนวณใหม่จากเหตุการณ์ เหตุการณ์ไม่ขัดกัน และทุกกำหนดเวลามาจากเหตุการณ์"
            ),
            en=(
                "each delivery stands where its events lead, no two events contradict, "
                "and every term was set by an event"
            ),
        ),
        CheckName.EVIDENCE_DIGESTS: Text(
            th="หลักฐานทุกฉบับตรงกับค่าแฮชที่เก็บไว้",
            en="the bytes of each evidence have the stored digest",
        ),
        CheckName.EVIDENCE_ENTRIES: Text(
            th="รายการในสมุดบันทึกตรงกับหลักฐานและเหตุการณ์",
            en="each entry of the log says what its event and evidence say",
        ),
        CheckName.EVIDENCE_SEALS: Text(
            th="ตราประทับของหลักฐานถูกต้อง และเนื้อความตรงกับเหตุการณ์ หนังสือ เอกสาร และการนำจ่าย",
            en=(
                "the evidence's seal holds, and it says what the rows of its event, letter, "
                "documents and delivery say"
            ),
        ),
        CheckName.KEYS: Text(
            th="ตราประทับทุกดวงทำด้วยกุญแจที่สมุดบันทึกแจ้งไว้ว่าใช้งานอยู่ในเวลานั้น",
            en="each seal is by a key that the log had named in service then",
        ),
        CheckName.LEDGER: Text(
            th="หลักฐานทุกฉบับอยู่ในบัญชีของผู้ประทับตรา",
            en="each evidence is in the sealer's ledger",
        ),
        CheckName.TIMERS: Text(
            th="การนำจ่ายที่ยังไม่สิ้นสุดทุกรายการมีงานรออยู่",
            en="each delivery that has not ended has work that will move it",
        ),
        CheckName.IDEMPOTENCY: Text(
            th="การฝากส่งแต่ละครั้งมีคีย์กันซ้ำหนึ่งคีย์ และแต่ละคีย์เป็นของการฝากส่งครั้งเดียว",
            en="each submission has one key, and each key one submission of its sender",
        ),
        CheckName.DOCUMENTS: Text(
            th="เอกสารในคลังครบถ้วนและตรงกับหลักฐาน",
            en="the documents are in the vault, intact, and those that the evidence names",
        ),
        CheckName.REPORTS: Text(
            th="รายงานผลตรวจลายมือชื่อครบถ้วนและตรงกับค่าแฮชที่หลักฐานระบุ",
            en="the judge's reports have the digests by which evidence names them",
        ),
        CheckName.ARCHIVE: Text(
            th="หลักฐานทุกฉบับที่เกินหนึ่งชั่วโมงอยู่ในคลังระยะยาวที่ประทับเวลาแล้วและยังตรวจได้",
            en="every evidence older than an hour is in a round of the archive whose timestamp can "
            "still be checked",
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCheck:
    """One invariant and what came of it."""

    name: CheckName
    outcome: Outcome
    checked: int
    """How many things were looked at."""
    problems: int
    examples: tuple[str, ...]
    """The first problems, each naming what it is about."""
    notes: tuple[str, ...]
    """What is worth knowing and no problem."""
    optional: bool = False
    """Whether the whole can be told without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """The whole."""

    checks: tuple[AuditCheck, ...]
    statistics: Statistics | None = None
    """What became of deliveries, by the log; None where it could not be read."""

    @property
    def outcome(self) -> Outcome:
        """The worst: fail before unknown before pass."""
        found = {
            check.outcome
            for check in self.checks
            if not (check.optional and check.outcome is Outcome.UNKNOWN)
        }
        if Outcome.FAIL in found:
            return Outcome.FAIL
        return Outcome.UNKNOWN if Outcome.UNKNOWN in found or not found else Outcome.PASS

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "result": self.outcome.value,
            "checks": [
                {
                    "id": check.name.value,
                    "result": check.outcome.value,
                    "checked": check.checked,
                    "problems": check.problems,
                    "examples": list(check.examples),
                    "notes": list(check.notes),
                    "text": {"th": MEANINGS[check.name].th, "en": MEANINGS[check.name].en},
                }
                for check in self.checks
            ],
            **({} if self.statistics is None else {"statistics": self.statistics.to_plain()}),
        }


@dataclass(slots=True, kw_only=True)
class Tally:
    """A check that is being made: counts, and keeps the first examples."""

    name: CheckName
    checked: int = 0
    problems: int = 0
    examples: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    hindered: str = ""
    """Why the check could not be made; a problem that was found all the same counts more."""
    optional: bool = False
    """Whether the whole can be told without it."""

    def passed(self, number: int = 1) -> None:
        """Things looked at and found right, or whose problems are counted apart."""
        self.checked += number

    def problem(self, what: str) -> None:
        """Something is not as it must be."""
        self.problems += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(what)

    def note(self, what: str) -> None:
        """Something to be told."""
        if len(self.notes) < EXAMPLES:
            self.notes.append(what)

    def done(self) -> AuditCheck:
        """The finished check."""
        outcome = Outcome.PASS
        if self.problems:
            outcome = Outcome.FAIL
        elif self.hindered:
            outcome = Outcome.UNKNOWN
        return AuditCheck(
            name=self.name,
            outcome=outcome,
            checked=self.checked,
            problems=self.problems,
            examples=tuple(self.examples),
            notes=tuple(self.notes if not self.hindered else [self.hindered, *self.notes]),
            optional=self.optional,
        )
