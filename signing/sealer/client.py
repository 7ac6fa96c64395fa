"""The other end of the sealer's socket, for the committer and the sequencer.

One connection, made when it is needed and made anew after any failure. Calls take turns. Whatever
goes wrong becomes SealingUnavailable: the caller's transaction fails and nothing was promised. What
the sealer may have done for an answer that nobody got is a line in its ledger without a row.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from signing.sealer import frames
from signing.sealer.connection import FrameConnection
from signing.sealer.errors import FrameError, RefusalCode
from signing.sealer.facts_json import encode_facts
from signing.sealer.messages import (
    Answer,
    Head,
    HeadSigned,
    Hello,
    Identity,
    LastHead,
    Ping,
    Pong,
    Refused,
    Sealed,
    SignHead,
    Stamp,
    Stamped,
    StampRefused,
)
from signing.timestamp_messages import RequestRefused, TimestampRequest
from tdh.domain.errors import LogDiverged, SealingUnavailable
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.log import SignedHead
from tdh.domain.records import RefusedItem, SealedEvidence

FRAME_ITEMS = 256
FRAME_BYTES = 2 * 1024 * 1024
"""A frame of facts gets an answer several times its size, which must fit a frame too."""
MOST_FACTS_BYTES = 4 * 1024 * 1024

Wanted = TypeVar("Wanted")


class SealerClient:
    """Speaks to one sealer. Every method raises SealingUnavailable."""

    def __init__(self, socket_path: Path, timeout_seconds: float = 2.0) -> None:
        """Nothing happens yet. The time-out is for a whole call, waiting for its turn included."""
        self._connection = FrameConnection(socket_path, timeout_seconds)

    async def seal(
        self, facts: Sequence[EvidenceFacts], clock: datetime
    ) -> Sequence[SealedEvidence | RefusedItem]:
        """Seal a batch; each item is answered by itself, in order."""
        encoded = [encode_facts(one) for one in facts]
        fitting = [one for one in encoded if len(one) <= MOST_FACTS_BYTES]
        requests = [frames.encode_seal(clock, some) for some in _in_frames(fitting)]
        answers = await self._ask_all(requests)
        items = [item for answer in answers for item in _expect(answer, Sealed).items]
        if len(items) != len(fitting):
            raise SealingUnavailable("the sealer did not answer every item")
        answered = iter(items)
        return [
            _checked(one, next(answered)) if len(data) <= MOST_FACTS_BYTES else _too_long(one)
            for one, data in zip(facts, encoded, strict=True)
        ]

    async def ping(self, clock: datetime) -> None:
        """Return if the sealer answers and its clock agrees."""
        _expect(await self._ask(frames.encode_request(Ping(clock=clock))), Pong)

    async def hello(self) -> Identity:
        """Who the sealer is."""
        return _expect(await self._ask(frames.encode_request(Hello())), Identity)

    async def last_head(self) -> tuple[int, bytes]:
        """Size and root of the last head that the sealer vouched for."""
        head = _expect(await self._ask(frames.encode_request(LastHead())), Head)
        return head.size, head.root

    async def sign_head(
        self, size: int, root: bytes, consistency: Sequence[bytes], clock: datetime
    ) -> SignedHead:
        """Sign a head. Raises LogDiverged for one that does not extend the last."""
        request = SignHead(clock=clock, size=size, root=root, consistency=tuple(consistency))
        head = _expect(await self._ask(frames.encode_request(request)), HeadSigned).head
        if (head.size, head.root) != (size, root):
            raise SealingUnavailable("the sealer signed another head")
        return head

    async def stamp(self, request: TimestampRequest, clock: datetime) -> bytes:
        """Our own unit's timestamp (RFC 3161 TimeStampToken, DER), of the sealer's now.

        Raises RequestRefused, whose `failure` says why there is none: another policy, a clock that
        is not to be trusted, a unit that has ended.
        """
        asked = Stamp(
            clock=clock,
            imprint=request.imprint,
            policy=request.policy,
            nonce=request.nonce,
            cert_req=request.cert_req,
        )
        answer = await self._ask(frames.encode_request(asked))
        if isinstance(answer, StampRefused):
            raise RequestRefused(answer.failure, answer.problem)
        return _expect(answer, Stamped).token

    @property
    def connections(self) -> int:
        """How many connections there have been; who answers on one stays the same."""
        return self._connection.made

    @property
    def is_connected(self) -> bool:
        """Whether the sealer of the last connection is still there."""
        return self._connection.lives

    async def close(self) -> None:
        """End the connection; the next call makes another."""
        await self._connection.close()

    async def _ask(self, payload: bytes) -> Answer:
        return (await self._ask_all([payload]))[0]

    async def _ask_all(self, payloads: Sequence[bytes]) -> list[Answer]:
        try:
            return await self._connection.ask(payloads, frames.decode_answer)
        except TimeoutError as exc:
            raise SealingUnavailable("the sealer is silent") from exc
        except (OSError, EOFError, ValueError, FrameError) as exc:
            raise SealingUnavailable(f"the sealer cannot be used: {exc}") from exc


def _in_frames(facts: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Encoded facts in as few frames as their limits allow; none at all in none."""
    current: list[bytes] = []
    size = 0
    for one in facts:
        if current and (len(current) == FRAME_ITEMS or size + len(one) > FRAME_BYTES):
            yield current
            current, size = [], 0
        current.append(one)
        size += len(one)
    if current:
        yield current


def _checked(
    facts: EvidenceFacts, item: SealedEvidence | RefusedItem
) -> SealedEvidence | RefusedItem:
    """The item, if it answers these facts: a mixed-up answer must not get into the record."""
    if item.id != facts.id:
        raise SealingUnavailable("the sealer answers for another evidence")
    if isinstance(item, SealedEvidence) and hashlib.sha256(item.xml).digest() != item.digest:
        raise SealingUnavailable("the sealer's digest is not that of its evidence")
    return item


def _too_long(facts: EvidenceFacts) -> RefusedItem:
    return RefusedItem(id=facts.id, problem="the facts are too long for an evidence")


def _expect(answer: Answer, kind: type[Wanted]) -> Wanted:
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, Refused):
        if answer.code is RefusalCode.LOG_DIVERGED:
            raise LogDiverged(answer.problem)
        raise SealingUnavailable(f"{answer.code}: {answer.problem}")
    raise SealingUnavailable("the sealer answers something else")
