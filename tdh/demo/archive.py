"""The sender's file of evidence: `evidence/<delivery>/NN-<EventName>.xml` and proofs beside them.

Evidence is saved as the service gives it, byte for byte. It is not judged here: `tdh verify` and
xmlsec1 do that, from the files.
"""

import asyncio
import base64
import hashlib
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tdh.demo.desk import Desk
from tdh.demo.failures import NotAsTold, check
from tdh.demo.home import Home

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 30.0
PROOF_POLL_SECONDS = 0.2
OK, CONFLICT = 200, 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One evidence that was saved."""

    id: str
    delivery: str
    event: str
    sequence: int
    path: Path


class Archive:
    """Asks as the sender, who may read every evidence of what it submitted."""

    def __init__(self, home: Home, desk: Desk) -> None:
        self._home = home
        self._desk = desk
        self._kept: dict[str, Kept] = {}

    @property
    def kept(self) -> Sequence[Kept]:
        """Everything saved so far, by delivery and sequence."""
        return sorted(self._kept.values(), key=lambda one: (one.delivery, one.sequence))

    async def until(
        self, delivery: str, *events: str, within_seconds: float = PATIENCE_SECONDS
    ) -> Sequence[Kept]:
        """Wait for these events of a delivery; save and give what is new. Raises NotAsTold."""
        limit = time.monotonic() + within_seconds
        while True:
            new = await self._keep(delivery)
            have = {one.event for one in self._kept.values() if one.delivery == delivery}
            if have.issuperset(events):
                return [one for one in self.kept if one in new or one.event in events]
            missing = ", ".join(event for event in events if event not in have)
            check(
                time.monotonic() < limit,
                f"{delivery}: no {missing} within {within_seconds:.0f} s",
            )
            await asyncio.sleep(POLL_SECONDS)

    async def refused_submission(self, evidence: str) -> Kept:
        """Save the one evidence of a submission that was refused. Raises NotAsTold."""
        answer = await self._desk.get(f"/v1/evidence/{evidence}", accept="application/json")
        told = answer.expect(OK).json()
        check(told["event"] == "SubmissionRejection", f"{evidence} is a {told['event']}")
        return await self._save(told["delivery"], told)

    async def everything(self, deliveries: Collection[str]) -> None:
        """Save what came late, and check that nothing is there twice. Raises NotAsTold."""
        for delivery in deliveries:
            await self._keep(delivery)
        for delivery in {one.delivery for one in self._kept.values()}:
            mine = [one for one in self.kept if one.delivery == delivery]
            sequences = [one.sequence for one in mine]
            check(
                sequences == list(range(1, len(mine) + 1)),
                f"{delivery}: the sequence of its evidence is {sequences}",
            )
            twice = [event for event, n in Counter(one.event for one in mine).items() if n > 1]
            check(not twice, f"{delivery}: more than one evidence for {', '.join(twice)}")

    async def prove(self) -> None:
        """Save the proof of every evidence, as soon as a head of the log holds it.

        Raises NotAsTold.
        """
        limit = time.monotonic() + PATIENCE_SECONDS
        for one in self.kept:
            while (await self._proof(one)) is None:
                check(time.monotonic() < limit, f"{one.id} came into no head of the log in time")
                await asyncio.sleep(PROOF_POLL_SECONDS)

    async def _proof(self, one: Kept) -> Path | None:
        path = one.path.with_suffix(".tlog-proof")
        if path.exists():
            return path
        answer = await self._desk.get(f"/v1/evidence/{one.id}/proof")
        if answer.status == CONFLICT and answer.problem == "not-logged-yet":
            return None
        name = str(path.relative_to(self._home.folder))
        return self._home.write(name, answer.expect(OK).body)

    async def _keep(self, delivery: str) -> Sequence[Kept]:
        answer = await self._desk.get(f"/v1/deliveries/{delivery}/evidence")
        listed = answer.expect(OK).json()["data"]
        return [await self._save(delivery, told) for told in listed if told["id"] not in self._kept]

    async def _save(self, delivery: str, told: dict[str, object]) -> Kept:
        """Fetch one evidence and save it. Raises NotAsTold if it is not what its digest says."""
        evidence, event, sequence = str(told["id"]), str(told["event"]), int(str(told["sequence"]))
        answer = (await self._desk.get(f"/v1/evidence/{evidence}")).expect(OK)
        digest = base64.b64encode(hashlib.sha256(answer.body).digest()).decode("ascii")
        if f"sha-256=:{digest}:" not in answer.headers.get("Content-Digest", ""):
            raise NotAsTold(f"{evidence}: the bytes are not those that Content-Digest names")
        name = f"evidence/{delivery}/{sequence:02d}-{event}.xml"
        kept = Kept(
            id=evidence,
            delivery=delivery,
            event=event,
            sequence=sequence,
            path=self._home.write(name, answer.body),
        )
        self._kept[evidence] = kept
        return kept
