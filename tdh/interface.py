"""The role `api`, built from the settings: the HTTP interface and all that it stands on.

The only role that holds vault keys and a judge; like the others it holds no seal key.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from aiohttp import web

from relay.api.body import ApiLimits
from relay.api.verifier_proofs import VerifierProofs
from relay.app import make_app, make_runner
from relay.clamd import Clamd, Patience, address_of
from relay.ntp import ClockWatch
from relay.rechecks import Rechecks
from signing import timestamps
from signing.judge.budget import DocumentBudget
from signing.judge.policy import Limits as JudgeLimits
from signing.judge.pool import JudgePool
from signing.judge.revocation_cache import RevocationCache
from signing.sealer.client import SealerClient
from signing.standalone.published import published_files, verifiers
from signing.trust import TrustFolder
from storage.database import Database
from storage.mailboxes import PostgresMailboxes
from storage.outbox import PostgresOutbox
from storage.parties import PostgresParties
from storage.service_keys import PostgresServiceKeys
from storage.tiles import LogFolder
from storage.trust_stores import PostgresTrustStores
from storage.vault.keys import FileKeyService, UnwrapBudget
from storage.vault.vault import Vault
from storage.verifiers import PostgresVerifiers
from tdh.anchoring import proving
from tdh.bundling import bundles_over
from tdh.config import Config, ConfigError
from tdh.core import Closing, Core, Loops, open_core, watched_receipts, watched_sealer
from tdh.delivery.recheck import RecheckPorts, recheck
from tdh.delivery.submission import SubmissionPorts, Submissions
from tdh.domain.errors import JudgeUnavailable, TDHError
from tdh.judging import FollowingJudge
from tdh.published_trust import PublishedTrust
from tdh.receipts import receipts_over
from tdh.revocation import judge_policy, kept, revocation_source
from tdh.system import CheckedClock
from tdh.timestamping import clock_watch, timestamp_service
from tdh.trust import trust_in_force
from tdh.verifiers import PublishedVerifiers

UNWRAP_BURST_SECONDS = 5
JudgeOfThen = Callable[[], AbstractAsyncContextManager[JudgePool]]


async def api(config: Config, closing: Closing) -> Loops:
    """The HTTP interface: takes in, shows, hands out."""
    core = await open_core(config, "api", closing.rest)
    vault = _vault(config, core)
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
    watch = clock_watch(config)
    runner = make_runner(_application(config, core, closing, vault=vault, judge=judge, watch=watch))
    await runner.setup()
    closing.intake.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, config.api.host, config.api.port, reuse_port=True)
    await site.start()
    rechecks = _rechecks(core, vault, partial(_judge_of_then, config, trust, revocation))
    renewals = [] if revocation is None else [revocation.run()]
    watches = [] if watch is None else [watch.run()]
    return [core.commit.run(), rechecks.run(), judge.run(), *renewals, *watches]


def _application(  # noqa: PLR0913 - its parts, by name
    config: Config,
    core: Core,
    closing: Closing,
    *,
    vault: Vault,
    judge: FollowingJudge,
    watch: ClockWatch | None,
) -> web.Application:
    """Raises ConfigError."""
    mailboxes, parties = PostgresMailboxes(core.database), PostgresParties(core.database)
    proofs, keys = proving(core.database), PostgresServiceKeys(core.database)
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
    stamper = watched_sealer(config, core.database, core.clock)  # letters wait for none of these
    closing.rest.push_async_callback(stamper.close)
    maker = watched_receipts(config, core.database, core.clock)
    closing.rest.push_async_callback(maker.close)
    stamping = timestamp_service(stamper, core.clock.now, watch)
    published = PublishedVerifiers(
        records=PostgresVerifiers(core.database), entries=keys, proving=proofs
    )
    return make_app(
        published=published_files(),
        verifier_proofs=VerifierProofs(published, verifiers()),
        published_trust=PublishedTrust(records=keys, proving=proofs),
        submissions=submissions,
        commit=core.commit,
        ids=core.ids,
        clock=core.clock,
        policy=core.policy,
        mailboxes=mailboxes,
        tokens=parties,
        vault=vault,
        proofs=proofs,
        bundles=bundles_over(config, core.database, vault=vault, proofs=proofs, maker=maker),
        receipts=receipts_over(core.database, proofs=proofs, maker=maker, clock=core.clock),
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


def _vault(config: Config, core: Core) -> Vault:
    budget = UnwrapBudget(
        per_second=config.vault.letters_opened_per_second,
        burst=config.vault.letters_opened_per_second * UNWRAP_BURST_SECONDS,
        clock=time.monotonic,
    )
    return Vault(
        config.vault.folder,
        FileKeyService(config.vault.keys, admit=budget, crash=core.crash),
        extra_folders=config.vault.extra_folders,
        crash=core.crash,
    )


def _rechecks(core: Core, vault: Vault, judge: JudgeOfThen) -> Rechecks:
    ports = RecheckPorts(
        letters=PostgresMailboxes(core.database),
        vault=vault,
        commit=core.commit,
        clock=core.clock,
        ids=core.ids,
        crash=core.crash,
    )
    return Rechecks(
        outbox=PostgresOutbox(core.database),
        recheck=partial(recheck, ports=ports),
        judge=judge,
        clock=core.clock,
        policy=core.policy,
    )


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
