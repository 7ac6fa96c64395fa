"""What the careful judge found about chains, so that the same chain need not be judged again.

A fact is kept under the certificate, its use, and everything that came along for its chain, and is
used only between the instants at which nothing about it changes. The memory belongs to one run of
the judge's program: one trust store, one policy. It is bounded; the oldest facts go first.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

from signing.judge.facts import ChainFact, Purpose
from signing.judge.fast.verify import Party

MAX_FACTS: Final = 4_096
LONGEST: Final = timedelta(hours=24)
"""After so long a chain is judged anew, whatever its data say."""

_Key = tuple[Purpose, str, str]


class ChainMemory:
    """Facts by certificate and use."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._facts: OrderedDict[_Key, tuple[ChainFact, datetime]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._facts)

    def find(self, purpose: Purpose, party: Party, at: datetime) -> ChainFact | None:
        """Give the fact about this certificate that holds at this time, if there is one."""
        known = self._facts.get((purpose, party.certificate_sha256, party.material))
        if known is None:
            return None
        fact, learned = known
        if not fact.not_before <= at <= fact.not_after or abs(at - learned) > LONGEST:
            return None
        return fact

    def learn(self, fact: ChainFact, at: datetime) -> None:
        """Keep a fact that was found for a judgement at this time."""
        key = (fact.purpose, fact.certificate_sha256, fact.material)
        self._facts[key] = fact, at
        self._facts.move_to_end(key)
        if len(self._facts) > MAX_FACTS:
            self._facts.popitem(last=False)
