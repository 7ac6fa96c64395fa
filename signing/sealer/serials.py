"""Serial numbers of timestamps: never the same one twice, crash or not (RFC 3161, 2.4.2).

A number is a counter in its upper bits and 95 random bits below. The counter goes up to what was
reserved on the disk before, a block at a time, and every start reserves a new block: what a crash
left unused of the old one is skipped for ever. So two numbers differ in their counter as long as
the state folder is not an old copy. If it is one (it must not be: see README), the counter counts
again over numbers that were given out, and the random bits alone keep them apart: two that share a
counter are equal with a chance of one in 2^95. A line that was torn by a crash is cut off, and
rightly so: its block was not used, because the line was not durable yet.

Counter and random bits have 158 bits together: a positive INTEGER of 20 octets.
"""

import re
import secrets
from collections.abc import Callable
from pathlib import Path

from signing.sealer.errors import LedgerError
from signing.sealer.fixed_lines import FixedLines

FILE_NAME = "serials"
BLOCK = 65_536
"""Numbers of one reservation: one line of 20 bytes, and one sync, for so many timestamps."""
RANDOM_BITS = 95
_LINE = re.compile(rb"[0-9]{19}")
_WIDTH = 19 + 1
_MOST = 2**63 - 1


class Serials:
    """The open record of reservations. Every method raises LedgerError."""

    __slots__ = ("_lines", "_next", "_path", "_random", "_reserved")

    def __init__(
        self, folder: Path, *, random_bits: Callable[[int], int] = secrets.randbits
    ) -> None:
        """Continue behind everything that was ever reserved in a state folder."""
        self._path = folder / FILE_NAME
        self._random = random_bits
        self._lines = FixedLines(self._path, _WIDTH)
        last = self._lines.last()
        if last is not None and _LINE.fullmatch(last) is None:
            raise LedgerError(self._path, "the last line is not in its form")
        self._reserved = 0 if last is None else int(last)
        self._next = self._reserved + 1

    def take(self) -> int:
        """A number that nobody got before; positive, of at most 158 bits."""
        if self._next > self._reserved:
            self._reserve()
        counter = self._next
        self._next += 1
        return counter << RANDOM_BITS | self._random(RANDOM_BITS)

    def close(self) -> None:
        """Give the file back."""
        self._lines.close()

    def _reserve(self) -> None:
        """Write down the end of the next block; its numbers are free once that is durable."""
        end = self._reserved + BLOCK
        if end > _MOST:
            raise LedgerError(self._path, "no numbers are left")
        self._lines.append([f"{end:019d}"])
        self._reserved = end
