"""One audit of one installation: opens what the settings name, reads it all, writes nothing.

The order matters while the service goes on: the served head first, then one snapshot of the
database, then the ledger and the vault, which are always ahead of the database.
"""

import random
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from signing.sealer.ledger import FILE_NAME as LEDGER
from signing.trust_file import TrustFile
from storage.audit import AuditSnapshot, PostgresAudit
from storage.audited import AuditedEntry
from storage.database import open_database
from storage.vault.keys import FileKeyService
from storage.vault.vault import Vault
from tdh.audit.archive_check import check_groups, check_leaves, check_rounds
from tdh.audit.book import Book
from tdh.audit.findings import sort_findings
from tdh.audit.key_check import KeyCheck
from tdh.audit.ledger_check import LedgerComparison
from tdh.audit.log_checks import (
    Heads,
    check_entries,
    check_heads,
    check_nodes,
    check_served,
)
from tdh.audit.log_files import PublishedFiles
from tdh.audit.log_replay import LogReplay
from tdh.audit.record_checks import Sample, Seals, check_evidence, check_reports, check_states
from tdh.audit.report import AuditReport, CheckName, Tally
from tdh.audit.served import fetch_head
from tdh.audit.vault_check import check_documents
from tdh.config import Config

Item = TypeVar("Item")
Progress = Callable[[str, int], None]
"""Called with what is being read, and how many there were so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of an audit."""

    trust: TrustFile
    log_url: str | None = None
    """Where the log is served; its head must belong to the stored history."""
    full: bool = False
    """Every seal and document, however many."""


PROGRESS_STEP = 500


def no_progress(_what: str, _number: int) -> None:
    """Nobody is looking."""


async def audit_installation(
    config: Config,
    wish: Wish,
    *,
    progress: Progress = no_progress,
    draw: Callable[[], float] = random.random,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> AuditReport:
    """Check every invariant. Raises StorageUnavailable, ServiceUnavailable for a log not served.

    `draw` gives numbers from 0 to 1, by which the samples are taken.
    """
    served = None if wish.log_url is None else await fetch_head(wish.log_url)
    files, began = PublishedFiles(config.log.folder), now()
    async with AsyncExitStack() as closing:
        database = await open_database(
            config.database.dsn, application_name="tdh-audit", lookups_by_index=False
        )
        closing.push_async_callback(database.close)
        snapshot = await closing.enter_async_context(PostgresAudit(database).snapshot())
        reading = _Reading(snapshot, progress)
        folder = closing.enter_context(TemporaryDirectory(prefix="tdh-audit-"))
        book = closing.enter_context(Book(Path(folder) / "book", lasting=False))
        replay, keys = LogReplay(book, began), KeyCheck()
        log, heads = await _check_log(reading, wish.trust, config.issuer.origin, replay, keys)
        log.append(await files.compare(heads, (await snapshot.tree()).size, began))
        if served is not None:
            log.append(check_served(served, heads, wish.trust))
        replay.finish(began.date())
        statistics = book.statistics(began.date())
        samples = [Sample(full=wish.full, draw=draw) for _ in range(2)]
        ledger = closing.enter_context(LedgerComparison())
        seals = Seals(trust=wish.trust, sample=samples[0], keys=keys)
        records = await _check_records(reading, heads, seals, ledger)
        documents = await _check_documents(reading, config, samples[1], closing)
        archive = await _check_archive(reading, wish, now())
        tallies = [*log, *replay.tallies, *records, archive, keys.done(), documents]
        tallies += await sort_findings(reading.of("findings", snapshot.findings()), tallies)
        tallies.append(ledger.finish(config.sealer.state / LEDGER))
    checks = {tally.name: tally.done() for tally in tallies}
    return AuditReport(
        checks=tuple(checks[name] for name in CheckName if name in checks), statistics=statistics
    )


class _Reading:
    """A snapshot whose streams tell how far they are."""

    def __init__(self, snapshot: AuditSnapshot, progress: Progress) -> None:
        self.snapshot = snapshot
        self._progress = progress

    async def of(self, what: str, stream: AsyncIterable[Item]) -> AsyncIterator[Item]:
        number = 0
        async for item in stream:
            number += 1
            if number % PROGRESS_STEP == 0:
                self._progress(what, number)
            yield item
        self._progress(what, number)


async def _check_log(
    reading: _Reading, trust: TrustFile, origin: str, replay: LogReplay, keys: KeyCheck
) -> tuple[list[Tally], Heads]:
    snapshot = reading.snapshot
    tree = await snapshot.tree()
    heads, signatures = await check_heads(reading.of("heads", snapshot.heads()), trust, origin)
    read = keys.watching(replayed(reading.of("log entries", snapshot.log()), replay))
    entries, nodes, reached = await check_entries(read, tree, heads)
    await check_nodes(reading.of("log nodes", snapshot.inner_nodes()), tree, nodes)
    return [entries, nodes, reached, *signatures], heads


async def replayed(
    entries: AsyncIterable[AuditedEntry], replay: LogReplay
) -> AsyncIterator[AuditedEntry]:
    """The same entries; the replay takes them too, many at once."""
    waiting: list[AuditedEntry] = []
    async for entry in entries:
        waiting.append(entry)
        if len(waiting) == PROGRESS_STEP:
            replay.take(waiting[0].index, [each.entry for each in waiting])
            waiting.clear()
        yield entry
    if waiting:
        replay.take(waiting[0].index, [each.entry for each in waiting])


async def _check_records(
    reading: _Reading, heads: Heads, seals: Seals, ledger: LedgerComparison
) -> list[Tally]:
    snapshot = reading.snapshot
    states, still_open = await check_states(
        reading.of("deliveries", snapshot.deliveries()),
        reading.of("refused submissions", snapshot.refusals()),
    )
    evidence = await check_evidence(
        reading.of("evidence", snapshot.evidence()), heads, seals, ledger
    )
    # What the database finds by itself it does not count; these are what it looked through.
    streams = Tally(name=CheckName.STREAMS, checked=states.checked)
    each = Tally(name=CheckName.ONE_EVIDENCE_EACH, checked=evidence[0].checked)
    timers = Tally(name=CheckName.TIMERS, checked=still_open)
    once = Tally(name=CheckName.IDEMPOTENCY, checked=states.checked)
    reports = await check_reports(reading.of("reports", snapshot.reports()))
    return [states, *evidence, streams, each, timers, once, reports]


async def _check_archive(reading: _Reading, wish: Wish, now: datetime) -> Tally:
    snapshot, roots = reading.snapshot, wish.trust.all_tsa_roots
    sample = Sample(full=wish.full)
    rounds = reading.of("rounds of the archive", snapshot.archive_rounds())
    tally = await check_rounds(rounds, roots, now, sample)
    await check_groups(reading.of("trees of the archive", snapshot.archive_groups()), tally)
    await check_leaves(reading.of("trees hashed anew", snapshot.archive_leaves()), tally)
    if sample.words():
        tally.note(sample.words())
    return tally


async def _check_documents(
    reading: _Reading, config: Config, sample: Sample, closing: AsyncExitStack
) -> Tally:
    """Opening a vault makes its folders, so it is opened only where they are."""
    folders = (config.vault.folder, *config.vault.extra_folders, config.vault.keys)
    for folder in folders:
        if not folder.is_dir():
            return Tally(name=CheckName.DOCUMENTS, hindered=f"no vault can be read at {folder}")
    vault = Vault(
        config.vault.folder,
        FileKeyService(config.vault.keys),
        extra_folders=config.vault.extra_folders,
    )
    closing.push_async_callback(vault.close)
    documents = reading.of("documents", reading.snapshot.documents())
    return await check_documents(documents, vault.verify, sample)
