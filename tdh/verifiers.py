"""The small verifiers' digests in the public log: so that everybody can see that all got the same.

Each version is entered once, when the service that serves it first runs, or by the operator's
command. A stranger compares the digest of the file that he has with the entry `verifier-published`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from signing.log_entry import operation_entry
from storage.service_keys import PostgresServiceKeys
from storage.verifiers import PostgresVerifiers, RecordedVerifier
from tdh.delivery.proving import Proving
from tdh.domain.errors import NotLoggedYet
from tdh.domain.published import PublishedFile

log = structlog.get_logger()

OPERATION = "verifier-published"


async def publish_verifiers(
    records: PostgresVerifiers, files: Sequence[PublishedFile], now: datetime
) -> tuple[RecordedVerifier, ...]:
    """Enter what the log does not know yet; gives what was new. Raises StorageUnavailable."""
    published = []
    for file in files:
        version = RecordedVerifier(
            name=file.name, digest=bytes.fromhex(file.sha256), published_at=now
        )
        if await records.publish(version, entry_of(version)):
            log.info("verifier.published", name=file.name, digest=file.sha256)
            published.append(version)
    return tuple(published)


def entry_of(version: RecordedVerifier) -> bytes:
    """What the public log says of it."""
    fields = [("name", version.name), ("digest", f"sha-256 {version.digest.hex()}")]
    return operation_entry(OPERATION, version.published_at, fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVerifiers:
    """What the log says of the files that are served. Every method raises StorageUnavailable."""

    records: PostgresVerifiers
    entries: PostgresServiceKeys
    proving: Proving

    async def proof(self, file: PublishedFile) -> bytes | None:
        """The tlog-proof of a file's entry; None before it is entered. Raises NotLoggedYet."""
        for version in await self.records.all():
            if (version.name, version.digest.hex()) == (file.name, file.sha256):
                place = await self.entries.place(entry_of(version))
                if place is None:
                    raise NotLoggedYet("no head of the log holds this entry yet")
                return await self.proving.proof_at(place)
        return None
