"""What callers send: a letter to submit, an answer to a delivery. JSON to domain values."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from relay.payloads.fields import (
    check_common_era,
    check_filename,
    check_media_type,
    check_text,
    parse_duration,
)
from relay.payloads.reading import Strict, pointer, wrong
from tdh.delivery.submission import Addressee
from tdh.domain.errors import InvalidValue
from tdh.domain.identifiers import Digest, parse_party_id
from tdh.domain.letters import DocumentRole, Envelope, Secrecy, Urgency
from tdh.domain.lifecycle import ConsignmentMode


def _text(most: int, least: int = 1) -> AfterValidator:
    def check(text: str) -> str:
        if not least <= len(text) <= most:
            raise ValueError(f"must have {least} to {most} characters")
        return check_text(text)

    return AfterValidator(check)


def _year(day: date) -> date:
    check_common_era(day.year)
    return day


PART_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
LETTER_PART = "letter"
"""Name of the part with the letter's JSON; documents cannot have it."""


class DocumentIn(Strict):
    """One document that follows in a part of its own."""

    part: Annotated[str, Field(pattern=PART_NAME, description="ชื่อส่วน / name of the part")]
    role: DocumentRole
    filename: Annotated[str, Field(min_length=1), AfterValidator(check_filename)]
    media_type: Annotated[str, AfterValidator(check_media_type)]


class RecipientIn(Strict):
    """One addressee."""

    party: str
    consignment_mode: ConsignmentMode
    accept_within: Annotated[
        str | None, Field(default=None, description="ISO 8601, e.g. P15D / กำหนดลงรับ")
    ]

    def addressee(self, place: int) -> Addressee:
        """Raises InvalidValue with a pointer."""
        party = parse_party_id(self.party, pointer("recipients", place, "party"))
        term = self.accept_within
        where = pointer("recipients", place, "accept_within")
        return Addressee(
            party=party,
            mode=self.consignment_mode,
            accept_within=None if term is None else parse_duration(term, where),
        )


class LetterIn(Strict):
    """The fields of a Thai official letter, its documents and its recipients."""

    number: Annotated[str, _text(100), Field(description="ที่ / number")]
    date: Annotated[date, AfterValidator(_year), Field(description="ลงวันที่ (ค.ศ.) / date")]
    subject: Annotated[str, _text(1000), Field(description="เรื่อง / subject")]
    salutation: Annotated[str, _text(500), Field(description="เรียน / salutation")]
    references: Annotated[
        list[Annotated[str, _text(500)]],
        Field(default_factory=list, max_length=100, description="อ้างถึง / references"),
    ]
    urgency: Annotated[Urgency, Field(description="ชั้นความเร็ว / urgency")] = Urgency.NORMAL
    secrecy: Annotated[Secrecy, Field(description="ชั้นความลับ / secrecy")] = Secrecy.NONE
    documents: Annotated[list[DocumentIn], Field(min_length=1, max_length=1000)]
    recipients: Annotated[list[RecipientIn], Field(min_length=1, max_length=10_000)]

    def envelope(self) -> Envelope:
        return Envelope(
            number=self.number,
            date=self.date,
            subject=self.subject,
            salutation=self.salutation,
            references=tuple(self.references),
            urgency=self.urgency,
            secrecy=self.secrecy,
        )

    def addressees(self) -> tuple[Addressee, ...]:
        """Raises InvalidValue with a pointer."""
        return tuple(one.addressee(place) for place, one in enumerate(self.recipients))

    def check_documents(self, most: int) -> None:
        """The main document first and once, every part once. Raises InvalidPayload."""
        if len(self.documents) > most:
            raise wrong("/documents", f"must be at most {most}", f"ต้องไม่เกิน {most} รายการ")
        seen = {LETTER_PART}
        for place, one in enumerate(self.documents):
            if (one.role is DocumentRole.MAIN) != (place == 0):
                raise wrong(
                    pointer("documents", place, "role"),
                    "the first document, and only it, has the role main",
                    "เอกสารแรกเท่านั้นที่เป็นหนังสือหลัก (main)",
                )
            if one.part in seen:
                raise wrong(pointer("documents", place, "part"), "is used twice", "ชื่อส่วนซ้ำกัน")
            seen.add(one.part)


class NothingIn(Strict):
    """An empty body, or an empty object."""


class RefuseIn(Strict):
    """The recipient's own words, if any."""

    note: Annotated[str, _text(2000, least=0), Field(description="เหตุผล / reason")] = ""


class AcknowledgeIn(Strict):
    """What the recipient's system has, in the order of the letter's documents."""

    sha256: Annotated[
        list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]],
        Field(min_length=1, max_length=1000, description="ค่าแฮชตามลำดับเอกสาร / digests, in order"),
    ]

    def digests(self) -> tuple[Digest, ...]:
        return tuple(Digest(value=bytes.fromhex(one)) for one in self.sha256)


def page_limit(text: str | None) -> int:
    """The `limit` of a list: 1 to 200, 50 if absent. Raises InvalidValue."""
    if text is None:
        return 50
    if not text.isascii() or not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= 200:  # noqa: PLR2004 - the bounds that the docstring gives
        raise InvalidValue("limit", "must be 1 to 200")
    return int(text)
