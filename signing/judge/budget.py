"""How many bytes of documents may be in memory at once, over all requests of this process.

One holder never has more than half of them: who uploads many large documents slowly takes the
other half from nobody.
"""

from collections import Counter

from tdh.domain.errors import ServiceUnavailable

DEFAULT_BYTES = 512 * 1024 * 1024


class JudgeBusy(ServiceUnavailable):
    """Too many bytes in flight, of all or of one holder; the same request may succeed later."""

    code = "judge-busy"


class DocumentBudget:
    """A counter: reserve before taking bytes into memory, release when they are gone."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        """`limit` in bytes: twice the largest document at least, or such a one never fits."""
        self.limit = limit
        self.share = limit // 2
        """Bytes that one holder may have."""
        self.used = 0
        self._held: Counter[str] = Counter()

    def reserve(self, count: int, holder: str) -> None:
        """Take `count` bytes for a holder. Raises JudgeBusy, and then takes nothing."""
        if self.used + count > self.limit:
            raise JudgeBusy(f"{self.used} of {self.limit} bytes in flight, {count} more asked for")
        held = self._held[holder]
        if held + count > self.share:
            raise JudgeBusy(
                f"{holder}: {held} of {self.share} bytes in flight, {count} more asked for"
            )
        self.used += count
        self._held[holder] = held + count

    def release(self, count: int, holder: str) -> None:
        """Give `count` bytes of a holder back."""
        self.used -= count
        self._held[holder] -= count
        if not self._held[holder]:
            del self._held[holder]  # else every sender there ever was stays in memory
