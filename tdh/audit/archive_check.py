"""The archive again, from its rows: leaves from the log, roots from leaves, timestamps over roots.

RFC 4998. The chains of a round are verified as a stranger would verify them in a record, under the
trust file; leaves of a chain that was hashed anew are made again from the evidence.
"""

from collections.abc import AsyncIterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from cryptography import x509

from signing.archive.errors import RecordError, RecordUntrusted
from signing.archive.hash_tree import root_of, siblings, siblings_of_each
from signing.archive.maths import ALGORITHMS, ArchiveMaths
from signing.archive.verification import verify_chains
from storage.audited import AuditedGroup, AuditedLeaves, AuditedRound, AuditedStamp
from tdh.audit.record_checks import Sample
from tdh.audit.report import CheckName, Tally
from tdh.domain.archive import (
    NO_EVIDENCE,
    ArchiveToken,
    RecordChain,
    RoundStamp,
    TreeDigest,
)

_MATHS = ArchiveMaths()
_NO_TIME = datetime.max.replace(tzinfo=UTC)


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


async def check_leaves(groups: AsyncIterable[AuditedLeaves], tally: Tally) -> None:
    """Each group that was hashed anew is over the evidence and all that was stamped of it."""
    async for one in groups:
        try:
            right = one.leaves == _leaves_again(one) and one.root == root_of(
                one.leaves, ALGORITHMS[one.digest]
            )
        except RecordError:
            right = False
        if not right:
            number = one.round.number
            tally.problem(f"round {number}: what was hashed anew is not over the evidence")


def _leaves_again(one: AuditedLeaves) -> tuple[bytes, ...]:
    """The leaves of a later chain. Raises RecordError where something is not there."""
    both = zip(one.entries, one.evidence, strict=True)
    found = [(leaf, xml) for entry, xml in both if (leaf := _leaf(entry)) is not None]
    first = [stamp for stamp in one.round.stamps if stamp.digest is TreeDigest.SHA_256]
    groups = [place for place, root in enumerate(one.round.roots) if root != NO_EVIDENCE]
    if one.place not in groups or not first or len(found) != len(one.leaves):
        raise RecordError("no such group")
    above = siblings([one.round.roots[place] for place in groups], groups.index(one.place))
    before = replace(one.round, stamps=tuple(first))
    ways = siblings_of_each([leaf for leaf, _ in found])
    leaves = list[bytes]()
    for (leaf, xml), way, stored in zip(found, ways, one.leaves, strict=True):
        if xml is None or _MATHS.digest_of(xml) != leaf:  # a problem of another check
            leaves.append(stored)
        else:
            chains = _chains(before, [leaf], (*way, *above))
            leaves.append(_MATHS.leaf_anew(xml, chains, one.digest))
    return tuple(leaves)


def _chains(
    one: AuditedRound, leaves: Sequence[bytes], way: tuple[bytes, ...] = ()
) -> list[RecordChain]:
    """The round's chains, of a leaf each. Raises RecordError if there are not as many leaves."""
    chains = [tuple(chain) for _, chain in groupby(one.stamps, lambda stamp: stamp.digest)]
    if len(chains) != len(leaves):
        raise RecordError("chains and what was hashed anew for them are not there together")
    return [
        RecordChain(leaf=leaf, way=way, stamps=tuple(map(_stamp, chain)))
        for leaf, chain in zip(leaves, chains, strict=True)
    ]


def _stamp(one: AuditedStamp) -> RoundStamp:
    # Name and times of a row are compared with its token's by nobody: they are for the service.
    token = ArchiveToken(name="", token=one.token, time=_NO_TIME, until=_NO_TIME)
    return RoundStamp(token=token, siblings=one.siblings, digest=one.digest)


def _check_stamps(
    one: AuditedRound,
    root: bytes,
    roots: Sequence[x509.Certificate],
    now: datetime,
    tally: Tally,
) -> None:
    leaves = [root, *([root_of(one.anew, ALGORITHMS[one.stamps[-1].digest])] if one.anew else [])]
    try:
        built = _MATHS.built(_chains(one, leaves)).chains
        verify_chains(list(zip(leaves, built, strict=True)), roots, at=now)
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
