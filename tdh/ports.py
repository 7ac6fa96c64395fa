"""Every outside capability that the steps of a delivery use, as narrow protocols.

`signing`, `storage` and `relay` fit these by shape; `tdh.app` and `tdh.interface` join
them, and mypy checks the fit.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol

from tdh.domain.commands import Command, IdempotencyKey, StoredDocument
from tdh.domain.evidence import EvidenceFacts
from tdh.domain.identifiers import (
    DeliveryId,
    EventId,
    EvidenceId,
    LetterId,
    OutboxId,
    PartyId,
    Pseudonym,
    TrackingNumber,
)
from tdh.domain.letters import Dossier
from tdh.domain.log import (
    Anchor,
    AnchoredHead,
    EvidenceProof,
    LoggedEntry,
    NodeAddress,
    QueuedEntry,
    SignedHead,
    Tree,
)
from tdh.domain.outbox import OutboxItem, Task
from tdh.domain.parties import Party, TokenHolder
from tdh.domain.records import (
    Committed,
    DeliveryView,
    EvidenceRecord,
    LetterView,
    Page,
    RecordedSubmission,
    RefusedItem,
    RefusedSubmissionView,
    SealedEvidence,
    Written,
)
from tdh.domain.reports import ReportedVerdict
from tdh.domain.scanning import ScanFinding
from tdh.domain.signers import SignerMark

CrashPoint = Callable[[str], None]
"""Called with the name of the step just done; the fault tests end the process there."""


class Clock(Protocol):
    """Checked UTC. Raises ServiceUnavailable when the clock cannot be trusted."""

    def now(self) -> datetime: ...


class Ids(Protocol):
    """New names. Ids made for one letter carry the letter's milliseconds."""

    def letter(self, now: datetime) -> LetterId: ...
    def delivery(self, of: LetterId) -> DeliveryId: ...
    def event(self, of: DeliveryId) -> EventId: ...
    def pseudonym(self) -> Pseudonym: ...
    def tracking(self) -> TrackingNumber: ...


class Sealer(Protocol):
    """The process that holds the seal key. Raises SealingUnavailable (silent, gone, clock off)."""

    async def seal(
        self, facts: Sequence[EvidenceFacts], clock: datetime
    ) -> Sequence[SealedEvidence | RefusedItem]:
        """One call for a batch, answered in order; each item is answered by itself."""
        ...

    async def ping(self, clock: datetime) -> None:
        """An empty frame, answered: what the heartbeat rests on."""
        ...


class HeadSigner(Protocol):
    """The sealer's other use: heads that extend the last one. Raises SealingUnavailable."""

    async def last_head(self) -> tuple[int, bytes]:
        """Size and root of the last head it signed; (0, root of the empty tree) at first."""
        ...

    async def sign_head(
        self, size: int, root: bytes, consistency: Sequence[bytes], clock: datetime
    ) -> SignedHead:
        """Sign the head, given the consistency proof from the last one.

        The same head again gets the same bytes; one that does not extend the last is refused:
        raises LogDiverged.
        """
        ...


class JournalTransaction(Protocol):
    """One transaction (READ COMMITTED) of set operations, each called at most once.

    They are called in this order, so that locks are always taken in the same order: keys,
    deliveries, outbox rows.
    """

    async def claim_keys(
        self, keys: Sequence[IdempotencyKey]
    ) -> Mapping[IdempotencyKey, RecordedSubmission | None]:
        """Take the keys; what was recorded before under one, else None: it is ours now."""
        ...

    async def lock(self, deliveries: Sequence[DeliveryId]) -> Mapping[DeliveryId, Dossier]:
        """Lock the rows in order of id and read them. Missing ones are missing in the answer."""
        ...

    async def lock_outbox(self, rows: Sequence[OutboxId]) -> frozenset[OutboxId]:
        """Lock the outbox rows that still exist."""
        ...

    async def write(self, written: Sequence[Written], done: Sequence[OutboxId]) -> None:
        """Write all decisions by `unnest`. Raises DataRefused, Conflict."""
        ...

    async def commit(self) -> None:
        """Raises CommitUnknown when the connection ended before the answer."""
        ...


class Journal(Protocol):
    """The record of letters, deliveries, events and evidence."""

    def transaction(self) -> AbstractAsyncContextManager[JournalTransaction]:
        """Opens a transaction; leaving the block without `commit` rolls it back.

        Errors of the driver arrive as the errors below; anything else is a defect.
        """
        ...

    async def beat(self, at: datetime) -> None:
        """Write the heartbeat row."""
        ...

    async def committed(self, events: Sequence[EventId]) -> bool:
        """On a new connection: whether a batch that has these events committed."""
        ...


class LetterWriter(Protocol):
    """The documents of one letter on their way into the vault."""

    @property
    def wrapped_key(self) -> bytes: ...
    def document(self, number: int) -> "DocumentWriter": ...
    async def keep(self) -> tuple[StoredDocument, ...]:
        """Make all documents durable in every store. Raises StorageUnavailable."""
        ...

    async def drop(self) -> None:
        """Nothing of it remains."""
        ...


class DocumentWriter(Protocol):
    """One document, encrypted as it comes."""

    async def write(self, data: bytes) -> None: ...
    async def finish(self) -> None: ...


class Vault(Protocol):
    """Documents at rest, encrypted."""

    def begin(self, letter: LetterId, month: date) -> LetterWriter: ...
    def read(
        self, letter: LetterId, wrapped_key: bytes, stored: StoredDocument
    ) -> AsyncIterator[bytes]:
        """The plaintext, piece by piece. Raises IntegrityFailure rather than give a wrong byte."""
        ...


class JudgedDocument(Protocol):
    """A document on its way to the judge; kept in memory until `close`."""

    async def write(self, data: bytes) -> None:
        """Raises ServiceUnavailable when documents in flight, all or the sender's, are too many."""
        ...

    async def judge(self, at: datetime) -> ReportedVerdict:
        """Raises JudgeUnavailable."""
        ...

    def close(self) -> None: ...


class Judge(Protocol):
    """Signature judging in processes that hold nothing."""

    def document(self, holder: str, /, *, sender: str = "") -> JudgedDocument:
        """Begin a document; one holder never has more than a share of the memory for them.

        `sender`: among whose documents it waits to be judged, so that many of one sender do not
        keep those of others waiting; the holder's if empty.
        """
        ...


class ScannedDocument(Protocol):
    """A document on its way to the scanner, which sees it as it comes."""

    async def write(self, data: bytes) -> None:
        """Never raises: trouble is told by `finding`, and what follows it is not sent any more."""
        ...

    async def finding(self) -> ScanFinding:
        """End the document and wait for the answer. Never raises, never says CLEAN by mistake."""
        ...

    def close(self) -> None:
        """Let go of it, answered or not. Safe to call again."""
        ...


class Scanner(Protocol):
    """A malware scanner beside the judge. It sees plaintext, and is trusted with it."""

    def document(self) -> ScannedDocument: ...


class Parties(Protocol):
    """Who is registered."""

    async def get(self, ids: Sequence[PartyId]) -> Mapping[PartyId, Party]: ...
    async def signer_marks(self, party: PartyId) -> Sequence[SignerMark]:
        """By what certificates of this party's signers are known, beside its own number."""
        ...


class Tokens(Protocol):
    """Bearer tokens, known by their digest only."""

    async def holder(self, token_sha256: bytes) -> TokenHolder | None:
        """Whose token it is; None for unknown, revoked and expired ones alike."""
        ...


class Mailboxes(Protocol):
    """What a party may see (read side). None is the answer for missing and foreign alike."""

    async def letter(self, letter: LetterId, sender: PartyId) -> LetterView | None: ...
    async def letters(self, sender: PartyId, limit: int, cursor: str | None) -> Page[LetterView]:
        """Newest first."""
        ...

    async def delivery(self, delivery: DeliveryId, party: PartyId) -> DeliveryView | None:
        """For its sender and its recipient (for the latter once it is in the inbox)."""
        ...

    async def tracked(self, number: TrackingNumber, party: PartyId) -> DeliveryView | None: ...
    async def inbox(self, recipient: PartyId, limit: int, cursor: str | None) -> Page[DeliveryView]:
        """What was notified or consigned, newest first; an accepted delivery is not there yet."""
        ...

    async def evidence(self, evidence: EvidenceId, party: PartyId) -> EvidenceRecord | None:
        """For the parties of its delivery; a refused submission's for its sender."""
        ...

    async def content(
        self, delivery: DeliveryId, number: int
    ) -> tuple[LetterId, bytes, StoredDocument] | None:
        """Letter, wrapped key and place of one document."""
        ...

    async def report(self, letter: LetterId, number: int, party: PartyId) -> bytes | None:
        """The judge's report on a document: for the sender, and for who may read the content."""
        ...

    async def refusal_report(
        self, stream: DeliveryId, number: int, sender: PartyId
    ) -> bytes | None:
        """The judge's report on a document of a refused submission, for its sender."""
        ...

    async def recorded(self, sender: PartyId, key: str) -> RecordedSubmission | None:
        """What an idempotency key led to."""
        ...

    async def refusal(self, stream: DeliveryId, sender: PartyId) -> RefusedSubmissionView | None:
        """A refused submission: its reasons and its evidence."""
        ...


class KeptLetters(Protocol):
    """Letters for the service itself, whoever their parties are."""

    async def letter_of(self, delivery: DeliveryId) -> LetterView | None:
        """The letter that this delivery is of, with all its deliveries."""
        ...

    async def content(
        self, delivery: DeliveryId, number: int
    ) -> tuple[LetterId, bytes, StoredDocument] | None:
        """Letter, wrapped key and place of one document."""
        ...


class Outbox(Protocol):
    """What must still be done, claimed in short transactions of its own (SKIP LOCKED)."""

    async def claim(
        self,
        tasks: frozenset[Task],
        limit: int,
        now: datetime,
        *,
        tries: Sequence[datetime] | None = None,
    ) -> Sequence[OutboxItem]:
        """Take due rows: attempts + 1, next try by `policies.retry_at`; at the limit, park them.

        `tries`: the next try after 1, 2, 3 ... attempts, in another way. The transaction is over
        before anything is done with the rows.
        """
        ...

    async def items(self, rows: Sequence[OutboxId]) -> Sequence[OutboxItem]:
        """Those of the rows that still exist and are not parked."""
        ...

    async def postpone(self, rows: Sequence[OutboxId], until: datetime) -> None:
        """Not to be tried before `until`, without counting an attempt against them."""
        ...

    async def finish(self, rows: Sequence[OutboxId]) -> None:
        """Remove notes that the other side confirmed."""
        ...


class Commit(Protocol):
    """The group commit as the steps see it."""

    async def __call__(self, command: Command) -> Committed: ...


class LogRound(Protocol):
    """One sequencing transaction. Only one can run: it holds an advisory lock."""

    async def tree(self) -> Tree: ...
    async def take(self, limit: int) -> Sequence[QueuedEntry]:
        """Entries of committed transactions, each delivery's in its order."""
        ...

    async def nodes(self, wanted: Sequence[NodeAddress]) -> Mapping[NodeAddress, bytes]: ...
    async def append(
        self,
        before: Tree,
        entries: Sequence[QueuedEntry],
        nodes: Mapping[NodeAddress, bytes],
        after: Tree,
    ) -> bool:
        """Store entries from index `before.size` on, the new complete nodes, and the tree.

        Compare-and-swap on (epoch, size): False means that somebody else was there.
        """
        ...

    async def commit(self) -> None: ...


class LogStore(Protocol):
    """The log in the database."""

    def round(self) -> AbstractAsyncContextManager[LogRound]: ...
    async def tree(self) -> Tree: ...
    async def nodes(self, wanted: Sequence[NodeAddress]) -> Mapping[NodeAddress, bytes]: ...
    async def publish(self, head: SignedHead) -> None:
        """Make the head public. Heads only grow; an older one than the newest is ignored."""
        ...

    async def head(self, size: int | None = None) -> SignedHead | None:
        """The newest published head, or the one of this size."""
        ...

    async def entry(self, evidence: EvidenceId) -> LoggedEntry | None: ...


class Anchors(Protocol):
    """What outsiders said of heads; and the heads under which proofs are given, once settled."""

    async def add(self, anchor: Anchor) -> None:
        """Keep an anchor; the first of an outsider for a head stays."""
        ...

    async def of(self, size: int) -> Sequence[Anchor]:
        """Of the head of this size: witnesses first, each kind by its time."""
        ...

    async def settle(self, size: int) -> None:
        """Give proofs under this head from now on."""
        ...

    async def settled(self, above: int | None = None) -> int | None:
        """Size of the first settled head that is greater; of the newest where None is asked."""
        ...


class Proofs(Protocol):
    """What the log says of one evidence, ready to be handed out."""

    async def proof_of(self, evidence: EvidenceId, size: int | None = None) -> bytes:
        """C2SP tlog-proof as text, with its head's cosignatures.

        Under the head of this size; else the first anchored one that holds it, which stays the
        same for ever, else the newest. Raises NotLoggedYet where no such head holds it.
        """
        ...

    async def everything_of(self, evidence: EvidenceId) -> EvidenceProof:
        """All that makes it convince, under the head of `proof_of`.

        Raises NotLoggedYet where no head holds it.
        """
        ...

    async def anchored(self, size: int | None = None) -> AnchoredHead | None:
        """The newest anchored head, or that of this size, anchored or not; None without one."""
        ...

    async def provable_until(
        self, evidences: Sequence[EvidenceId]
    ) -> Mapping[EvidenceId, datetime]:
        """Until when each one's archive record can be checked; those without one are missing."""
        ...

    async def head(self, size: int | None = None) -> SignedHead | None:
        """The newest published head, or the one of this size; None where there is none."""
        ...
