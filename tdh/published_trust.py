"""The trust file for strangers as the service hands it out: the newest version, and its proof."""

from dataclasses import dataclass

from storage.service_keys import PostgresServiceKeys, RecordedTrustFile
from tdh.delivery.proving import Proving
from tdh.domain.errors import NotLoggedYet


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTrust:
    """Reads both from the database. Every method raises StorageUnavailable."""

    records: PostgresServiceKeys
    proving: Proving

    async def file(self) -> bytes | None:
        """The newest trust file; None before the first."""
        newest = await self.records.newest_trust_file()
        return None if newest is None else newest.content

    async def proof(self) -> bytes | None:
        """Its tlog-proof, under an anchored head where there is one; None before the first.

        Raises NotLoggedYet.
        """
        newest = await self.records.newest_trust_file()
        return None if newest is None else await self.proof_of(newest)

    async def proof_of(self, file: RecordedTrustFile) -> bytes:
        """The tlog-proof of this version. Raises NotLoggedYet."""
        place = await self.records.place(file.entry)
        if place is None:
            raise NotLoggedYet("the log does not hold this trust file yet")
        return await self.proving.proof_at(place)
