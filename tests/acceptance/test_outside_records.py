"""BouncyCastle's ERS, which we did not write, judges our evidence records: one start of Java."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import pytest
from archive_samples import (
    NOW,
    YEAR,
    Authority,
    data,
    records,
    rehashed,
    renewed_together,
)
from cryptography.hazmat.primitives.serialization import Encoding

from signing.archive.errors import RecordError
from signing.archive.record import EvidenceRecord
from signing.archive.verification import verify_record

JARS = ("bcpkix", "bcprov", "bcutil")
FIRST = Authority("First")
SECOND = Authority("Second", begins=NOW, ends=NOW + 4 * YEAR)
THIRD = Authority("Third", begins=NOW + 2 * YEAR, ends=NOW + 8 * YEAR)
ROOTS = [one.certificate for one in (FIRST, SECOND, THIRD)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A record, what it is said to be over, whose timestamp is its newest, and when it is asked."""

    record: bytes
    number: int
    newest: Authority
    at: datetime
    chains: int
    """Expected; 0 for a record that is to be refused."""


def cases() -> dict[str, Case]:
    found = {}
    for number in (1, 2, 3, 7, 100):
        plain = records(number, FIRST)
        once = renewed_together(plain, SECOND, NOW + YEAR)
        ways = {
            "as made": (plain, FIRST, NOW + YEAR, 1),
            "renewed": (once, SECOND, NOW + 3 * YEAR, 1),
            "renewed twice": (
                renewed_together(once, THIRD, NOW + 3 * YEAR),
                THIRD,
                NOW + 5 * YEAR,
                1,
            ),
            "rehashed": (rehashed(once, THIRD, NOW + 3 * YEAR), THIRD, NOW + 5 * YEAR, 2),
            "rehashed, then renewed": (
                renewed_together(rehashed(once, SECOND, NOW + 2 * YEAR), THIRD, NOW + 3 * YEAR),
                THIRD,
                NOW + 5 * YEAR,
                2,
            ),
        }
        for way, (some, newest, at, chains) in ways.items():
            for place in sorted({0, number // 2, number - 1}):
                found[f"{place + 1} of {number}, {way}"] = Case(
                    record=some[place].encode(), number=place, newest=newest, at=at, chains=chains
                )
    good = found["2 of 3, renewed"]
    for place in range(0, len(good.record), 50):
        found[f"changed at byte {place}"] = Case(
            record=altered(good.record, place), number=1, newest=SECOND, at=good.at, chains=0
        )
    found["for other data"] = Case(
        record=good.record, number=2, newest=SECOND, at=good.at, chains=0
    )
    found["by another authority"] = Case(
        record=good.record, number=1, newest=THIRD, at=good.at, chains=0
    )
    return found


def altered(record: bytes, place: int) -> bytes:
    return record[:place] + bytes((record[place] ^ 1,)) + record[place + 1 :]


CASES = cases()


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory, said_by_java) -> dict[str, str]:
    folders = []
    for case in CASES.values():
        folder = tmp_path_factory.mktemp("record")
        (folder / "data").write_bytes(data(case.number))
        (folder / "record.ers").write_bytes(case.record)
        (folder / "unit.der").write_bytes(case.newest.unit.public_bytes(Encoding.DER))
        (folder / "at").write_text(str(int(case.at.timestamp())))
        folders.append(str(folder))
    said = said_by_java("OutsideRecord.java", JARS, *folders)
    return dict(zip(CASES, said, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_bouncy_castle_and_we_agree(name: str, answers: dict[str, str]) -> None:
    case = CASES[name]
    over = data(case.number)
    trusted = ROOTS if name != "by another authority" else [THIRD.certificate]
    digest = hashlib.sha256(over).digest()
    if case.chains:
        verified = verify_record(case.record, digest, trusted, at=case.at, data=over)
        assert verified.time == NOW
        assert EvidenceRecord.parse(case.record).encode() == case.record
        assert answers[name] == f"valid {case.chains}"
    else:
        with pytest.raises(RecordError):
            verify_record(case.record, digest, trusted, at=case.at, data=over)
        assert answers[name].startswith("invalid")
