"""The composition root: builds every part from the settings, by hand, top to bottom.

One function a role; each gives the loops that the role runs. What a role does not need it does
not build: none holds a seal key. The role `api` is in `tdh.interface`.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from relay.amqp import names
from relay.amqp.consumer import Consumer
from relay.amqp.pushes import Pushes
from relay.amqp.submissions import Submissions as PartnerRequests
from relay.dispatcher import Dispatcher
from relay.problems import problem_of
from relay.timers import Timers
from relay.worker import ForwardWorker
from signing.log_tree import LogTree
from signing.standalone.published import verifiers
from storage.log import PostgresLogStore
from storage.mailboxes import PostgresMailboxes
from storage.migrate import migrate as migrate_database
from storage.outbox import PostgresOutbox
from storage.partitions import ensure_partitions
from storage.tiles import LogFolder
from storage.verifiers import PostgresVerifiers
from tdh import broker
from tdh.anchoring import anchoring, archive_keeping, hash_tree_renewal, outsiders
from tdh.config import Config
from tdh.core import Closing, Core, Loops, open_core
from tdh.delivery.anchoring import at_intervals
from tdh.delivery.publication import Publication
from tdh.delivery.sequencer import Sequencer
from tdh.delivery.tiling import Tiling
from tdh.domain.errors import TDHError
from tdh.system import CheckedClock
from tdh.verifiers import publish_verifiers

PREFETCH = 16
"""Unanswered forward messages of one queue; each names up to a batch of deliveries."""


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
    anew = hash_tree_renewal(config, rounds)

    async def archive() -> None:
        await rounds.turn()
        await anew.turn()

    seconds = config.anchor.seconds
    return [
        at_intervals(heads.turn, name="anchoring", seconds=seconds),
        at_intervals(archive, name="archive", seconds=seconds),
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
