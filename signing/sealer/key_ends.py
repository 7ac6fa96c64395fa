"""Which of the sealer's certificates end soon, in words for its first line. Seals nothing."""

from collections.abc import Iterator
from datetime import datetime

from cryptography import x509

from signing.sealer.desk import Keys
from tdh.domain.service_keys import WARN_BEFORE


def soon_ending(keys: Keys, now: datetime) -> Iterator[str]:
    """A warning for each key whose certificate, or one above it, ends within 60 days or ended."""
    for name, chain in (("seal", keys.seal.chain), ("timestamp", keys.timestamp_chain)):
        first = min(chain, key=_end)
        left = _end(first) - now
        if left < WARN_BEFORE:
            word = "has ended at" if left.total_seconds() < 0 else f"ends in {left.days} days, at"
            whose = "" if first is chain[0] else " above it"
            at = _end(first).isoformat(timespec="seconds")
            yield f"WARNING: the {name} certificate{whose} {word} {at}"


def _end(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc
