"""The months for which there must be partitions."""

from datetime import date

import pytest

from storage.partitions import months_from


@pytest.mark.parametrize(
    ("day", "months"),
    [
        (date(2026, 11, 22), ("2026-11-01", "2026-12-01", "2027-01-01")),
        (date(2026, 12, 31), ("2026-12-01", "2027-01-01", "2027-02-01")),
        (date(2028, 1, 1), ("2028-01-01", "2028-02-01", "2028-03-01")),
    ],
)
def test_this_month_and_the_next_two(day: date, months: tuple[str, ...]) -> None:
    assert tuple(map(str, months_from(day))) == months
