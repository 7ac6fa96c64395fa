"""The head that a log shows: who signed it, who vouches for it, whether it follows another."""

from dataclasses import dataclass, replace
from hashlib import sha256

from signing.checkpoint import Checkpoint, open_note, split_note, without_cosignatures
from signing.cosignature import cosigners
from signing.errors import ProofError
from signing.timestamps import verify_token
from signing.trust_file import TrustFile
from tdh.audit.log_source import LogSource
from tdh.audit.report import CheckName, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHead:
    """A head as it was shown."""

    note: bytes
    checkpoint: Checkpoint
    tokens: tuple[bytes, ...] = ()
    """Timestamps that are said to be over it (DER)."""

    @property
    def size(self) -> int:
        """How many entries it has."""
        return self.checkpoint.size


def read_head(note: bytes, trust: TrustFile, tally: Tally) -> ShownHead | None:
    """The head in a note, believed or not; None where it is none. `tally` has what is wrong."""
    tally.passed()
    try:
        head = ShownHead(note=note, checkpoint=Checkpoint.parse(split_note(note)[0]))
    except ProofError as error:
        tally.problem(str(error))
        return None
    if not trust.logs:
        tally.hindered = "no trust file names the log's key"
        return head
    try:
        open_note(note, trust.logs)
    except ProofError as error:
        tally.problem(str(error))
    else:
        tally.note(f"{head.checkpoint.origin}, {head.size:,} entries")
    return head


def compare_heads(earlier: ShownHead, now: ShownHead, tally: Tally) -> None:
    """What can be told of two heads by themselves: another log, a smaller one, two of one size."""
    tally.passed()
    if earlier.checkpoint.origin != now.checkpoint.origin:
        tally.problem(
            f"{now.checkpoint.origin} is another log than {earlier.checkpoint.origin} before"
        )
    elif now.size < earlier.size:
        tally.problem(
            f"rewound: {now.size} entries are shown, and {earlier.size} were shown before"
        )
    elif now.size == earlier.size and now.checkpoint.root != earlier.checkpoint.root:
        tally.problem(f"forked: {now.size} entries have another root than before")


def compare_roots(head: ShownHead, root: bytes | None, tally: Tally) -> None:
    """Whether the tree had the root of an earlier head when it had its size."""
    if root is not None and root != head.checkpoint.root:
        tally.problem(f"forked: the first {head.size} entries are not those that were shown before")


async def anchored_head(source: LogSource, head: ShownHead, trust: TrustFile) -> ShownHead | None:
    """The newest head that outsiders cosigned, if it is another one and not ahead of ours."""
    note = await source.anchored()
    if note is None or note == head.note:
        return None
    found = read_head(note, TrustFile(), Tally(name=CheckName.ANCHORED))
    if found is None or found.size > head.size:
        return None
    return await with_tokens(source, found, trust)


def check_anchors(heads: tuple[ShownHead, ...], trust: TrustFile, tally: Tally) -> None:
    """Who of the trusted witnesses cosigned one of these heads of one tree."""
    wanted = max(1, trust.witness_threshold)
    tally.optional = trust.witness_threshold == 0
    best = 0
    for head in heads:
        tally.passed()
        if trust.witness_threshold == 0:
            best = max(best, _stamps(head, trust, tally))
        try:
            found = cosigners(head.note, trust.witnesses)
        except ProofError as error:
            tally.problem(str(error))
            continue
        best = max(best, len(found))
        for one in found:
            time = one.time.isoformat(timespec="seconds").removesuffix("+00:00")
            tally.note(f"{one.name} vouches for {head.size:,} entries, {time}Z")
    if best < wanted:
        tally.hindered = (
            "operator's word only: no trusted outsider vouches for a head"
            if not best
            else f"only {best} of the {wanted} witnesses that the trust file asks for"
        )


def _stamps(head: ShownHead, trust: TrustFile, tally: Tally) -> int:
    """How many outside authorities stamped the head; other timestamps are passed over."""
    imprint = sha256(without_cosignatures(head.note)).digest()
    names = set[str]()
    for token in head.tokens:
        try:
            found = verify_token(token, imprint, trust.outside_tsa_roots)
        except ProofError:
            continue
        name = found.signer.subject.rfc4514_string()
        if name not in names:
            names.add(name)
            time = found.time.isoformat(timespec="seconds").removesuffix("+00:00")
            tally.note(f"{name} stamped {head.size:,} entries, {time}Z")
    return len(names)


async def with_tokens(source: LogSource, head: ShownHead, trust: TrustFile) -> ShownHead:
    """The head with the timestamps that its log tells of, where outsiders' could count."""
    if trust.witness_threshold or not trust.outside_tsa_roots:
        return head
    return replace(head, tokens=await source.tokens(head.size))
