"""Values inside sentences that read differently in Thai and English: times, names, lists.

`"{time:th}"` and `"{time:en}"` in a sentence choose; nothing is decided here. Names come from
certificates and files, so that what could disturb a terminal or turn the reading direction is
taken out of them.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import NameOID

from tdh.domain.thai_time import BANGKOK, short_day

_LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Spoken:
    """The same thing in both languages."""

    th: str
    en: str

    def __format__(self, language: str) -> str:
        """`th`, else English."""
        return self.th if language == "th" else self.en

    def of(self, **values: object) -> "Spoken":
        """The words with their values filled in."""
        return Spoken(self.th.format(**values), self.en.format(**values))


def moment(time: datetime) -> Spoken:
    """A time: RFC 3339 in UTC; in Thai by the clock of Bangkok and the era that people use."""
    # Certificates without an end end in the last second of the calendar (RFC 5280, 4.1.2.5).
    local = min(time, _LAST).astimezone(BANGKOK)
    return Spoken(
        f"{short_day(local.date())} {local:%H:%M:%S} น.",
        time.astimezone(UTC).isoformat(timespec="seconds"),
    )


def listed(parts: Sequence[Spoken]) -> Spoken:
    """One, two and three."""
    return Spoken(
        _joined([part.th for part in parts], " และ"), _joined([part.en for part in parts], " and ")
    )


def name_of(certificate: x509.Certificate) -> str:
    """What people call the owner of a certificate."""
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            if named := plain(str(attribute.value)):
                return named
    return plain(certificate.subject.rfc4514_string()) or "?"


def plain(text: str, longest: int = _LONGEST_NAME) -> str:
    """A text of others without control and formatting characters, and not too long."""
    shown = "".join(each for each in text if unicodedata.category(each)[0] != "C").strip()
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _joined(parts: list[str], last: str) -> str:
    if len(parts) < 2:  # noqa: PLR2004 - two parts are joined by a word
        return "".join(parts)
    return f"{', '.join(parts[:-1])}{last}{parts[-1]}"
