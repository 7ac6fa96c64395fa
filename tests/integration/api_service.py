"""The HTTP application on a real socket, over ports in memory."""

import hashlib
import io
import json
from contextlib import asynccontextmanager

from aiohttp import ClientSession, FormData, web

from relay.api.body import ApiLimits
from relay.app import make_app, make_runner
from signing.bundle.maker import ContainerMaker
from signing.bundle.manifest import write_manifest
from tdh.delivery.bundles import Bundles
from tdh.domain.errors import ReceiptMakerUnavailable
from tests import builders, fakes

AGENCY, COMPANY, CITIZEN, STRANGER = "agency-token", "company-token", "citizen-token", "other-token"
PDF = b"%PDF-1.7 a letter"


class ApiService:
    """A running application and what stands behind it."""

    def __init__(self, limits=None, timestamp_answer=None, **intake):
        """`intake`: what of the submission's ports is otherwise than by default."""
        self.clock = fakes.Clock()
        self.memory = fakes.Memory(clock=self.clock)
        self.ids = builders.SequentialIds()
        self.vault = fakes.Vault(self.memory)
        self.proofs = fakes.Proofs()
        self.health = fakes.Health()
        self.judge = fakes.Judge()
        self.parties = fakes.Parties(fakes.AGENCY, fakes.COMPANY, fakes.CITIZEN)
        self.tokens = fakes.Tokens(
            **{AGENCY: fakes.AGENCY, COMPANY: fakes.COMPANY, CITIZEN: fakes.CITIZEN},
            **{STRANGER: builders.party(builders.PartyId("th-agency:stranger"))},
        )
        self.bundle_sealer = BundleSealer()
        self.kept_receipts = KeptReceipts()
        self.app = make_app(
            submissions=fakes.submissions(
                self.memory, self.ids, self.parties, **({"judge": self.judge} | intake)
            ),
            commit=self.memory,
            ids=self.ids,
            clock=self.clock,
            mailboxes=fakes.Mailboxes(self.memory),
            tokens=self.tokens,
            vault=self.vault,
            proofs=self.proofs,
            read_tile=self.proofs.read_tile,
            timestamp_reply=lambda token: b"reply:" + token,
            health=self.health,
            policy=self.memory.policy,
            limits=limits or ApiLimits(remembered_seconds=0),
            timestamp_answer=timestamp_answer,
            bundles=Bundles(
                mailboxes=fakes.Mailboxes(self.memory),
                proofs=self.proofs,
                vault=self.vault,
                receipts=self.kept_receipts,
                maker=ContainerMaker(sealer=self.bundle_sealer, revocation=tuple),
            ),
        )
        self.port = 0
        self.session = None

    @asynccontextmanager
    async def running(self):
        runner = make_runner(self.app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        try:
            async with ClientSession(f"http://127.0.0.1:{self.port}") as self.session:
                yield self
        finally:
            await runner.cleanup()

    async def call(self, method, path, token=AGENCY, **more):
        """Status, headers and body of one request."""
        headers = {**more.pop("headers", {})}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.session.request(method, path, headers=headers, **more) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def submit(self, letter=None, documents=None, key="key-1", token=AGENCY, **headers):
        """Submit a letter; `documents` are (part, bytes) in their order."""
        letter = letter or a_letter()
        body = FormData()
        body.add_field("letter", json.dumps(letter), content_type="application/json")
        for part, data in documents or [("main", PDF)]:
            body.add_field(
                part, io.BytesIO(data), filename=f"{part}.pdf", content_type="application/pdf"
            )
        if key is not None:
            headers["Idempotency-Key"] = key
        return await self.call("POST", "/v1/letters", token, data=body, headers=headers)

    async def placed(self, mode="basic", to=builders.CITIZEN, documents=None, key="key-1"):
        """Submit to one party and forward; gives the delivery's id."""
        letter = a_letter(to, mode, enclosures=len(documents or [1]) - 1)
        answer = await self.submit(letter, documents, key)
        assert answer.status == 201, answer.body
        await self.memory.forward_all(self.ids)
        return answer.json["deliveries"][0]["id"]


class KeptReceipts:
    """Receipts that were made before."""

    def __init__(self):
        self.of = {}

    async def newest(self, evidence):
        return self.of.get(evidence)


class BundleSealer:
    """Writes the manifest, and no signature: what one is worth is not the interface's business."""

    def __init__(self):
        self.down = False

    async def seal_bundle(self, entries):
        if self.down:
            raise ReceiptMakerUnavailable("nobody seals")
        return write_manifest(entries), b"a seal"


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """(status, code) of a problem document, which says everything in both languages."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self.body
        said = self.json
        assert said["status"] == self.status
        assert all(said[name] for name in ("title", "title_th", "advice", "advice_th"))
        return self.status, said["code"]


def a_letter(to=builders.CITIZEN, mode="basic", enclosures=0, **changes):
    recipient = {"party": to, "consignment_mode": mode}
    documents = [_document("main", "main")]
    documents += [_document(f"enclosure{n}", "enclosure") for n in range(1, enclosures + 1)]
    return {
        "number": "ดศ 0201/1234",
        "date": "2026-11-22",
        "subject": "แจ้งผลการพิจารณา",
        "salutation": "เรียน ผู้เกี่ยวข้อง",
        "references": [],
        "urgency": "normal",
        "secrecy": "none",
        "documents": documents,
        "recipients": [recipient],
        **changes,
    }


def _document(part, role):
    return {
        "part": part,
        "role": role,
        "filename": f"หนังสือ {part}.pdf",
        "media_type": "application/pdf",
    }


def sha256(data):
    return hashlib.sha256(data).hexdigest()
