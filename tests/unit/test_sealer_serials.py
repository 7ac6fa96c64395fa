"""Serial numbers of timestamps: no crash, torn line or restart gives one twice."""

from itertools import islice

import pytest

from signing.sealer.errors import LedgerError
from signing.sealer.serials import BLOCK, FILE_NAME, RANDOM_BITS, Serials
from signing.tst_info import MAX_SERIAL_BITS


def counters(serials: Serials, count: int) -> list[int]:
    return [serials.take() >> RANDOM_BITS for _ in range(count)]


def test_numbers_grow_by_their_counter_and_fit_a_token(tmp_path) -> None:
    serials = Serials(tmp_path, random_bits=lambda bits: (1 << bits) - 1)
    assert counters(serials, 3) == [1, 2, 3]
    assert 0 < serials.take().bit_length() <= MAX_SERIAL_BITS
    serials.close()


def test_the_largest_counter_fits_a_token() -> None:
    assert (2**63 - 1 << RANDOM_BITS | (1 << RANDOM_BITS) - 1).bit_length() < MAX_SERIAL_BITS


def test_nothing_is_reserved_before_it_is_needed_and_a_block_is_one_line(tmp_path) -> None:
    serials = Serials(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == b""
    counters(serials, BLOCK)
    assert (tmp_path / FILE_NAME).read_bytes() == b"%019d\n" % BLOCK
    assert counters(serials, 1) == [BLOCK + 1]
    assert (tmp_path / FILE_NAME).read_bytes() == b"%019d\n%019d\n" % (BLOCK, 2 * BLOCK)
    serials.close()


def test_a_start_skips_what_a_crash_left_over(tmp_path) -> None:
    first = Serials(tmp_path)
    used = counters(first, 5)
    again = Serials(tmp_path)  # the first one was never closed: its process is gone
    assert min(counters(again, 5)) > BLOCK > max(used)
    first.close()
    again.close()


@pytest.mark.parametrize("torn", [1, 10, 19])
def test_a_torn_reservation_was_never_used(tmp_path, torn: int) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"%019d\n" % BLOCK + (b"%019d\n" % (2 * BLOCK))[:torn])
    serials = Serials(tmp_path)
    assert counters(serials, 1) == [BLOCK + 1]
    serials.close()


@pytest.mark.parametrize("line", [b"x" * 19 + b"\n", b"1" * 18 + b"-\n", b"1" * 20])
def test_a_changed_record_stops_it(tmp_path, line: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(line)
    with pytest.raises(LedgerError):
        Serials(tmp_path)


def test_numbers_that_cannot_be_reserved_are_not_given(tmp_path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"%019d\n" % (2**63 - 10))
    serials = Serials(tmp_path)
    with pytest.raises(LedgerError, match="no numbers"):
        serials.take()
    serials.close()


def test_an_old_copy_of_the_record_repeats_counters_but_no_number(tmp_path) -> None:
    first, folder = Serials(tmp_path), tmp_path / "copy"
    numbers = list(islice(iter(first.take, None), 100))
    folder.mkdir()
    old = Serials(folder)
    again = list(islice(iter(old.take, None), 100))
    assert [one >> RANDOM_BITS for one in numbers] == [one >> RANDOM_BITS for one in again]
    assert not set(numbers) & set(again)
    first.close()
    old.close()
