"""The other end of the receipt maker's socket, for the interface, the worker and the demo.

It only asks: what a receipt says is decided on the other side, from the sealed evidence.
"""

from collections.abc import Sequence
from pathlib import Path

from signing.bundle.manifest import ManifestEntry
from signing.receipt import wire
from signing.receipt.messages import (
    Answer,
    BundleSealed,
    MakeReceipt,
    Material,
    ReceiptMade,
    ReceiptRefusal,
    Refused,
    Request,
    SealBundle,
)
from signing.sealer.connection import FrameConnection
from signing.sealer.errors import FrameError
from tdh.domain.errors import IntegrityFailure, NoReceiptForEvent, ReceiptMakerUnavailable
from tdh.domain.log import HeadToken

_WRONG = frozenset({ReceiptRefusal.NOT_PROVEN, ReceiptRefusal.MALFORMED})


class ReceiptsClient:
    """Speaks to one receipt maker."""

    def __init__(self, socket_path: Path, timeout_seconds: float = 20.0) -> None:
        """Nothing happens yet. The time-out is for a whole call, waiting for its turn included."""
        self._connection = FrameConnection(socket_path, timeout_seconds)

    async def make(  # noqa: PLR0913 - all that proves one evidence, by name
        self,
        xml: bytes,
        *,
        proof: bytes,
        tokens: Sequence[HeadToken] = (),
        record: bytes | None = None,
        envelope: bytes | None = None,
        edition: int = 1,
    ) -> bytes:
        """The receipt of an evidence, as PDF; each call makes other bytes of the same content.

        Raises NoReceiptForEvent, IntegrityFailure where the maker finds that the evidence does not
        hold, ReceiptMakerUnavailable.
        """
        material = Material(
            xml=xml, proof=proof, tokens=tuple(tokens), record=record, envelope=envelope
        )
        answer = await self._ask(MakeReceipt(material=material, edition=edition))
        if not isinstance(answer, ReceiptMade):
            raise ReceiptMakerUnavailable("the receipt maker answers something else")
        return answer.pdf

    async def seal_bundle(self, entries: Sequence[ManifestEntry]) -> tuple[bytes, bytes]:
        """The manifest of these files, and a detached CAdES B-T signature over it (DER).

        Raises IntegrityFailure for entries that cannot be named, ReceiptMakerUnavailable.
        """
        answer = await self._ask(SealBundle(entries=tuple(entries)))
        if not isinstance(answer, BundleSealed):
            raise ReceiptMakerUnavailable("the receipt maker answers something else")
        return answer.manifest, answer.seal

    async def close(self) -> None:
        """End the connection; the next call makes another."""
        await self._connection.close()

    async def _ask(self, request: Request) -> Answer:
        try:
            payload = wire.encode_request(request)
            (answer,) = await self._connection.ask([payload], wire.decode_answer)
        except TimeoutError as exc:
            raise ReceiptMakerUnavailable("the receipt maker is silent") from exc
        except (OSError, EOFError, ValueError, FrameError) as exc:
            raise ReceiptMakerUnavailable(f"the receipt maker cannot be used: {exc}") from exc
        if not isinstance(answer, Refused):
            return answer
        if answer.code is ReceiptRefusal.NO_RECEIPT:
            raise NoReceiptForEvent(answer.problem)
        if answer.code in _WRONG:
            raise IntegrityFailure(f"no receipt: {answer.problem}")
        raise ReceiptMakerUnavailable(f"{answer.code}: {answer.problem}")
