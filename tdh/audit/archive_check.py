"""The archive again, from its rows: leaves from the log, roots from leaves, timestamps over roots.

RFC 4998. A round's root is looked at as data of which a record is made, and the record is verified
as a stranger would verify it, under the trust file.
"""

from collections.abc import AsyncIterable, Sequence
from datetime import datetime

from cryptography import x509

from signing.archive.errors import RecordError, RecordUntrusted
from signing.archive.hash_tree import root_of
from signing.archive.maths import ArchiveMaths
from signing.archive.verification import verify_record
from storage.audited import AuditedGroup, AuditedRound
from tdh.audit.record_checks import Sample
from tdh.audit.report import CheckName, Tally
from tdh.domain.archive import NO_EVIDENCE

_MATHS = ArchiveMaths()


async def check_groups(groups: AsyncIterable[AuditedGroup], tally: Tally) -> None:
    """Each group's root is that of the evidence in the log."""
    async for group in groups:
        leaves = [leaf for leaf in map(_leaf, group.entries) if leaf is not None]
        if group.root != (root_of(leaves) if leaves else NO_EVIDENCE):
            tally.problem(f"round {group.round}: its tree is not over the evidence of the log")


async def check_rounds(
    rounds: AsyncIterable[AuditedRound],
    roots: Sequence[x509.Certificate],
    now: datetime,
    sample: Sample,
) -> Tally:
    """Timestamps of rounds are over their trees, and over one another."""
    tally = Tally(name=CheckName.ARCHIVE)
    if not roots:
        tally.hindered = "the trust file names no timestamp authority"
    async for one in rounds:
        tally.passed()
        trees = [root for root in one.roots if root != NO_EVIDENCE]
        if not trees:
            tally.problem(f"round {one.number}: no evidence is in it")
        elif roots and one.stamps and sample.takes():
            _check_stamps(one, root_of(trees), roots, now, tally)
    return tally


def _check_stamps(
    one: AuditedRound,
    root: bytes,
    roots: Sequence[x509.Certificate],
    now: datetime,
    tally: Tally,
) -> None:
    record = _MATHS.record(root, (), [(stamp.token, stamp.siblings) for stamp in one.stamps])
    try:
        verify_record(record, root, roots, at=now)
    except RecordUntrusted as error:
        tally.note(f"round {one.number}: stamped by whom the trust file does not name: {error}")
    except RecordError as error:
        tally.problem(f"round {one.number}: {error}")


def _leaf(entry: bytes) -> bytes | None:
    """As `ArchiveMaths.leaf_of`; an entry that cannot be read is a problem of another check."""
    try:
        return _MATHS.leaf_of(entry)
    except ValueError:
        return None
