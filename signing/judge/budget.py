"""How many bytes of documents may be in memory at once, over all requests of this process."""

from tdh.domain.errors import ServiceUnavailable

DEFAULT_BYTES = 512 * 1024 * 1024


class JudgeBusy(ServiceUnavailable):
    """All documents in flight together are too large; the same request may succeed later."""

    code = "judge-busy"


class DocumentBudget:
    """A counter: reserve before taking bytes into memory, release when they are gone."""

    def __init__(self, limit: int = DEFAULT_BYTES) -> None:
        self.limit = limit
        self.used = 0

    def reserve(self, count: int) -> None:
        """Take `count` bytes. Raises JudgeBusy, and then takes nothing."""
        if self.used + count > self.limit:
            raise JudgeBusy(f"{self.used} of {self.limit} bytes in flight, {count} more asked for")
        self.used += count

    def release(self, count: int) -> None:
        """Give `count` bytes back."""
        self.used -= count
