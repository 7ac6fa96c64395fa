"""What every step of the story works with: the desks, the company's program, the archive."""

import asyncio
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from relay.amqp.partner import PartnerProgram
from tdh.demo.archive import POLL_SECONDS, Archive, Kept
from tdh.demo.authority import Signer
from tdh.demo.cast import Letter
from tdh.demo.desk import Answer, Desk, Submission, new_submission
from tdh.demo.failures import check
from tdh.demo.home import Home
from tdh.demo.letters import letter_pdf
from tdh.demo.telling import Teller
from tdh.domain.identifiers import PartyId
from tdh.domain.parties import Party
from tdh.roles import Supervisor

OK, CREATED = 200, 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A letter that was taken in."""

    id: str
    number: str
    document: bytes
    deliveries: Mapping[PartyId, str]
    judged: str
    """Signature level and signer, as the service found them."""
    sender_match: str
    """How the signer fits the sender, as it stands in the evidence."""

    def to(self, party: Party) -> str:
        """The delivery to a party."""
        return self.deliveries[party.id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The stage, set."""

    teller: Teller
    home: Home
    data: Path
    server: str
    signer: Signer
    letters: Sequence[Letter]
    agency: Desk
    citizen: Desk
    company_amqp: str
    company_token: str
    archive: Archive
    supervisor: Supervisor

    def signed(self, letter: Letter) -> bytes:
        """Make the letter's PDF and sign it, now."""
        pdf = letter_pdf(letter.text)
        return self.signer.sign(pdf, at=datetime.now(UTC), reason="ลงนามในหนังสือราชการ")

    def save(self, letter: Letter, document: bytes) -> str:
        """Keep the signed letter among the demo's letters; the path to show."""
        return self.home.shown(self.home.write(f"letters/{letter.file_name}", document))

    async def post(self, letter: Letter, document: bytes | None = None) -> Sent:
        """Submit a letter, made and signed now unless `document` is it. Raises NotAsTold."""
        if document is None:
            document = self.signed(letter)
            self.save(letter, document)
        submission = new_submission(letter.envelope(), document)
        return taken_in(await self.agency.submit(submission), letter, document, submission)

    def company_program(self) -> PartnerProgram:
        """The company's own program, with the company's rights."""
        return PartnerProgram(
            amqp_url=self.company_amqp,
            server=self.server,
            token=self.company_token,
            folder=self.data / "received",
            new_message_id=lambda: secrets.token_hex(16),
        )

    def files(self, kept: Sequence[Kept]) -> Mapping[str, Sequence[str]]:
        """Evidence files by their folder, as they are shown."""
        found: dict[str, list[str]] = {}
        for one in kept:
            found.setdefault(self.home.shown(one.path.parent), []).append(one.path.name)
        return found


def taken_in(answer: Answer, letter: Letter, document: bytes, submission: Submission) -> Sent:
    """Read the answer to a submission, and check all that it says. Raises NotAsTold."""
    told = answer.expect(CREATED).json()
    (main,) = told["documents"]
    check(main["sha256"] == submission.sha256, "the service names another digest than ours")
    check(main["size"] == len(document), "the service names another size than ours")
    verdict = main["signature"]
    check(verdict["indication"] == "TOTAL_PASSED", f"the judge says {verdict['indication']}")
    for delivery in told["deliveries"]:
        events = [one["event"] for one in delivery["evidence"]]
        check(events[:1] == ["SubmissionAcceptance"], f"{delivery['id']} has {events}")
    deliveries = {PartyId(one["recipient"]): str(one["id"]) for one in told["deliveries"]}
    wanted = {one.party.id for one in letter.recipients}
    check(deliveries.keys() == wanted, "the deliveries are not those that were asked for")
    return Sent(
        id=str(told["id"]),
        number=letter.text.number,
        document=document,
        deliveries=deliveries,
        judged=_judged(verdict),
        sender_match=str(verdict["sender_match"]),
    )


def _judged(verdict: Mapping[str, Any]) -> str:
    first = verdict["signatures"][0]
    return f"{verdict['indication']} · PAdES {first['level']} · {first['signer']['common_name']}"


async def inbox_item(desk: Desk, delivery: str, *, within_seconds: float = 30.0) -> dict[str, Any]:
    """Wait until the delivery is in the party's inbox, once; give it. Raises NotAsTold."""
    limit = time.monotonic() + within_seconds
    while True:
        items = (await desk.get("/v1/inbox?limit=200")).expect(OK).json()["data"]
        mine = [one for one in items if one["id"] == delivery]
        if mine:
            check(len(mine) == 1, f"{delivery} is in the inbox {len(mine)} times")
            return dict(mine[0])
        check(time.monotonic() < limit, f"{delivery} did not come into the inbox")
        await asyncio.sleep(POLL_SECONDS)


async def state_of(desk: Desk, delivery: str) -> str:
    """Where a delivery stands."""
    return str((await desk.get(f"/v1/deliveries/{delivery}")).expect(OK).json()["state"])
