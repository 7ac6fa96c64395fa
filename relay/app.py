"""The HTTP application: its parts are joined here, and its server's habits set.

No globals: everything that a handler uses is given by name. Whoever calls `make_app` decides
which store, clock and commit stand behind it.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial

from aiohttp import web

from relay.api.body import ApiLimits, send_no_continue
from relay.api.bundles import BundleReading
from relay.api.callers import Callers
from relay.api.documents import Documents
from relay.api.evidence import EvidenceReading
from relay.api.inbox import Inbox
from relay.api.log_files import PublicLog, ReadTile
from relay.api.middleware import LINGER_SECONDS, guard
from relay.api.openapi import describe
from relay.api.remembered import Remembered
from relay.api.reports import Reports
from relay.api.responses import add_headers
from relay.api.routes import Route
from relay.api.sent import Sent
from relay.api.service import DESCRIBE, Description, Health, Service
from relay.api.submitting import Submitting
from relay.api.trust_files import PublishedTrust, TrustFiles
from relay.api.tsa import TimestampAnswer, Timestamping
from relay.api.undisturbed import Undisturbed
from relay.api.verifier import Verifier
from relay.api.verifier_proofs import VerifierProofs
from relay.auth import BearerTokens
from tdh.delivery.bundles import Bundles
from tdh.delivery.receipts import Receipts
from tdh.delivery.submission import Submissions
from tdh.domain.log import AnchoredHead
from tdh.domain.policies import Policy
from tdh.domain.published import PublishedFile
from tdh.ports import Clock, Commit, Ids, Mailboxes, Proofs, Tokens, Vault

HEAD_REMEMBERED_SECONDS = 0.2
"""The newest head is to be seen within a second of its events, its rounds included."""
FINISH_SECONDS = 10.0
"""How long steps that have begun may go on when the server stops; a commit takes 3 at most."""


def make_app(  # noqa: PLR0913 - its parts, by name
    *,
    submissions: Submissions,
    commit: Commit,
    ids: Ids,
    clock: Clock,
    mailboxes: Mailboxes,
    tokens: Tokens,
    vault: Vault,
    proofs: Proofs,
    read_tile: ReadTile,
    timestamp_reply: Callable[[bytes], bytes],
    health: Health,
    policy: Policy,
    limits: ApiLimits,
    timestamp_answer: TimestampAnswer | None = None,
    bundles: Bundles | None = None,
    receipts: Receipts | None = None,
    published: Sequence[PublishedFile] = (),
    verifier_proofs: VerifierProofs | None = None,
    published_trust: PublishedTrust | None = None,
) -> web.Application:
    """The whole HTTP interface. Serve it by `make_runner`.

    `timestamp_reply` makes a TimeStampResp (RFC 3161) of a token; `timestamp_answer` is our own
    authority, None where it is not offered.
    """
    undisturbed = Undisturbed()
    callers = Callers(BearerTokens(tokens, monotonic=time.monotonic), clock)
    submitting = Submitting(
        callers=callers,
        submissions=submissions,
        undisturbed=undisturbed,
        policy=policy,
        limits=limits,
    )
    sent = Sent(
        callers=callers,
        mailboxes=mailboxes,
        proofs=proofs,
        commit=commit,
        ids=ids,
        undisturbed=undisturbed,
        policy=policy,
        limits=limits,
    )
    inbox = Inbox(
        callers=callers,
        mailboxes=mailboxes,
        commit=commit,
        ids=ids,
        clock=clock,
        undisturbed=undisturbed,
        policy=policy,
        limits=limits,
    )
    documents = Documents(
        callers=callers,
        mailboxes=mailboxes,
        vault=vault,
        commit=commit,
        ids=ids,
        undisturbed=undisturbed,
    )
    remembered = partial(
        Remembered,
        undisturbed=undisturbed,
        seconds=limits.remembered_seconds,
        monotonic=time.monotonic,
    )
    newest = remembered(
        partial(_newest, proofs), seconds=min(HEAD_REMEMBERED_SECONDS, limits.remembered_seconds)
    )
    evidence = EvidenceReading(
        callers=callers, mailboxes=mailboxes, proofs=proofs, newest=newest, receipts=receipts
    )
    public_log = PublicLog(
        proofs=proofs, newest=newest, read_tile=read_tile, timestamp_reply=timestamp_reply
    )
    bundle_reading = (
        ()
        if bundles is None
        else BundleReading(
            callers=callers,
            mailboxes=mailboxes,
            bundles=bundles,
            commit=commit,
            ids=ids,
            undisturbed=undisturbed,
        ).routes()
    )
    routes = (
        *submitting.routes(),
        *sent.routes(),
        *inbox.routes(),
        *documents.routes(),
        *Reports(callers=callers, mailboxes=mailboxes).routes(),
        *evidence.routes(),
        *public_log.routes(),
        *(
            ()
            if timestamp_answer is None
            else Timestamping(answer=timestamp_answer, limits=limits).routes()
        ),
        *bundle_reading,
        *Verifier(published).routes(),
        *(() if verifier_proofs is None else verifier_proofs.routes()),
        *(() if published_trust is None else TrustFiles(published_trust).routes()),
        *Service(parts=remembered(health.parts)).routes(),
    )
    guarded = guard(
        limits=limits, request_id=lambda: secrets.token_hex(8), monotonic=time.monotonic
    )
    app = web.Application(middlewares=[guarded])
    _add_routes(app, routes, limits)
    app.on_response_prepare.append(add_headers)

    async def finish(_app: web.Application) -> None:
        await undisturbed.finish(within_seconds=FINISH_SECONDS)

    app.on_cleanup.append(finish)  # after the last handler
    return app


async def _newest(proofs: Proofs) -> AnchoredHead | None:
    head = await proofs.head()
    return None if head is None else await proofs.anchored(head.size)


def _add_routes(app: web.Application, routes: Sequence[Route], limits: ApiLimits) -> None:
    description = Description(describe((*routes, _described(Description(b""))), limits))
    for route in (*routes, _described(description)):
        app.router.add_route(
            route.method, route.path, route.handler, expect_handler=send_no_continue
        )


def _described(description: Description) -> Route:
    return Route(method="GET", path="/openapi.json", handler=description.read, operation=DESCRIBE)


def make_runner(app: web.Application, *, shutdown_seconds: float = 15.0) -> web.AppRunner:
    """A server for the application: bodies as they come, no access log, short patience."""
    return web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=75.0,
        lingering_time=LINGER_SECONDS,
        max_headers=64,
        shutdown_timeout=shutdown_seconds,
    )
