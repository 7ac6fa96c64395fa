"""Errors with a stable code and typed facts; `relay/problems.py` alone turns them into answers.

The class says what happened; its `code` never changes once published. A lawful refusal of a
document is no error: it is an event with reasons (`events.SubmissionRejection`).
"""

from typing import ClassVar


class TDHError(Exception):
    """Something that TDH knows how to name. Subclasses set `code` (kebab-case)."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later without being changed."""


class InvalidValue(TDHError):
    """A value that breaks a rule of its type; `field` is a JSON pointer where one is known."""

    code = "invalid-request"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class NotFound(TDHError):
    """No such thing, or nothing that the caller may know of: the two are one answer."""

    code = "not-found"

    def __init__(self, what: str) -> None:
        super().__init__(f"no {what} for this caller")
        self.what = what


class TopSecretNotCarried(TDHError):
    """ลับที่สุด may not travel electronically (PM Office Regulation on Saraban No. 4, 2564)."""

    code = "top-secret-not-carried"


class ModeNotAvailable(TDHError):
    """The consignment mode is known to the standard but not offered here."""

    code = "mode-not-available"

    def __init__(self, mode: str) -> None:
        super().__init__(f"consignment mode {mode} is not offered")
        self.mode = mode


class RecipientNotRegistered(TDHError):
    """A recipient has no mailbox here."""

    code = "recipient-not-registered"

    def __init__(self, party: str) -> None:
        super().__init__(f"{party} has no mailbox here")
        self.party = party


class MailboxClosed(TDHError):
    """The recipient's mailbox takes nothing at the moment: a cause on the recipient's side."""

    code = "mailbox-closed"
    retryable = True


class IllegalTransition(TDHError):
    """The lifecycle has no such step from this state; `state` and `event` name both."""

    code = "illegal-transition"

    def __init__(self, state: str, event: str) -> None:
        super().__init__(f"no {event} from state {state}")
        self.state = state
        self.event = event


class AlreadyDecided(TDHError):
    """Another event came first and excludes this one; `winner` names it."""

    code = "already-final"

    def __init__(self, winner: str) -> None:
        super().__init__(f"{winner} came first")
        self.winner = winner


class NotAcceptedYet(TDHError):
    """Content is asked for before the recipient accepted the delivery."""

    code = "not-accepted-yet"


class AcceptanceTooLate(TDHError):
    """The answer was received after the deadline."""

    code = "acceptance-too-late"


class AcceptanceNotCommitted(TDHError):
    """An answer in time that could not be committed within `acceptance_commit_seconds`."""

    code = "acceptance-not-committed"
    retryable = True


class NotDueYet(TDHError):
    """A timer fired before its time."""

    code = "not-due-yet"
    retryable = True


class ClockBehind(TDHError):
    """The clock reads earlier than the delivery's last event by more than the tolerance."""

    code = "clock-disagrees"
    retryable = True


class WrongDigests(TDHError):
    """An acknowledgement names other digests than those of the delivery's documents."""

    code = "digest-mismatch"


class IdempotencyMismatch(TDHError):
    """The key was used before for another letter."""

    code = "idempotency-mismatch"


class IdempotencyInProgress(TDHError):
    """A submission under this key is still running."""

    code = "idempotency-in-progress"
    retryable = True


class OutcomeUnknown(TDHError):
    """The commit's fate is not known; a retry under the same key tells the truth."""

    code = "outcome-unknown"
    retryable = True


class ServiceUnavailable(TDHError):
    """A part that the request needs is not working; nothing was accepted."""

    code = "service-unavailable"
    retryable = True


class StorageUnavailable(ServiceUnavailable):
    """Database or vault cannot take the letter now."""

    code = "storage-unavailable"


class SealingUnavailable(ServiceUnavailable):
    """The sealer does not answer."""

    code = "sealing-unavailable"


class JudgeUnavailable(ServiceUnavailable):
    """Signatures cannot be judged now."""

    code = "judge-unavailable"


class ScannerUnavailable(ServiceUnavailable):
    """Documents cannot be scanned for malware now."""

    code = "scanner-unavailable"


class ReceiptMakerUnavailable(ServiceUnavailable):
    """Receipts cannot be made now; what was made before is served all the same."""

    code = "receipt-maker-unavailable"


class ReceiptKeyGivenUp(ReceiptMakerUnavailable):
    """The receipt key is compromised, retired or ended: only the operator can help, by another."""

    code = "receipt-key-given-up"
    retryable = False


class NoReceiptForEvent(TDHError):
    """The event has evidence but no page for people."""

    code = "no-receipt-for-this-event"

    def __init__(self, event: str) -> None:
        super().__init__(f"{event} has no receipt")
        self.event = event


class NotLoggedYet(TDHError):
    """No head of the log holds the evidence yet."""

    code = "not-logged-yet"
    retryable = True


class NotArchivedYet(TDHError):
    """The evidence's round of the archive has no timestamp yet."""

    code = "not-archived-yet"
    retryable = True


class IntegrityFailure(TDHError):
    """Stored bytes are not what was stored. Nothing of them is given out."""

    code = "integrity-failure"


class DataRefused(TDHError):
    """The database refuses the data (SQLSTATE class 22 or 23): some member is poisoned."""

    code = "data-refused"


class Conflict(TDHError):
    """Serialisation failure or deadlock (40001, 40P01): the same batch may be tried once more."""

    code = "conflict"
    retryable = True


class CommitUnknown(TDHError):
    """The connection ended at or after COMMIT: the batch may have been committed."""

    code = "commit-unknown"


class LogDiverged(TDHError):
    """The database's log is not a continuation of what was signed. Sequencing stops."""

    code = "log-diverged"


class DocumentTooLarge(TDHError):
    """A document, or all of the request, is larger than what is taken in."""

    code = "too-large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} bytes")
        self.limit = limit
