"""Under what a verification is made: all that does not come from the files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509

from signing.compromise import LogVerifier, compromised_since, name_of_verifier, names_of_path
from signing.cosignature import CosignatureVerifier
from signing.trust_file import TrustFile
from signing.witness_policy import WitnessPolicy

CLOCK_TOLERANCE = timedelta(seconds=5)
"""An event's time lies at most so far from the clocks by which heads are timestamped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Whom to believe, at what time, and how much is asked for."""

    trust: TrustFile
    at: datetime
    """The time of the check; nothing from after it is believed."""
    require_anchor: bool = False
    policy: WitnessPolicy | None = None
    """Which witnesses must have cosigned; instead of the trust file's threshold."""

    @property
    def anchor_needed(self) -> bool:
        """Whether the operator's word is not enough."""
        return self.require_anchor or self.asks_for_witnesses

    @property
    def logs(self) -> tuple[LogVerifier, ...]:
        """Whose heads are believed: the trust file's logs; the policy's where it names none."""
        if self.trust.logs or self.policy is None:
            return self.trust.logs
        return self.policy.logs

    @property
    def witnesses(self) -> tuple[CosignatureVerifier, ...]:
        """Whose cosignatures are looked at; a log is no witness of itself."""
        known = self.trust.witnesses if self.policy is None else self.policy.witnesses
        names = {log.name for log in self.logs}
        keys = {log.public_key for log in self.logs}
        return tuple(
            each for each in known if each.name not in names and each.public_key not in keys
        )

    def is_enough(self, names: Iterable[str]) -> bool:
        """Whether cosignatures by these witnesses make what is asked for."""
        found = frozenset(names)
        if self.policy is None:
            return len(found) >= max(1, self.trust.witness_threshold)
        return self.policy.is_met(found)

    @property
    def asks_for_witnesses(self) -> bool:
        """Whether timestamps alone do not anchor a head."""
        if self.policy is not None:
            return self.policy.asks_for_witnesses
        return self.trust.witness_threshold > 0

    def is_outside(self, path: Sequence[x509.Certificate]) -> bool:
        """Whether a timestamp by the first of this path is an outsider's.

        It leads to an outsider's root, and not by way of the operator's: a public root may have
        certified his authority, too.
        """
        roots = self.trust.outside_tsa_roots
        own = names_of_path(root for root in self.trust.tsa_roots if root not in roots)
        return path[-1] in roots and set(own).isdisjoint(names_of_path(path))

    def in_other_hands(self, path: Iterable[x509.Certificate]) -> datetime | None:
        """Since when a key of this path is known to be compromised; None if none is.

        Any key of the path: who has an authority's can make the keys below it.
        """
        return compromised_since(self.trust.compromised, names_of_path(path))

    def key_in_other_hands(self, verifier: LogVerifier) -> datetime | None:
        """The same of a log's or a witness's key. Raises CompromiseError if it is none."""
        return compromised_since(self.trust.compromised, [name_of_verifier(verifier)])
