"""The sealer's desk: one request in, one answer out.

It builds each evidence from facts itself and seals it, it signs heads that extend the last one it
vouched for, and it timestamps digests at its own time; it can be asked for nothing else. What it
seals and signs is on the disk before it is answered. Each item of a frame is answered by itself; a
whole frame is refused only where no item could be right (clocks disagree, the certificate has
ended). Knows nothing of sockets.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing import checkpoint, log_entry
from signing.errors import ProofError
from signing.evidence_document import Issuer, write_evidence
from signing.merkle import MerkleError
from signing.private_keys import KeyGone
from signing.sealer.crash_points import AFTER_LEDGER, BEFORE_LEDGER, CrashPoint
from signing.sealer.errors import RefusalCode
from signing.sealer.heads import Heads
from signing.sealer.kernel_clock import unasked
from signing.sealer.ledger import Ledger
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
    Request,
    Sealed,
    SealFacts,
    SignHead,
    Stamp,
    Stamped,
    StampRefused,
)
from signing.sealer.serials import Serials
from signing.seals import Seal
from signing.timestamp_messages import FailureInfo, RequestRefused, TimestampRequest
from signing.timestamps import TimestampAuthority
from signing.tst_info import UnsupportedDigest, read_imprint
from tdh.domain.errors import TDHError
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.records import RefusedItem, SealedEvidence

CLOCK_TOLERANCE = timedelta(seconds=1)
"""Between a frame's clock and the sealer's own."""
MOST_BEFORE_CLOCK = timedelta(seconds=5)
"""How long before its frame an event may lie: the time that a batch takes to be decided."""
MOST_SEALED_BYTES = 11 * 1024 * 1024
"""Of one answer, so that it fits a frame in Base64."""


class HeadSigner(Protocol):
    """A key that signs heads under the log's name."""

    @property
    def vkey(self) -> str: ...
    def signature_line(self, text: bytes) -> bytes:
        """The line that a signed note has of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The three keys of a sealer, and the names that go with them."""

    issuer: Issuer
    seal: Seal
    log: checkpoint.NoteSigner
    timestamps: TimestampAuthority
    timestamp_chain: tuple[x509.Certificate, ...]
    more_log_keys: tuple[HeadSigner, ...] = ()
    """Sign each head too: the log's former or next key, while some know only that one."""


class HeadMaker:
    """Makes the checkpoint of a head and our own token over it."""

    def __init__(self, keys: Keys, serials: Serials, now: Callable[[], datetime]) -> None:
        self._keys, self._serials, self._now = keys, serials, now

    def __call__(self, size: int, root: bytes) -> tuple[bytes, bytes]:
        """Note and token (DER) of a head."""
        head = checkpoint.Checkpoint(origin=self._keys.log.name, size=size, root=root)
        note = checkpoint.sign(head, self._keys.log)
        for further in self._keys.more_log_keys:
            note += further.signature_line(head.text())
        token = self._keys.timestamps.stamp(
            hashlib.sha256(note).digest(),
            serial=self._serials.take(),
            gen_time=self._now(),
        )
        return note, token


class Desk:
    """Answers requests one after another. Raises LedgerError when it must stop for good."""

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        *,
        keys: Keys,
        ledger: Ledger,
        heads: Heads,
        serials: Serials,
        now: Callable[[], datetime],
        crash: CrashPoint,
        clock_problem: Callable[[], str | None] = unasked,
    ) -> None:
        """`clock_problem` says why the clock gives no time for timestamps now, None if it does."""
        self._keys, self._ledger, self._heads, self._serials = keys, ledger, heads, serials
        self._now, self._crash, self._clock_problem = now, crash, clock_problem
        self.gone: KeyGone | None = None
        """Why no key can be used any more; the program is to end after its answer."""

    def answer(self, request: Request) -> Answer:
        """Do what is asked, or refuse it."""
        try:
            return self._answer(request)
        except KeyGone as exc:
            # Nothing of the frame is answered, nor in the ledger; a head may be, unsigned.
            self.gone = exc
            return Refused(code=RefusalCode.KEY_GONE, problem=str(exc))

    def _answer(self, request: Request) -> Answer:
        match request:
            case Hello():
                return self._identity()
            case LastHead():
                return Head(size=self._heads.size, root=self._heads.root)
            case Ping():
                return self._disagreement(request.clock) or Pong()
            case SealFacts():
                return self._disagreement(request.clock) or self._seal(request)
            case SignHead():
                return self._disagreement(request.clock) or self._sign_head(request)
            case Stamp():
                return self._stamp(request)

    def _identity(self) -> Identity:
        return Identity(
            epoch=self._ledger.epoch,
            origin=self._keys.issuer.origin,
            vkey=self._keys.log.vkey,
            certificates=self._keys.seal.certificates,
            timestamp_certificates=tuple(
                one.public_bytes(Encoding.DER) for one in self._keys.timestamp_chain
            ),
            more_vkeys=tuple(one.vkey for one in self._keys.more_log_keys),
        )

    def _disagreement(self, clock: datetime) -> Refused | None:
        off = clock - self._now()
        if abs(off) <= CLOCK_TOLERANCE:
            return None
        problem = f"the frame's clock is {off.total_seconds():+.3f} s off the sealer's"
        return Refused(code=RefusalCode.CLOCK, problem=problem)

    def _seal(self, request: SealFacts) -> Answer:
        now = self._now()
        if not _is_valid(self._keys.seal.chain, now):
            problem = "the seal, or a certificate above it, has ended or not begun"
            return Refused(code=RefusalCode.CERTIFICATE, problem=problem)
        items = tuple(self._item(facts, request.clock, now) for facts in request.facts)
        sealed = [
            (facts.pseudonym, facts.sequence, item.digest)
            for facts, item in zip(request.facts, items, strict=True)
            if isinstance(item, SealedEvidence)
        ]
        if _bytes(items) > MOST_SEALED_BYTES:
            return Refused(code=RefusalCode.TOO_LARGE, problem="the answer would be too long")
        self._crash(BEFORE_LEDGER)
        if sealed:
            self._ledger.record(sealed)
        # If we die here, the ledger has lines without rows: the committer's transaction fails.
        self._crash(AFTER_LEDGER)
        return Sealed(items=items)

    def _item(
        self, facts: EvidenceFacts, clock: datetime, now: datetime
    ) -> SealedEvidence | RefusedItem:
        try:
            return self._evidence(facts, clock, now)
        except KeyGone:
            raise
        except TDHError as exc:
            return RefusedItem(id=facts.id, problem=str(exc))
        except Exception as exc:  # noqa: BLE001 - one poisoned item must not harm the others
            return RefusedItem(id=facts.id, problem=f"unknown problem: {type(exc).__name__}")

    def _evidence(
        self, facts: EvidenceFacts, clock: datetime, now: datetime
    ) -> SealedEvidence | RefusedItem:
        if facts.time.tzinfo is None:
            return RefusedItem(id=facts.id, problem="the event's time has no zone")
        if not clock - MOST_BEFORE_CLOCK <= facts.time <= clock + CLOCK_TOLERANCE:
            return RefusedItem(id=facts.id, problem="the event is not of this moment")
        if not _is_valid(self._keys.seal.chain, facts.time):
            return RefusedItem(id=facts.id, problem="the seal was not valid at the event's time")
        document = write_evidence(facts, self._keys.issuer)
        xml = self._keys.seal.seal(document, signing_time=now)
        digest = hashlib.sha256(xml).digest()
        entry = log_entry.evidence_entry(
            event=facts.event,
            time=facts.time,
            pseudonym=facts.pseudonym,
            sequence=facts.sequence,
            due=facts.due,
            digest=digest,
        )
        return SealedEvidence(id=facts.id, xml=xml, digest=digest, log_entry=entry)

    def _sign_head(self, request: SignHead) -> Answer:
        if not self._keys.timestamps.lasts(self._now()):
            return Refused(code=RefusalCode.CERTIFICATE, problem="the timestamping unit has ended")
        try:
            head = self._heads.sign(request.size, request.root, request.consistency)
        except MerkleError as exc:
            return Refused(code=RefusalCode.LOG_DIVERGED, problem=str(exc))
        return HeadSigned(head=head)

    def _stamp(self, request: Stamp) -> Answer:
        """A token of our own clock's now; everything that forbids one has its failure."""
        disagreement = self._disagreement(request.clock)
        problem = disagreement.problem if disagreement else self._clock_problem()
        if problem is not None:
            return StampRefused(failure=FailureInfo.TIME_NOT_AVAILABLE, problem=problem)
        unit, now = self._keys.timestamps, self._now()
        if not unit.lasts(now):
            return StampRefused(failure=FailureInfo.SYSTEM_FAILURE, problem="the unit has ended")
        try:
            wanted = TimestampRequest(
                digest=read_imprint(request.imprint),
                imprint=request.imprint,
                policy=request.policy,
                nonce=request.nonce,
                cert_req=request.cert_req,
            )
            token = unit.answer(wanted, serial=self._serials.take(), gen_time=now)
        except RequestRefused as exc:
            return StampRefused(failure=exc.failure, problem=str(exc))
        except UnsupportedDigest as exc:
            return StampRefused(failure=FailureInfo.BAD_ALGORITHM, problem=str(exc))
        except ProofError as exc:
            return StampRefused(failure=FailureInfo.BAD_DATA_FORMAT, problem=str(exc))
        return Stamped(token=token)


def _is_valid(chain: Sequence[x509.Certificate], at: datetime) -> bool:
    return all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in chain)


def _bytes(items: Sequence[SealedEvidence | RefusedItem]) -> int:
    return sum(len(item.xml) for item in items if isinstance(item, SealedEvidence))
