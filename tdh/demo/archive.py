"""The sender's file of evidence: `evidence/<delivery>/NN-<EventName>.xml`, proofs beside them.

`checkpoint.tsr` in the same folder is the timestamp of the head that all these proofs are for, and
so are `checkpoint-<size>.tsr` and outsiders' `checkpoint-<size>-<authority>.tsr`. `NN-….ers` is the
archive record (RFC 4998).

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

from signing.timestamp_messages import reply
from tdh.demo.desk import Desk
from tdh.demo.failures import NotAsTold, check
from tdh.demo.home import Home

POLL_SECONDS = 0.05
PATIENCE_SECONDS = 30.0
PROOF_POLL_SECONDS = 0.2
OK, NOT_FOUND, NOT_YET = 200, 404, 409
PROOF_SUFFIX, RECORD_SUFFIX, HEAD_TOKEN = ".tlog-proof", ".ers", "checkpoint.tsr"


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

    def __init__(self, home: Home, desk: Desk, *, origin: str) -> None:
        """`origin` is the log's name, which its heads must bear."""
        self._home = home
        self._desk = desk
        self._origin = origin
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
        known = set(self._kept)
        while True:
            await self._keep(delivery)
            have = {one.event for one in self._kept.values() if one.delivery == delivery}
            if have.issuperset(events):
                return [
                    one
                    for one in self.kept
                    if one.delivery == delivery and (one.id not in known or one.event in events)
                ]
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

    async def prove(self) -> int:
        """Save what proves every evidence: all in one head of the log, for which others vouch.

        Proofs, that head's timestamps, and archive records. Waits until all is there; gives the
        head's size. Raises NotAsTold.
        """
        limit = time.monotonic() + PATIENCE_SECONDS
        while (size := await self._prove_in_one_head()) is None:
            check(time.monotonic() < limit, "no anchored head of the log holds all evidence")
            await asyncio.sleep(PROOF_POLL_SECONDS)
        tokens = await self._tokens(size)
        for one in {one.delivery: one for one in self.kept}.values():
            for name, token in tokens.items():
                self._beside(one, name, token)
        for one in self.kept:
            record = await self._desk.get(f"/v1/evidence/{one.id}/record")
            while record.status == NOT_YET:
                check(time.monotonic() < limit, f"{one.id} has no archive record")
                await asyncio.sleep(PROOF_POLL_SECONDS)
                record = await self._desk.get(f"/v1/evidence/{one.id}/record")
            self._beside(one, one.path.with_suffix(RECORD_SUFFIX).name, record.expect(OK).body)
        return size

    async def _prove_in_one_head(self) -> int | None:
        """Proofs in the newest anchored head (c2sp.org/tlog-checkpoint: origin, size, root).

        None while there is no such head, or it does not hold every evidence.
        """
        answer = await self._desk.get("/log/checkpoint?anchored=1")
        if answer.status == NOT_FOUND:
            return None
        text, _, _ = answer.expect(OK).body.partition(b"\n\n")
        origin, size, *_ = text.decode().splitlines()
        check(origin == self._origin, f"the head is of the log {origin}")
        proofs: dict[str, bytes] = {}
        for one in self.kept:
            answer = await self._desk.get(f"/v1/evidence/{one.id}/proof?size={size}")
            if answer.status == NOT_YET:
                return None
            proofs[one.id] = answer.expect(OK).body
            check(text in proofs[one.id], f"the proof of {one.id} is in another head")
        for one in self.kept:
            self._beside(one, one.path.with_suffix(PROOF_SUFFIX).name, proofs[one.id])
        return int(size)

    async def _tokens(self, size: int) -> dict[str, bytes]:
        """The timestamps of a head, each a reply of its authority, by their files' names."""
        told = (await self._desk.get(f"/log/anchors/{size}")).expect(OK).json()
        found = {}
        for one in told["tokens"]:
            whose = f"-{one['name']}" if one["name"] else ""
            found[f"checkpoint-{size}{whose}.tsr"] = reply(base64.b64decode(one["token"]))
        return found | {HEAD_TOKEN: found[f"checkpoint-{size}.tsr"]}

    def _beside(self, one: Kept, name: str, content: bytes) -> None:
        folder = one.path.parent.relative_to(self._home.folder)
        self._home.write(f"{folder}/{name}", content)

    async def _keep(self, delivery: str) -> None:
        answer = await self._desk.get(f"/v1/deliveries/{delivery}/evidence")
        listed = answer.expect(OK).json()["data"]
        for told in listed:
            if told["id"] not in self._kept:
                await self._save(delivery, told)

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
