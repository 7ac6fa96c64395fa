"""From contents to a sealed container: the one call that the delivery side makes.

Never holds a key: the receipt maker seals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from signing.bundle.container import BundleSealer, Container, sealed
from signing.bundle.contents import members_of
from signing.errors import ProofError
from tdh.domain.bundle import BundleContents
from tdh.domain.errors import IntegrityFailure


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerMaker:
    """Lays out and has sealed."""

    sealer: BundleSealer
    revocation: Callable[[], Sequence[bytes]]
    """Revocation lists (DER) of the issuer's authorities, for those who check with other programs.
    """

    async def __call__(self, contents: BundleContents) -> Container:
        """Raises IntegrityFailure where a kept proof cannot be read, and what the sealer raises."""
        try:
            return await sealed(members_of(contents, self.revocation()), self.sealer)
        except ProofError as exc:
            raise IntegrityFailure(f"no bundle can be made: {exc}") from exc
