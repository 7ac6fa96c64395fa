"""Whom the judge trusts: the store as the service takes it, and the operator's changes to it.

A change is staged on disk, then committed to the database together with its entry for the public
log, then settled by renaming. If we die

- before the commit, nothing has changed: the next command forgets what is staged, or, where the
  list was staged completely, commits it;
- after the commit and before the renaming, a service that starts refuses, because the folder is
  older than the log; the next command of `tdh admin trust` renames.

So no list is ever relied on that is not in the log. A list that came by other ways (copied from
another machine, say) is entered into the log by the first service that starts on it.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path

import structlog

from signing import trust_store
from signing.checkpoint import NoteError, NoteSigner, NoteVerifier
from signing.log_entry import operation_entry
from signing.trust import NOTE, TrustError, TrustFolder, load_trust
from signing.trust_list import Change, ListedAnchor, TrustList, change_between, ends_earlier
from signing.trust_store import SignedList
from storage.trust_stores import PostgresTrustStores, RecordedStore
from tdh.config import ConfigError, JudgeConfig
from tdh.domain.errors import CommitUnknown, Conflict, TDHError
from tdh.ports import CrashPoint

log = structlog.get_logger()

OPERATION = "trust-store"


def verifier_of(config: JudgeConfig) -> NoteVerifier | None:
    """The key that signs the store; None where a plain folder will do. Raises ConfigError."""
    if not config.trust_key:
        return None
    try:
        return NoteVerifier.parse(config.trust_key)
    except NoteError as error:
        raise ConfigError("judge.trust_key", str(error)) from error


def check_folder(config: JudgeConfig) -> None:
    """Refuse at once what no database could make good. Raises ConfigError."""
    _read(config)


async def trust_in_force(config: JudgeConfig, records: PostgresTrustStores) -> TrustFolder:
    """Read the folder of the settings, and make sure that the log knows its list.

    Raises:
        ConfigError: unsigned, wrongly signed, incomplete, or older than what the log knows.
        StorageUnavailable: the log's database does not answer.

    """
    found, signed = await asyncio.to_thread(_read, config)
    if signed is None:
        _say_unsigned(config.trust)
        return found
    newest = await records.newest()
    here = _recorded(signed)
    if newest is None or newest.version < here.version:
        try:
            await records.record(here, signed.listed.time, entry_of(None, signed))
        except Conflict:  # another process of ours was quicker, or a newer list came in between
            newest = await records.newest()
        else:
            log.info("trust.recorded", version=here.version)
            return found
    if newest != here:
        raise ConfigError("judge.trust", _not_the_newest(config.trust, here, newest))
    return found


@cache
def _say_unsigned(folder: Path) -> None:
    """Say it once in a process, however often the folder is read."""
    log.warning("trust.unsigned", folder=str(folder), setting="judge.trust_key")


def _read(config: JudgeConfig) -> tuple[TrustFolder, SignedList | None]:
    verifier = verifier_of(config)
    try:
        if verifier is None:
            return load_trust([config.trust]), None
        store = trust_store.open_store(config.trust, verifier)
    except TrustError as error:
        raise ConfigError("judge.trust", str(error)) from error
    return store.trust, store.signed


def _not_the_newest(folder: Path, here: RecordedStore, newest: RecordedStore | None) -> str:
    known = 0 if newest is None else newest.version
    if known == here.version:
        return f"{folder / NOTE}: the log knows another list of version {known}"
    return (
        f"{folder / NOTE}: version {here.version} is older than version {known}, which the log "
        "knows; restore the newer folder, or run `tdh admin trust add` again if it was interrupted"
    )


def entry_of(before: TrustList | None, signed: SignedList) -> bytes:
    """What the public log says of a new list; the same two lists give the same bytes."""
    change, anchor = change_between(before, signed.listed)
    fields = [
        ("version", str(signed.listed.version)),
        ("digest", f"sha-256 {signed.digest.hex()}"),
        ("change", str(change)),
    ]
    line = None if anchor is None else signed.listed.find(anchor)
    if line is not None:
        fields += [("anchor", f"sha-256 {line.sha256}"), ("terms", line.terms)]
    return operation_entry(OPERATION, signed.listed.time, fields)


def _recorded(signed: SignedList) -> RecordedStore:
    return RecordedStore(version=signed.listed.version, digest=signed.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What a command did."""

    listed: TrustList
    """The list that is in force now."""
    change: Change | None
    """None: it was so already, nothing was changed."""
    finished: int | None
    """The version that an interrupted command had left staged, and that was put into force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustKeeper:
    """The operator's acts on one store. All raise TrustError and StorageUnavailable."""

    folder: Path
    signer: NoteSigner
    records: PostgresTrustStores
    crash: CrashPoint

    async def begin(self, now: datetime) -> Changed:
        """Make an empty store; its version follows the newest that the log knows."""
        newest = await self.records.newest()
        trust_store.lay_out(self.folder)
        with trust_store.hold(self.folder):
            finished = await self._finish()
            if finished is not None:
                return Changed(listed=self._current().listed, change=None, finished=finished)
            version = 1 if newest is None else newest.version + 1
            first = TrustList(version=version, time=now.replace(microsecond=0))
            return await self._change(None, first, {}, finished)

    async def add(
        self, certificate: bytes, wanted: ListedAnchor, now: datetime, *, replacing: bool = False
    ) -> Changed:
        """List a certificate (DER), or give it other terms where `replacing` says so."""
        with trust_store.hold(self.folder):
            finished = await self._finish()
            before = (await self._newest()).listed
            known = before.find(wanted.sha256)
            if known is not None:
                wanted = replace(wanted, file=known.file)
            if known == wanted:
                return Changed(listed=before, change=None, finished=finished)
            if known is not None and not replacing:
                raise TrustError(
                    self.folder / NOTE, f"lists it as {known.terms}; --replace changes it"
                )
            files = {wanted.file: certificate}
            return await self._change(before, before.following(wanted, now), files, finished)

    async def retire(self, prefix: str, at: datetime, now: datetime) -> Changed:
        """End an anchor, named by the first digits of its digest; it never ends later than so."""
        with trust_store.hold(self.folder):
            finished = await self._finish()
            before = (await self._newest()).listed
            found = [each for each in before.anchors if each.sha256.startswith(prefix)]
            if len(found) != 1:
                raise TrustError(
                    self.folder / NOTE, f"lists {len(found)} anchors that begin with {prefix}"
                )
            at = at.replace(microsecond=0)
            if not ends_earlier(at, found[0].valid_until):
                return Changed(listed=before, change=None, finished=finished)
            return await self._change(before, before.retiring(found[0], at, now), {}, finished)

    def _current(self) -> SignedList:
        return trust_store.open_store(self.folder, self.signer.verifier).signed

    async def _newest(self) -> SignedList:
        """The list in force. Nothing is ever built upon one that the log has left behind."""
        current, newest = self._current(), await self.records.newest()
        here = _recorded(current)
        if newest is not None and newest.version >= here.version and newest != here:
            raise TrustError(self.folder / NOTE, _not_the_newest(self.folder, here, newest))
        return current

    async def _finish(self) -> int | None:
        """Put into force what an interrupted command left staged, if it can still count."""
        waiting = trust_store.staged(self.folder, self.signer.verifier)
        if waiting is None:
            trust_store.unstage(self.folder)
            return None
        # The list alone: of the anchors some may have been renamed already.
        note, before = self.folder / NOTE, None
        if note.exists():
            before = trust_store.read_list(note, self.signer.verifier).listed
        await self._commit(before, waiting)
        return waiting.listed.version

    async def _change(
        self,
        before: TrustList | None,
        after: TrustList,
        files: dict[str, bytes],
        finished: int | None,
    ) -> Changed:
        trust_store.stage(self.folder, after, self.signer, files)
        self.crash("trust.staged")
        waiting = trust_store.staged(self.folder, self.signer.verifier)
        if waiting is None:
            trust_store.unstage(self.folder)
            raise TrustError(self.folder / NOTE, "the new list is too large to be read back")
        change, _ = change_between(before, after)
        try:
            await self._commit(before, waiting)
        except (CommitUnknown, TrustError):
            raise
        except TDHError:
            trust_store.unstage(self.folder)  # certainly not committed
            raise
        return Changed(listed=after, change=change, finished=finished)

    async def _commit(self, before: TrustList | None, waiting: SignedList) -> None:
        """Make it known to the log, then put it into force."""
        entry = entry_of(before, waiting)
        try:
            await self.records.record(_recorded(waiting), waiting.listed.time, entry)
        except Conflict as error:
            trust_store.unstage(self.folder)  # never committed, and never will be
            raise TrustError(self.folder / NOTE, str(error)) from error
        self.crash("trust.committed")
        trust_store.settle(self.folder, self.crash)
