"""Lets pyHanko ask our own timestamping unit, over the sealer's socket."""

from collections.abc import Callable
from datetime import datetime

from asn1crypto import tsp
from pyhanko.sign.timestamps import TimeStamper
from typing_extensions import override

from signing import timestamps
from signing.sealer.client import SealerClient

Clock = Callable[[], datetime]


class OwnStamper(TimeStamper):
    """One signing's timestamps. Raises SealingUnavailable, RequestRefused."""

    def __init__(self, sealer: SealerClient, now: Clock) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # pyHanko is typed in part
        self._sealer, self._now = sealer, now

    @override
    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        request = timestamps.parse_request(req.dump())
        token = await self._sealer.stamp(request, self._now())
        return tsp.TimeStampResp.load(timestamps.reply(token))
