"""The service's own keys: entered into the log before they sign, and left alone once given up.

What holds: *no evidence is committed, and no head published, that a key signed which was not in the
log's queue before*. Whoever asks the sealer knows who answers on this very connection and has
entered its keys, each in one transaction with its entry; what another connection answers does not
count. So a key's entry has the lower number in the queue, and the lower index in the log. A round
looks before it takes entries, so the head that first names a key may be that key's own first one.
If we die in between, the entry is there and the evidence is not.

A key that the operator has retired or called compromised, and a seal that has ended, sign nothing
more within `LOOK_AGAIN_SECONDS`; `ping`, by which the service says whether it is ready, says why.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from signing import service_keys
from signing.errors import ProofError
from signing.receipt.client import ReceiptsClient
from signing.receipt.messages import Answer, Request
from signing.sealer.client import SealerClient
from signing.sealer.messages import Identity
from signing.service_keys import key_of_certificates, key_of_vkey
from signing.timestamp_messages import TimestampRequest
from storage.service_keys import PostgresServiceKeys
from tdh.domain.errors import (
    ReceiptKeyGivenUp,
    SealingUnavailable,
    StorageUnavailable,
)
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.log import SignedHead
from tdh.domain.records import RefusedItem, SealedEvidence
from tdh.domain.service_keys import (
    WARN_BEFORE,
    KeyUse,
    RecordedKey,
    ServiceKey,
    problem_with,
    shown,
)
from tdh.ports import Clock

log = structlog.get_logger()

LOOK_AGAIN_SECONDS = 5.0
"""How often one process asks the database whether a key was given up."""
RECEIPT_CERTIFICATE = "receipt-certificate.pem"
_LOG = (KeyUse.LOG, KeyUse.LOG_MLDSA)


class ServiceKeys:
    """The keys that are found in use, entered, and watched."""

    def __init__(self, records: PostgresServiceKeys, clock: Clock) -> None:
        self._records, self._clock = records, clock
        self._recorded: Sequence[RecordedKey] = ()
        self._looked_at: datetime | None = None
        self._warned_at: datetime | None = None

    async def enter(self, keys: Sequence[ServiceKey]) -> None:
        """Make sure that the log names them; harmless to repeat. Raises StorageUnavailable.

        One that was given up is not entered again, nor one that has ended.
        """
        await self.look(at_once=True)
        now = self._clock.now()
        known = {one.key for one in self._recorded}
        for key in keys:
            if key in known or problem_with(key, self._recorded, now) is not None:
                continue
            if await self._records.enter(key, now, service_keys.in_service(key, now)):
                log.info("key.in-service", use=key.use.value, key=shown(key.key))
        await self.look(at_once=True)

    async def look(self, *, at_once: bool = False) -> None:
        """Read what the operator has said since. Raises StorageUnavailable."""
        now, again = self._clock.now(), timedelta(seconds=LOOK_AGAIN_SECONDS)
        if at_once or self._looked_at is None or abs(now - self._looked_at) >= again:
            self._recorded = await self._records.all()
            self._looked_at = now

    def problem(self, keys: Sequence[ServiceKey], uses: Sequence[KeyUse]) -> str | None:
        """Why the keys in these uses must not sign now; None if they may."""
        now = self._clock.now()
        for key in keys:
            if key.use in uses and (found := problem_with(key, self._recorded, now)):
                return found
        return None

    def problem_in(self, use: KeyUse) -> str | None:
        """The same of the newest key that the log knows in a use, where nobody is asked for it."""
        known = [one.key for one in self._recorded if one.key.use is use]
        return problem_with(known[-1], self._recorded, self._clock.now()) if known else None

    def warn(self, keys: Sequence[ServiceKey]) -> None:
        """Say once a day which certificates end soon, and what is wrong with a key."""
        now = self._clock.now()
        if self._warned_at is not None and now - self._warned_at < timedelta(days=1):
            return
        self._warned_at = now
        for key in keys:
            if found := problem_with(key, self._recorded, now):
                log.error("key.unusable", problem=found, alarm=True)
            elif key.ends_at is not None and key.ends_at - now < WARN_BEFORE:
                left = (key.ends_at - now).days
                log.warning("key.ends-soon", use=key.use.value, key=shown(key.key), days=left)


class WatchedSealer(SealerClient):
    """The sealer, whose keys are entered before what they sign counts, and are not given up."""

    def __init__(
        self,
        socket_path: Path,
        timeout_seconds: float,
        keys: ServiceKeys,
        more_keys: Callable[[], Sequence[ServiceKey]] = tuple,
    ) -> None:
        """`more_keys`: those of other programs of this service, entered together with these."""
        super().__init__(socket_path, timeout_seconds)
        self._watch, self._more_keys = keys, more_keys
        self._seen: tuple[int, Sequence[ServiceKey]] | None = None
        self._round = 0
        """The connection with which the sequencer's round began."""

    async def seal(
        self, facts: Sequence[EvidenceFacts], clock: datetime
    ) -> Sequence[SealedEvidence | RefusedItem]:
        """As the sealer does; raises SealingUnavailable for a key that was given up."""
        await self._make_sure(KeyUse.SEAL)
        before = self.connections
        items = await super().seal(facts, clock)
        self._must_be(before)
        return items

    async def last_head(self) -> tuple[int, bytes]:
        """As the sealer does; its keys are in the queue when it returns."""
        head = await super().last_head()
        await self._make_sure(*_LOG, KeyUse.TIMESTAMP)
        self._round = self.connections
        return head

    async def sign_head(
        self, size: int, root: bytes, consistency: Sequence[bytes], clock: datetime
    ) -> SignedHead:
        """As the sealer does, on the connection that the round began with."""
        head = await super().sign_head(size, root, consistency, clock)
        # Another one has perhaps keys that this head does not name: the next round enters them.
        self._must_be(self._round)
        return head

    async def stamp(self, request: TimestampRequest, clock: datetime) -> bytes:
        """As the sealer does; raises SealingUnavailable for a key that was given up."""
        await self._make_sure(KeyUse.TIMESTAMP)
        before = self.connections
        token = await super().stamp(request, clock)
        self._must_be(before)
        return token

    async def ping(self, clock: datetime) -> None:
        """Return if the sealer answers and could seal: its seal is neither given up nor ended."""
        await super().ping(clock)
        with suppress(StorageUnavailable):  # which is another part's trouble
            await self._make_sure(KeyUse.SEAL)

    async def keys(self) -> Sequence[ServiceKey]:
        """Those of the sealer that answers now, and of the other programs."""
        while True:
            number, seen = self.connections, self._seen
            if seen is not None and seen[0] == number and self.is_connected:
                return seen[1]
            identity = await self.hello()
            if self.connections == number:  # else it is not told who answered
                found = (*keys_of(identity), *self._more_keys())
                await self._watch.enter(found)
                self._seen = (number, found)

    async def warn(self) -> None:
        """Say once a day which keys end soon."""
        self._watch.warn(await self.keys())

    async def _make_sure(self, *uses: KeyUse) -> None:
        keys = await self.keys()
        await self._watch.look()
        if problem := self._watch.problem(keys, uses):
            raise SealingUnavailable(problem)

    def _must_be(self, connection: int) -> None:
        if self.connections != connection:
            raise SealingUnavailable("another sealer answered than the one whose keys are known")


class WatchedReceipts(ReceiptsClient):
    """The receipt maker, left alone once the newest receipt key was given up or has ended."""

    def __init__(self, socket_path: Path, timeout_seconds: float, keys: ServiceKeys) -> None:
        super().__init__(socket_path, timeout_seconds)
        self._watch = keys

    async def _ask(self, request: Request) -> Answer:
        await self._watch.look()
        if problem := self._watch.problem_in(KeyUse.RECEIPT):
            raise ReceiptKeyGivenUp(problem)
        return await super()._ask(request)


def keys_of(identity: Identity) -> tuple[ServiceKey, ...]:
    """The keys by which a sealer says who it is. Raises SealingUnavailable where one is odd."""
    try:
        return (
            key_of_certificates(KeyUse.SEAL, identity.certificates),
            key_of_certificates(KeyUse.TIMESTAMP, identity.timestamp_certificates),
            *(key_of_vkey(vkey) for vkey in (identity.vkey, *identity.more_vkeys)),
        )
    except ProofError as exc:
        raise SealingUnavailable(f"the sealer's keys cannot be told: {exc}") from exc


def receipt_keys(folder: Path) -> tuple[ServiceKey, ...]:
    """The receipt maker's key by its certificate; none where this process may not see it."""
    try:
        pem = (folder / RECEIPT_CERTIFICATE).read_bytes()
        return (service_keys.key_of_pem(KeyUse.RECEIPT, pem),)
    except OSError:
        return ()
    except ProofError as exc:
        log.warning("key.receipt-certificate-unreadable", problem=str(exc))
        return ()
