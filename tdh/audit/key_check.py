"""Each evidence against the keys that the log names: sealed by one that was in service then.

The log alone says which keys served and when (`signing.service_keys`). Whoever makes another key
under the same root seals by one that the log has not named; whoever uses an old one, after its end.
Evidence from before the log named any key is passed over if its key was named later: such a log is
older than this rule. Evidence by a key that was compromised by then is told, and breaks no
invariant: what it is worth to a stranger is decided by who saw it before.
"""

from collections.abc import AsyncIterable, AsyncIterator
from datetime import datetime

from cryptography import x509

from signing.errors import ProofError
from signing.log_entry import parse_operation_entry
from signing.private_keys import spki_digest
from signing.service_keys import KeyPeriods
from storage.audited import AuditedEntry
from tdh.audit.report import CheckName, Tally
from tdh.domain.service_keys import KeyUse

_OPERATION = b"tdh-operation/v1\n"


class KeyCheck:
    """Reads the log as it passes by, then looks at seals."""

    def __init__(self) -> None:
        self.periods = KeyPeriods()
        self.tally = Tally(name=CheckName.KEYS)

    async def watching(self, entries: AsyncIterable[AuditedEntry]) -> AsyncIterator[AuditedEntry]:
        """The same entries, whose operations about keys were taken notice of."""
        async for each in entries:
            if each.entry.startswith(_OPERATION):
                self.operation(each.index, each.entry)
            yield each

    def operation(self, index: int, entry: bytes) -> None:
        """Take one operation of the log."""
        try:
            self.periods.add(index, parse_operation_entry(entry))
        except ProofError as exc:
            self.tally.problem(str(exc))

    def sealed(
        self, name: str, signer: x509.Certificate, time: datetime, index: int | None
    ) -> None:
        """Look at one evidence: whose seal it has, of when, and where the log has it."""
        if self.periods.first is None:
            self.tally.hindered = "the log names no keys"
            return
        self.tally.passed()
        key = spki_digest(signer.public_key())
        if problem := self.periods.problem(KeyUse.SEAL, key, index=index, time=time):
            self.tally.problem(f"{name}: {problem}")
        elif doubt := self.periods.doubt(KeyUse.SEAL, key, time):
            self.tally.note(f"{name}: {doubt}")

    def done(self) -> Tally:
        """The finished check."""
        return self.tally
