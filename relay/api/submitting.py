"""POST /v1/letters: a letter comes in as multipart, its documents stream through.

The part `letter` comes first, so that everything that its words alone can be refused for is
refused before a document is read. Nothing is kept of a request that does not come to its end.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import hdrs, web

from relay.api import digests
from relay.api.body import ApiLimits, Body
from relay.api.callers import Callers, idempotency_key
from relay.api.errors import BodyTooLarge, MalformedBody
from relay.api.multipart import (
    MultipartReader,
    PartBegins,
    PartData,
    PartEnds,
    PartEvent,
    boundary_of,
)
from relay.api.responses import json_answer, problem_answer
from relay.api.routes import Operation, Route
from relay.api.undisturbed import Undisturbed
from relay.payloads.answers import LetterOut
from relay.payloads.reading import read
from relay.payloads.requests import LETTER_PART, DocumentIn, LetterIn
from relay.problems import EvidenceNote, problem_of_refusal
from tdh.delivery.submission import (
    AcceptedLetter,
    OpenSubmission,
    RefusedLetter,
    Submissions,
)
from tdh.domain.parties import TokenHolder
from tdh.domain.policies import Policy

Events = AsyncGenerator[PartEvent, None]


class Submitting:
    """Takes letters in."""

    def __init__(
        self,
        *,
        callers: Callers,
        submissions: Submissions,
        undisturbed: Undisturbed,
        policy: Policy,
        limits: ApiLimits,
    ) -> None:
        self._callers = callers
        self._submissions = submissions
        self._undisturbed = undisturbed
        self._policy = policy
        self._limits = limits

    def routes(self) -> tuple[Route, ...]:
        return (Route(method="POST", path="/v1/letters", handler=self._submit, operation=_SUBMIT),)

    async def _submit(self, request: web.Request) -> web.Response:
        holder = await self._callers.holder(request)
        key = idempotency_key(request)
        reader = MultipartReader(boundary_of(request.headers.get(hdrs.CONTENT_TYPE, "")))
        body = Body(request, most=self._limits.body_bytes, limits=self._limits)
        async with aclosing(_events(body, reader)) as events:
            submission = await self._take(events, holder, key)
        # The whole request is there: from here on it is not the client's to stop.
        return self._answer(await self._undisturbed.run(submission.finish()))

    async def _take(self, events: Events, holder: TokenHolder, key: str) -> OpenSubmission:
        """All parts, into an open submission."""
        letter = await self._letter(events)
        letter.check_documents(self._policy.documents_most)
        submission = await self._submissions.open(
            sender=holder.party,
            envelope=letter.envelope(),
            addressees=letter.addressees(),
            key=key,
            by=self._callers.acting(holder),
        )
        try:
            for document in letter.documents:
                await _document(events, document, submission)
            await _nothing_more(events)
        except BaseException:
            # If we die here, what the vault wrote has no key and no row.
            await submission.abandon()
            raise
        return submission

    async def _letter(self, events: Events) -> LetterIn:
        begin = await anext(events, None)
        if not isinstance(begin, PartBegins) or begin.name != LETTER_PART:
            raise MalformedBody(f"the first part must be `{LETTER_PART}`")
        data = bytearray()
        async for event in events:
            if not isinstance(event, PartData):
                break
            data += event.data
            if len(data) > self._limits.letter_bytes:
                raise BodyTooLarge(self._limits.letter_bytes)
        digests.check(digests.promised(begin.content_digest), digests.sha256(data))
        return read(LetterIn, bytes(data))

    def _answer(self, result: AcceptedLetter | RefusedLetter) -> web.Response:
        replayed = {"Idempotent-Replayed": "true"} if result.replayed else {}
        if isinstance(result, RefusedLetter):
            note = EvidenceNote(id=result.view.evidence, event="SubmissionRejection")
            refused = problem_answer(problem_of_refusal(result.reason, note))
            refused.headers.update(replayed)
            return refused
        headers = {"Location": f"/v1/letters/{result.letter.id}", **replayed}
        return json_answer(LetterOut.of(result, self._policy), status=201, headers=headers)


async def _events(body: Body, reader: MultipartReader) -> Events:
    async with aclosing(body.pieces()) as pieces:
        async for piece in pieces:
            for event in reader.feed(piece):
                yield event
    reader.close()


async def _document(events: Events, named: DocumentIn, submission: OpenSubmission) -> None:
    """One document, from its part to its end."""
    begin = await anext(events, None)
    if not isinstance(begin, PartBegins) or begin.name != named.part:
        raise MalformedBody(f"the part `{named.part}` must come next, as `documents` says")
    wanted = digests.promised(begin.content_digest)
    incoming = await submission.document(
        role=named.role, filename=named.filename, media_type=named.media_type
    )
    async for event in events:
        match event:
            case PartData(data):
                await incoming.write(data)
            case PartEnds():
                break
            case PartBegins():
                raise MalformedBody("a part begins inside another")
    digests.check(wanted, (await incoming.finish()).value)


async def _nothing_more(events: Events) -> None:
    async for _ in events:
        raise MalformedBody("there is a part that `documents` does not name")


_SUBMIT = Operation(
    id="submitLetter",
    en="Submit a letter. The answer is the sender's proof: it comes after the commit.",
    th="รับฝากหนังสือ คำตอบคือหลักฐานของผู้ส่ง และมีขึ้นหลังบันทึกแล้วเท่านั้น",
    answers={201: (LetterOut,)},
    takes=LetterIn,
    multipart=True,
    headers=("Idempotency-Key",),
    problems=(
        "invalid-request",
        "malformed-body",
        "idempotency-key-required",
        "digest-algorithm-not-supported",
        "request-timeout",
        "too-slow",
        "too-large",
        "unsupported-media-type",
        "uploads-not-available",
        "content-encoding-refused",
        "digest-mismatch",
        "top-secret-not-carried",
        "mode-not-available",
        "recipient-not-registered",
        "data-refused",
        "idempotency-mismatch",
        "idempotency-in-progress",
        "outcome-unknown",
        "storage-unavailable",
        "sealing-unavailable",
        "judge-unavailable",
        "judge-busy",
        "scanner-unavailable",
    ),
)
