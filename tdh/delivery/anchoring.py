"""Anchors: outsiders vouch for heads of the log (C2SP witnesses, RFC 3161 authorities).

The newest published head goes to every witness at once and to one authority. They are off the way
of letters: one that is slow or gone delays nobody, is asked again by and by, and what was answered
is kept as it comes. If we die anywhere, the same head or a newer one goes to them again.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from tdh.delivery.archive_ports import OutsideAuthorities
from tdh.domain.errors import TDHError
from tdh.domain.log import Anchor, AnchorKind, NodeAddress, SignedHead
from tdh.ports import Anchors, CrashPoint

log = structlog.get_logger()

LONGEST_REST = timedelta(minutes=15)
"""A witness that fails again and again is asked this often."""
UNSETTLED_HEADS = 3
"""So many heads in a row may want for an outsider who was asked; the next one need not."""

SHORTEST_REST = 1 / 10
"""A turn that takes long is followed by a rest of this part of the period at least."""

ProofFrom = Callable[[int], Awaitable[Sequence[bytes]]]


async def at_intervals(turn: Callable[[], Awaitable[object]], *, name: str, seconds: float) -> None:
    """Take a turn every so many seconds, for ever; what fails is tried again in the next one."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await turn()
        except TDHError as error:
            log.warning("turn.failed", loop=name, code=error.code, problem=str(error))
        took = loop.time() - began
        await asyncio.sleep(max(seconds - took, seconds * SHORTEST_REST))


class GivenCosignature(Protocol):
    """What a witness gives."""

    @property
    def line(self) -> bytes: ...
    @property
    def time(self) -> datetime: ...


class Witness(Protocol):
    """An outside witness of the log."""

    @property
    def name(self) -> str: ...
    async def cosign(self, note: bytes, size: int, proof: ProofFrom) -> GivenCosignature:
        """Its cosignature of a head, verified. Raises TDHError."""
        ...


class ConsistencyMaths(Protocol):
    """RFC 6962; `signing` has it."""

    def nodes_for_consistency(self, old: int, new: int) -> Sequence[NodeAddress]: ...
    def consistency(
        self, old: int, new: int, nodes: Mapping[NodeAddress, bytes]
    ) -> Sequence[bytes]: ...


class PublishedLog(Protocol):
    """What of the log is read."""

    async def head(self, size: int | None = None) -> SignedHead | None: ...
    async def nodes(self, wanted: Sequence[NodeAddress]) -> Mapping[NodeAddress, bytes]: ...


class Rests:
    """Who failed is left alone for a while: a period, and twice as long after each failure more."""

    def __init__(self, period: timedelta, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._period = period.total_seconds()
        self._monotonic = monotonic
        self._failures: dict[str, int] = {}
        self._until: dict[str, float] = {}

    def is_over(self, name: str) -> bool:
        """Whether it may be asked again."""
        return self._until.get(name, 0.0) <= self._monotonic()

    def failed(self, name: str) -> None:
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        rest = min(self._period * 2 ** min(failures - 1, 16), LONGEST_REST.total_seconds())
        # A little less than whole periods, or the turn that is due would just miss it.
        self._until[name] = self._monotonic() + rest - self._period / 2

    def answered(self, name: str) -> None:
        self._failures.pop(name, None)
        self._until.pop(name, None)


@dataclass(slots=True, kw_only=True)
class Anchoring:
    """Takes heads to outsiders."""

    log: PublishedLog
    maths: ConsistencyMaths
    anchors: Anchors
    witnesses: Sequence[Witness]
    authorities: OutsideAuthorities | None
    rests: Rests
    crash: CrashPoint
    _unsettled: int = field(default=0, init=False)

    async def turn(self) -> int:
        """Take the newest head to everybody who has not vouched for it; how many did.

        Raises StorageUnavailable. A failure of an outsider is logged, not raised.
        """
        head = await self.log.head()
        if head is None:
            return 0
        have = {(one.kind, one.name) for one in await self.anchors.of(head.size)}
        asked = [
            self._by_witness(witness, head)
            for witness in self.witnesses
            if (AnchorKind.WITNESS, witness.name) not in have and self.rests.is_over(witness.name)
        ]
        stamped = any(kind is AnchorKind.TIMESTAMP for kind, _ in have)
        if self.authorities is not None and not stamped:
            asked.append(self._by_authority(self.authorities, head))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer  # of the storage: everybody else is done by now
        await self._settle(head.size, answered=answers.count(True), failed=answers.count(False))
        return answers.count(True)

    async def _by_witness(self, witness: Witness, head: SignedHead) -> bool:
        async def proof(old: int) -> Sequence[bytes]:
            nodes = await self.log.nodes(self.maths.nodes_for_consistency(old, head.size))
            return self.maths.consistency(old, head.size, nodes)

        try:
            given = await witness.cosign(head.note, head.size, proof)
        except TDHError as error:
            return self._failed(witness.name, error)
        self.rests.answered(witness.name)
        kind = AnchorKind.WITNESS
        await self._keep(
            Anchor(size=head.size, kind=kind, name=witness.name, body=given.line, time=given.time)
        )
        return True

    async def _by_authority(self, authorities: OutsideAuthorities, head: SignedHead) -> bool:
        try:
            given = await authorities.stamp(hashlib.sha256(head.note).digest())
        except TDHError as error:
            return self._failed("", error)
        kind = AnchorKind.TIMESTAMP
        await self._keep(
            Anchor(size=head.size, kind=kind, name=given.name, body=given.token, time=given.time)
        )
        return True

    def _failed(self, name: str, error: TDHError) -> bool:
        # Another history than ours is what witnesses are there for: it wakes somebody up.
        alarm = error.code == "witness-contradicts"
        tell = log.critical if alarm else log.warning
        tell("anchor.failed", outsider=name, code=error.code, problem=str(error), alarm=alarm)
        if name:
            self.rests.failed(name)
        return False

    async def _keep(self, anchor: Anchor) -> None:
        """If we die before this, the outsider is asked again and answers again."""
        self.crash("anchor.given")
        await self.anchors.add(anchor)
        self.crash("anchor.kept")
        log.info("anchor.kept", size=anchor.size, kind=anchor.kind, name=anchor.name)

    async def _settle(self, size: int, *, answered: int, failed: int) -> None:
        """Decide whether proofs are given under this head from now on.

        They are where an outsider vouches and nobody who was asked failed. One who fails is waited
        for, but not for ever: a few heads later those who answered are enough.
        """
        if not answered and not await self.anchors.of(size):
            return
        self._unsettled = self._unsettled + 1 if failed else 0
        if self._unsettled > UNSETTLED_HEADS:
            self._unsettled = 0
        if self._unsettled == 0:
            await self.anchors.settle(size)
            self.crash("anchor.settled")
