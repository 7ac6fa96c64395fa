"""The composition root: builds every part from the settings, by hand, top to bottom.

One function a role; each gives the loops that the role runs. What a role does not need it does
not build: only the API holds vault keys and a judge, none holds a seal key.
"""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from aiohttp import web

from relay.amqp import names
from relay.amqp.consumer import Consumer
from relay.amqp.pushes import Pushes
from relay.amqp.submissions import Submissions as PartnerRequests
from relay.api.body import ApiLimits
from relay.api.verifier_proofs import VerifierProofs
from relay.app import make_app, make_runner
from relay.clamd import Clamd, Patience, address_of
from relay.dispatcher import Dispatcher
from relay.problems import problem_of
from relay.rechecks import Rechecks
from relay.timers import Timers
from relay.worker import ForwardWorker
from signing import timestamps
from signing.judge.budget import DocumentBudget
from signing.judge.policy import Limits as JudgeLimits
from signing.judge.pool import JudgePool
from signing.judge.revocation_cache import RevocationCache
from signing.log_tree import LogTree
from signing.sealer.client import SealerClient
from signing.standalone.published import published_files, verifiers
from signing.trust import TrustFolder
from storage.database import Database
from storage.log import PostgresLogStore
from storage.mailboxes import PostgresMailboxes
from storage.migrate import migrate as migrate_database
from storage.outbox import PostgresOutbox
from storage.parties import PostgresParties
from storage.partitions import ensure_partitions
from storage.service_keys import PostgresServiceKeys
from storage.tiles import LogFolder
from storage.trust_stores import PostgresTrustStores
from storage.vault.keys import FileKeyService, UnwrapBudget
from storage.vault.vault import Vault
from storage.verifiers import PostgresVerifiers
from tdh import broker
from tdh.anchoring import anchoring, archive_keeping, outsiders, proving
from tdh.bundling import bundles_over
from tdh.config import Config, ConfigError
from tdh.core import Core, open_core, watched_receipts, watched_sealer
from tdh.delivery.anchoring import at_intervals
from tdh.delivery.publication import Publication
from tdh.delivery.recheck import RecheckPorts, recheck
from tdh.delivery.sequencer import Sequencer
from tdh.delivery.submission import SubmissionPorts, Submissions
from tdh.delivery.tiling import Tiling
from tdh.domain.errors import JudgeUnavailable, TDHError
from tdh.judging import FollowingJudge
from tdh.published_trust import PublishedTrust
from tdh.receipts import receipts_over
from tdh.revocation import judge_policy, kept, revocation_source
from tdh.system import CheckedClock
from tdh.timestamping import clock_watch, timestamp_service
from tdh.trust import trust_in_force
from tdh.verifiers import PublishedVerifiers, publish_verifiers

UNWRAP_BURST_SECONDS = 5
PREFETCH = 16
"""Unanswered forward messages of one queue; each names up to a batch of deliveries."""

Loops = Sequence[Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What is to be closed at a role's end, and in which order."""

    intake: AsyncExitStack
    """First, while the loops still run: what takes work in finishes what it has begun."""
    rest: AsyncExitStack
    """Last, after the loops."""


async def api(config: Config, closing: Closing) -> Loops:
    """The HTTP interface: takes in, shows, hands out."""
    core = await open_core(config, "api", closing.rest)
    mailboxes = PostgresMailboxes(core.database)
    parties = PostgresParties(core.database)
    vault = Vault(
        config.vault.folder,
        FileKeyService(
            config.vault.keys,
            admit=UnwrapBudget(
                per_second=config.vault.letters_opened_per_second,
                burst=config.vault.letters_opened_per_second * UNWRAP_BURST_SECONDS,
                clock=time.monotonic,
            ),
            crash=core.crash,
        ),
        extra_folders=config.vault.extra_folders,
        crash=core.crash,
    )
    closing.rest.push_async_callback(vault.close)
    trust = partial(_trust, config, core)
    revocation = await revocation_source(config, core.database, core.clock, closing.rest)
    judge = FollowingJudge(
        config.judge.trust,
        trust,
        partial(_judge, config, DocumentBudget(config.judge.in_flight_bytes), revocation),
    )
    closing.rest.push_async_callback(judge.close)
    await judge.start()
    scanner = _scanner(config)
    submissions = Submissions(
        SubmissionPorts(
            commit=core.commit,
            parties=parties,
            mailboxes=mailboxes,
            vault=vault,
            judge=judge,
            scanner=scanner,
            intake=config.intake(),
            clock=core.clock,
            ids=core.ids,
            policy=core.policy,
            crash=core.crash,
        )
    )
    watch = clock_watch(config)
    stamper = watched_sealer(config, core.database, core.clock)  # letters wait for none of these
    closing.rest.push_async_callback(stamper.close)
    stamping = timestamp_service(stamper, core.clock.now, watch)
    maker = watched_receipts(config, core.database, core.clock)
    closing.rest.push_async_callback(maker.close)
    application = make_app(
        published=published_files(),
        verifier_proofs=VerifierProofs(
            PublishedVerifiers(
                records=PostgresVerifiers(core.database),
                entries=PostgresServiceKeys(core.database),
                proving=proving(core.database),
            ),
            verifiers(),
        ),
        published_trust=PublishedTrust(
            records=PostgresServiceKeys(core.database), proving=proving(core.database)
        ),
        submissions=submissions,
        commit=core.commit,
        ids=core.ids,
        clock=core.clock,
        policy=core.policy,
        mailboxes=mailboxes,
        tokens=parties,
        vault=vault,
        proofs=proving(core.database),
        bundles=bundles_over(
            config, core.database, vault=vault, proofs=proving(core.database), maker=maker
        ),
        receipts=receipts_over(
            core.database, proofs=proving(core.database), maker=maker, clock=core.clock
        ),
        read_tile=LogFolder(config.log.folder).read,
        timestamp_reply=timestamps.reply,
        health=Health(core.database, core.sealer, core.clock, scanner),
        limits=ApiLimits(
            body_bytes=config.api.max_body_bytes,
            timestamps_per_second=config.tsa.per_second,
            timestamps_of_an_address=config.tsa.address_per_second,
        ),
        timestamp_answer=stamping.answer if config.tsa.offered else None,
    )
    runner = make_runner(application)
    await runner.setup()
    closing.intake.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, config.api.host, config.api.port, reuse_port=True)
    await site.start()
    ports = RecheckPorts(
        letters=mailboxes,
        vault=vault,
        commit=core.commit,
        clock=core.clock,
        ids=core.ids,
        crash=core.crash,
    )
    rechecks = Rechecks(
        outbox=PostgresOutbox(core.database),
        recheck=partial(recheck, ports=ports),
        judge=partial(_judge_of_then, config, trust, revocation),
        clock=core.clock,
        policy=core.policy,
    )
    renewals = [] if revocation is None else [revocation.run()]
    watches = [] if watch is None else [watch.run()]
    return [core.commit.run(), rechecks.run(), judge.run(), *renewals, *watches]


async def dispatcher(config: Config, closing: Closing) -> Loops:
    """Publishes what waits in the outbox: to the delivery side, and to partners."""
    core = await open_core(config, "dispatcher", closing.rest)
    outbox = PostgresOutbox(core.database)
    declared = broker.Declared(config)
    forward = Dispatcher(
        outbox=outbox,
        publisher=broker.publisher(broker.work_url(config), "tdh-dispatcher", closing.rest),
        clock=core.clock,
        forward_queues=config.amqp.forward_queues,
        new_batch_id=_new_name,
    )
    pushes = Pushes(
        outbox=outbox,
        deliveries=PostgresMailboxes(core.database),
        publisher=broker.publisher(broker.partner_url(config), "tdh-pushes", closing.rest),
        commit=core.commit,
        ids=core.ids,
        clock=core.clock,
        source=config.issuer.origin,
        again_after=timedelta(seconds=config.amqp.push_again_seconds),
    )
    return [core.commit.run(), *declared.before(forward.run, pushes.run)]


async def worker(config: Config, closing: Closing) -> Loops:
    """The delivery side: consigns, notifies, ends terms, serves partners' requests."""
    core = await open_core(config, "worker", closing.rest)
    outbox = PostgresOutbox(core.database)
    declared = broker.Declared(config)
    forward = ForwardWorker(
        consumer=Consumer(
            broker.work_url(config),
            name="tdh-worker",
            queues=[names.forward_queue(n) for n in range(config.amqp.forward_queues)],
            prefetch=PREFETCH,
        ),
        publisher=broker.publisher(broker.work_url(config), "tdh-worker", closing.rest),
        outbox=outbox,
        commit=core.commit,
        ids=core.ids,
        clock=core.clock,
        new_message_id=_new_name,
    )
    timers = Timers(outbox=outbox, commit=core.commit, ids=core.ids, clock=core.clock)
    requests = PartnerRequests(
        consumer=Consumer(
            broker.partner_url(config),
            name="tdh-requests",
            queues=[names.submit_queue(n) for n in range(config.amqp.submit_queues)],
            prefetch=PREFETCH,
        ),
        publisher=broker.publisher(broker.partner_url(config), "tdh-replies", closing.rest),
        commit=core.commit,
        ids=core.ids,
        clock=core.clock,
        problem_of=_problem,
        source=config.issuer.origin,
        new_message_id=_new_name,
    )
    return [core.commit.run(), timers.run(), *declared.before(forward.run, requests.run)]


async def sequencer(config: Config, closing: Closing) -> Loops:
    """The log's rounds, and the partitions of the months to come."""
    core = await open_core(config, "sequencer", closing.rest)
    await publish_verifiers(PostgresVerifiers(core.database), verifiers(), core.clock.now())
    rounds = Sequencer(
        publication=_publication(core, config),
        leadership=PostgresLogStore(core.database).leadership,
        round_seconds=config.log.round_seconds,
        keep_house=partial(_keep_house, core),
        clock=core.clock,
    )
    return [rounds.run()]


async def anchor(config: Config, closing: Closing) -> Loops:
    """Outsiders vouch for heads; evidences get their archive records, and keep them."""
    core = await open_core(config, "anchor", closing.rest)
    found = outsiders(config, core.clock, closing.rest)
    heads = anchoring(config, core.database, found, core.crash)
    rounds = archive_keeping(
        config, core.database, found, unit=core.sealer, clock=core.clock, crash=core.crash
    )
    seconds = config.anchor.seconds
    return [
        at_intervals(heads.turn, name="anchoring", seconds=seconds),
        at_intervals(rounds.turn, name="archive", seconds=seconds),
    ]


async def _keep_house(core: Core, now: datetime) -> None:
    """The months to come get their place in the database; keys that end soon are told."""
    await ensure_partitions(core.database, now)
    with suppress(TDHError):
        await core.sealer.warn()


async def migrate(config: Config) -> tuple[str, ...]:
    """Bring the database to this version and declare the queues; names of applied migrations."""
    applied = await migrate_database(config.database.dsn, CheckedClock().now())
    await broker.declare(config)
    return applied


class Health:
    """Whether letters can be taken in now."""

    def __init__(
        self, database: Database, sealer: SealerClient, clock: CheckedClock, scanner: Clamd | None
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._scanner = scanner

    async def parts(self) -> Mapping[str, bool]:
        """Name of each part that a submission needs, and whether it works now."""
        parts = {
            "database": await _works(self._database.fetch("SELECT 1")),
            "sealer": await _works(self._ping()),
        }
        if self._scanner is not None:
            parts["scanner"] = await self._scanner.works()
        return parts

    async def _ping(self) -> None:
        await self._sealer.ping(self._clock.now())


async def _works(question: Awaitable[object]) -> bool:
    try:
        await question
    except TDHError:
        return False
    return True


async def _trust(config: Config, core: Core) -> TrustFolder:
    """The trust in force. Raises ConfigError, StorageUnavailable."""
    trust = await trust_in_force(config.judge, PostgresTrustStores(core.database))
    return await kept(trust, core.database, core.clock)


@asynccontextmanager
async def _judge_of_then(
    config: Config, read: Callable[[], Awaitable[TrustFolder]], revocation: RevocationCache | None
) -> AsyncIterator[JudgePool]:
    """A judge of times gone by, under the trust of today; it takes data that were issued since.

    Raises JudgeUnavailable, StorageUnavailable.
    """
    try:
        trust = await read()
    except ConfigError as error:
        raise JudgeUnavailable(str(error)) from error
    budget = DocumentBudget(2 * JudgeLimits().document_bytes)  # one holder has half of it
    async with _judge(config, budget, revocation, trust, accept_later_data=True) as judge:
        yield judge


def _judge(
    config: Config,
    budget: DocumentBudget,
    revocation: RevocationCache | None,
    trust: TrustFolder,
    *,
    accept_later_data: bool = False,
) -> JudgePool:
    return JudgePool(
        trust,
        policy=judge_policy(config, accept_later_data=accept_later_data),
        revocation=revocation,
        limits=JudgeLimits(
            wall_seconds=config.judge.seconds, memory_bytes=config.judge.memory_bytes
        ),
        budget=budget,
        concurrency=config.judge.processes,
    )


def _scanner(config: Config) -> Clamd | None:
    """Raises ConfigError."""
    if not config.scanner.url:
        return None
    try:
        address = address_of(config.scanner.url)
    except ValueError as error:
        raise ConfigError("scanner.url", str(error)) from error
    return Clamd(address, Patience(answer=config.scanner.seconds))


def _publication(core: Core, config: Config) -> Publication:
    store, maths = PostgresLogStore(core.database), LogTree()
    folder = LogFolder(config.log.folder, crash=core.crash)
    return Publication(
        store=store,
        tiling=Tiling(store=store, folder=folder, maths=maths),
        signer=core.sealer,
        maths=maths,
        clock=core.clock,
        crash=core.crash,
    )


def _problem(error: TDHError) -> Mapping[str, object]:
    answer: dict[str, object] = json.loads(problem_of(error).body())
    return answer


def _new_name() -> str:
    return uuid4().hex
