"""How long a fetched answer serves before it is asked for again. Pure.

Not whether it counts: that is for the judge's policy to say, each time (`revocation_weigh`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tdh.domain.revocation import KeptAnswer

WITHOUT_NEXT_UPDATE = timedelta(hours=1)
"""How long an answer serves that says no next update."""
_EARLY = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheLimits:
    """How long answers serve."""

    retry_seconds: float = 60.0
    """A source is not asked twice in less."""
    longest_seconds: float = 86_400.0
    """Whatever an answer says of itself, it is asked for again after this."""
    max_age_seconds: float | None = None
    """The policy's maximum age of revocation data."""
    memory_bytes: int = 64 * 1024 * 1024

    def serves_until(self, answer: KeptAnswer, *, offered: bool = True) -> datetime:
        """When an answer must be asked for again. `offered`: whether a child had it before it.

        What was offered and not read is of no use; what was fetched ahead nobody has seen yet.
        """
        least = answer.fetched_at + timedelta(seconds=self.retry_seconds)
        if answer.this_update is None:
            longest = answer.fetched_at + timedelta(seconds=self.longest_seconds)
            return least if offered else max(least, longest)
        ends = [
            answer.next_update or _later(answer.this_update, WITHOUT_NEXT_UPDATE),
            answer.fetched_at + timedelta(seconds=self.longest_seconds),
        ]
        if self.max_age_seconds is not None:
            ends.append(_later(answer.this_update, timedelta(seconds=self.max_age_seconds)))
        return max(least, min(ends))

    def renewed_from(self, answer: KeptAnswer, *, offered: bool = True) -> datetime:
        """When it is fetched anew although it still serves."""
        early = _EARLY * (self.serves_until(answer, offered=offered) - answer.fetched_at)
        return answer.fetched_at + max(early, timedelta(seconds=self.retry_seconds))


def _later(time: datetime, by: timedelta) -> datetime:
    """What a child read may lie at the end of all times; nothing is later than that."""
    return time + min(by, datetime.max.replace(tzinfo=time.tzinfo) - time)
