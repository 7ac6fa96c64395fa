"""Who takes part: agencies, businesses, citizens, and how sure we are of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tdh.domain.identifiers import PartyId


class AssuranceLevel(StrEnum):
    """How well a party was identified (Regulation (EU) 2015/1502; Thai IAL 1 to 3 map to it)."""

    LOW = "http://eidas.europa.eu/LoA/low"
    SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
    HIGH = "http://eidas.europa.eu/LoA/high"


class Channel(StrEnum):
    """How a party takes its letters; decides which handover counts."""

    PERSON = "person"
    """Reads by page or command line: a handover is a completed transport."""
    API = "api"
    """A program that fetches and acknowledges."""
    QUEUE = "queue"
    """A program with a mailbox queue of its own in the broker, which acknowledges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody who sends or receives, as registered."""

    id: PartyId
    name_th: str
    name_en: str
    assurance: AssuranceLevel
    channel: Channel
    mailbox_open: bool = True
    """A closed mailbox takes no new content; what is in it stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegate:
    """Who acts for a party: an officer, an attorney, a provider's system (EN 319 522-2, 5.2).

    As evidence names it: components I03 and I04 for a sender's, I07 and I08 for a recipient's.
    """

    id: PartyId
    """`scheme:value`; not registered as a party, so any scheme."""
    name_th: str
    name_en: str
    assurance: AssuranceLevel
    capacity: str
    """Short name of what it is to the party: `registrar`, `attorney`, `system` ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """For whom a token speaks, and who it is that holds it, where that is somebody else."""

    party: Party
    delegate: Delegate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How and when a party showed who it is: sealed into evidence of what it did."""

    party: PartyId
    method: str
    """Short name, for example `bearer-token`, `amqp-password`."""
    at: datetime
    delegate: Delegate | None = None
    """Who acted for the party, where it did not act itself."""

    @property
    def actor(self) -> PartyId:
        """The party, or its delegate."""
        return self.party if self.delegate is None else self.delegate.id
