"""What a sender's documents must be to be taken in, by the class of the sender. Pure.

The main document must be TOTAL_PASSED for everybody; no setting softens that. What an operator may
set is told here: how much enclosures must hold, whose signature a letter must have, what to do
while the malware scanner is down. Each refusal has a code and one sentence in each language.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from tdh.domain.identifiers import PartyId
from tdh.domain.scanning import ScanFinding, ScanOutcome
from tdh.domain.signers import AGENCY, CITIZEN, SenderMatch
from tdh.domain.verdicts import Indication, Reason, Verdict

UNSIGNED = frozenset({"no-signature", "not-a-signed-kind"})
"""Codes of the judge for a document in which there is no signature at all."""


def as_enclosure(verdict: Verdict) -> Verdict:
    """The judge's verdict as it stands for an enclosure.

    For the judge a file of no signed kind is malformed, as a main document is one. A scan is none:
    it is unsigned. The reason stays the judge's own.
    """
    if verdict.reason.code not in UNSIGNED:
        return verdict
    return replace(verdict, indication=Indication.NO_SIGNATURE, sub_indication=None)


class EnclosureRule(StrEnum):
    """What enclosures must be; they are often scans."""

    ANY = "any"
    UNSIGNED_OR_VALID = "unsigned-or-valid"
    """A signature that is there must hold."""
    VALID = "valid"


class SignerRule(StrEnum):
    """Who must have signed the main document; of several signatures one is enough."""

    ANY = "any"
    SAME_ORGANISATION = "same-organisation"
    SAME_PERSON = "same-person"


class Mismatch(StrEnum):
    """What becomes of a letter whose signer is not as the rule wants."""

    REFUSE = "refuse"
    MARK = "mark"
    """Taken in; evidence and screens say it."""


class ScannerDown(StrEnum):
    """What becomes of a letter that the malware scanner gives no answer about."""

    REFUSE = "refuse"
    """Sealed and final."""
    WAIT = "wait"
    """Answered 503; nothing is recorded, the sender tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRules:
    """The rules for one class of senders."""

    enclosures: EnclosureRule = EnclosureRule.ANY
    signer: SignerRule = SignerRule.SAME_ORGANISATION
    mismatch: Mismatch = Mismatch.MARK
    scanner_down: ScannerDown = ScannerDown.WAIT

    def enclosure_problem(self, verdict: Verdict | None) -> Reason | None:
        """Why an enclosure may not come in; `verdict` is None where it was not judged."""
        if self.enclosures is EnclosureRule.ANY:
            return None
        if verdict is None:
            return ENCLOSURE_NOT_JUDGED
        if verdict.accepted:
            return None
        if verdict.reason.code not in UNSIGNED:
            return ENCLOSURE_NOT_VALID
        return ENCLOSURE_UNSIGNED if self.enclosures is EnclosureRule.VALID else None

    def is_signer_wanted(self, match: SenderMatch | None) -> bool:
        """Whether the signer of the main document is as the rule wants."""
        if self.signer is SignerRule.ANY:
            return True
        if self.signer is SignerRule.SAME_PERSON:
            return match is SenderMatch.SAME_PERSON
        return match in {SenderMatch.SAME_PERSON, SenderMatch.SAME_ORGANISATION}

    def signer_problem(self, match: SenderMatch | None) -> Reason | None:
        """Why the main document may not come in, though its signature holds."""
        if self.mismatch is Mismatch.MARK or self.is_signer_wanted(match):
            return None
        return SIGNER_IS_NOT_SENDER

    def scan_problem(self, finding: ScanFinding) -> Reason | None:
        """Why a scanned document may not come in. With WAIT an UNAVAILABLE is none: asked later."""
        match finding.outcome:
            case ScanOutcome.CLEAN:
                return None
            case ScanOutcome.FOUND:
                return MALWARE_FOUND
            case ScanOutcome.INCOMPLETE:
                return SCAN_INCOMPLETE
            case ScanOutcome.UNAVAILABLE:
                return None if self.scanner_down is ScannerDown.WAIT else NOT_SCANNED


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakePolicy:
    """The rules of every class; a sender's class is the scheme of its party id."""

    agency: SenderRules = field(default_factory=SenderRules)
    business: SenderRules = field(default_factory=SenderRules)
    citizen: SenderRules = field(default_factory=lambda: SenderRules(signer=SignerRule.SAME_PERSON))

    def rules_for(self, sender: PartyId) -> SenderRules:
        """The rules under which this party sends."""
        classes = {AGENCY: self.agency, CITIZEN: self.citizen}
        return classes.get(sender.partition(":")[0], self.business)


MALWARE_FOUND = Reason(
    code="malware-found",
    th="โปรแกรมตรวจมัลแวร์พบสิ่งอันตรายในเอกสาร",
    en="The malware scanner found something in a document.",
)
SCAN_INCOMPLETE = Reason(
    code="scan-incomplete",
    th="เอกสารใหญ่หรือซ้อนกันลึกเกินกว่าที่โปรแกรมตรวจมัลแวร์จะตรวจได้ครบ",
    en="A document is too large, or packed too deeply, to be scanned for malware to its end.",
)
NOT_SCANNED = Reason(
    code="not-scanned",
    th="โปรแกรมตรวจมัลแวร์ใช้งานไม่ได้ และข้อกำหนดไม่ให้รับเอกสารที่ยังไม่ได้ตรวจ",
    en="The malware scanner does not work now, and what was not scanned is not taken in.",
)
ENCLOSURE_UNSIGNED = Reason(
    code="enclosure-unsigned",
    th="สิ่งที่ส่งมาด้วยไม่มีลายมือชื่อดิจิทัล ซึ่งข้อกำหนดสำหรับผู้ส่งนี้ต้องมี",
    en="An enclosure has no digital signature, which the rules for this sender want.",
)
ENCLOSURE_NOT_VALID = Reason(
    code="enclosure-signature-not-valid",
    th="ลายมือชื่อดิจิทัลในสิ่งที่ส่งมาด้วยตรวจไม่ผ่าน หรือยังสรุปผลไม่ได้",
    en="The digital signatures of an enclosure do not hold, or it cannot be told whether they do.",
)
ENCLOSURE_NOT_JUDGED = Reason(
    code="enclosure-not-judged",
    th="สิ่งที่ส่งมาด้วยใหญ่เกินกว่าจะตรวจลายมือชื่อได้ ซึ่งข้อกำหนดสำหรับผู้ส่งนี้ต้องตรวจ",
    en="An enclosure is too large for its signatures to be judged, which the rules want.",
)
SIGNER_IS_NOT_SENDER = Reason(
    code="signer-is-not-sender",
    th="ผู้ลงลายมือชื่อไม่ใช่ผู้ส่ง หรือใบรับรองไม่ระบุว่าเป็นผู้ส่ง",
    en="Who signed is not who sends, or the certificate does not say that it is.",
)
REASONS = (
    MALWARE_FOUND,
    SCAN_INCOMPLETE,
    NOT_SCANNED,
    ENCLOSURE_UNSIGNED,
    ENCLOSURE_NOT_VALID,
    ENCLOSURE_NOT_JUDGED,
    SIGNER_IS_NOT_SENDER,
)
"""Every refusal that is not the judge's own."""
