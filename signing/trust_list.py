"""The list of a signed trust store: which anchors, for what, and when. Text to value and back.

The text of the note `trust-store.note` (c2sp.org/signed-note), each line ended by LF:

    tdh-trust/v1
    version 3
    time 2026-11-22T09:00:00Z
    anchor <SHA-256 of the DER> <sender,tsa> <from> <until> <file below anchors/>

Roles and times as `spell_terms` spells them; anchors in ascending order, each certificate once. A
retired anchor stays listed, its end being the instant of its retirement. Exactly one spelling:
readers take what writers write. Never does I/O and verifies no signature.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from signing.c2sp_text import read_decimal
from signing.errors import ProofError

_FIRST_LINE = "tdh-trust/v1"
_ANCHOR = re.compile(
    r"anchor (?P<sha256>[0-9a-f]{64}) (?P<roles>sender|tsa|sender,tsa) (?P<begins>\S+) "
    r"(?P<ends>\S+) (?P<file>[A-Za-z0-9][A-Za-z0-9._-]{0,126})"
)
_HEAD_LINES = 3


class TrustListError(ProofError):
    """A text that is no list of a trust store, or a list that must not be."""

    code = "trust-list-invalid"


class Role(StrEnum):
    """What an anchor may vouch for."""

    SENDER = "sender"
    """Certificates of those who sign documents."""
    TIMESTAMP = "tsa"
    """Units of timestamping authorities (RFC 3161)."""


EVERY_ROLE = frozenset(Role)


class Change(StrEnum):
    """How one version of a list differs from the one before, as the public log says it."""

    ADD = "add"
    """One anchor is new or has other terms."""
    RETIRE = "retire"
    """One anchor ends, or ends earlier; nothing else."""
    LOAD = "load"
    """Anything else: the first list, or several changes at once."""


def spell(instant: datetime | None) -> str:
    """RFC 3339 in UTC with whole seconds; `-` for None."""
    if instant is None:
        return "-"
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text: str) -> datetime | None:
    """Undo `spell`. Raises ValueError for any other spelling."""
    if text == "-":
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None or spell(instant) != text:
        raise ValueError(f"{text} is not of the form 2026-01-31T23:59:59Z")
    return instant


def spell_terms(
    roles: frozenset[Role], valid_from: datetime | None, valid_until: datetime | None
) -> str:
    """For what and when an anchor vouches: `sender,tsa 2026-01-01T00:00:00Z -`."""
    return f"{','.join(sorted(roles))} {spell(valid_from)} {spell(valid_until)}"


def read_roles(text: str) -> frozenset[Role]:
    """Read names with commas between them. Raises ValueError for what is no role."""
    return frozenset(Role(role) for role in text.split(","))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAnchor:
    """One line of the list."""

    sha256: str
    """Of the certificate's DER, in lower-case hexadecimal."""
    roles: frozenset[Role]
    valid_from: datetime | None
    """First instant at which it vouches; None: always has."""
    valid_until: datetime | None
    """First instant at which it does not any more."""
    file: str
    """Its name below `anchors/`."""

    @property
    def terms(self) -> str:
        """Roles and times, as the line has them."""
        return spell_terms(self.roles, self.valid_from, self.valid_until)

    @property
    def line(self) -> str:
        """The line, without its end."""
        return f"anchor {self.sha256} {self.terms} {self.file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """Every anchor that a store has or had."""

    version: int
    """From 1; each change has the next one."""
    time: datetime
    """When this version was made; whole seconds."""
    anchors: tuple[ListedAnchor, ...] = ()

    def text(self) -> bytes:
        """The bytes that are signed. Raises TrustListError for what cannot be read back."""
        lines = [_FIRST_LINE, f"version {self.version}", f"time {spell(self.time)}"]
        lines += sorted(anchor.line for anchor in self.anchors)
        written = "".join(f"{line}\n" for line in lines).encode()
        _parse(written)
        return written

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read the text of a note. Raises TrustListError for any but its one spelling."""
        found = _parse(text)
        return cls(version=found.version, time=found.time, anchors=found.anchors)

    def find(self, sha256: str) -> ListedAnchor | None:
        """The anchor whose certificate has this digest."""
        return next((anchor for anchor in self.anchors if anchor.sha256 == sha256), None)

    def following(self, anchor: ListedAnchor, now: datetime) -> "TrustList":
        """Make the next version, in which this line stands for its certificate."""
        others = tuple(each for each in self.anchors if each.sha256 != anchor.sha256)
        return TrustList(
            version=self.version + 1,
            time=now.replace(microsecond=0),
            anchors=tuple(sorted((*others, anchor), key=lambda each: each.line)),
        )

    def retiring(self, anchor: ListedAnchor, at: datetime, now: datetime) -> "TrustList":
        """Make the next version, in which this anchor vouches for nothing from `at` on."""
        return self.following(replace(anchor, valid_until=at.replace(microsecond=0)), now)


def change_between(before: TrustList | None, after: TrustList) -> tuple[Change, str | None]:
    """What changed, and the digest of the one anchor that it concerns."""
    if before is None or not {each.sha256 for each in before.anchors} <= {
        each.sha256 for each in after.anchors
    }:
        return Change.LOAD, None
    changed = [each for each in after.anchors if before.find(each.sha256) != each]
    if len(changed) != 1:
        return Change.LOAD, None
    (new,) = changed
    old = before.find(new.sha256)
    if (
        old is not None
        and replace(old, valid_until=new.valid_until) == new
        and ends_earlier(new.valid_until, old.valid_until)
    ):
        return Change.RETIRE, new.sha256
    return Change.ADD, new.sha256


def ends_earlier(one: datetime | None, other: datetime | None) -> bool:
    """Whether one end comes before the other; None is no end at all."""
    return one is not None and (other is None or one < other)


def _parse(text: bytes) -> TrustList:
    try:
        lines = text.decode("ascii").split("\n")
    except UnicodeDecodeError as exc:
        raise TrustListError("a trust list is ASCII") from exc
    if len(lines) <= _HEAD_LINES or lines[0] != _FIRST_LINE or lines[-1]:
        raise TrustListError(f"a trust list is whole lines, the first {_FIRST_LINE}")
    version = read_decimal(lines[1].removeprefix("version "))
    time = _instant(lines[2].removeprefix("time "))
    if not version or time is None:
        raise TrustListError("the version or the time is not in canonical form")
    anchors = tuple(_anchor(line) for line in lines[_HEAD_LINES:-1])
    for what in ("sha256", "file"):
        if len({getattr(anchor, what).lower() for anchor in anchors}) < len(anchors):
            raise TrustListError(f"two anchors with the same {what}")
    head = [_FIRST_LINE, f"version {version}", f"time {spell(time)}"]
    if lines[:-1] != head + sorted(anchor.line for anchor in anchors):
        raise TrustListError("the list is not in canonical form")
    return TrustList(version=version, time=time, anchors=anchors)


def _anchor(line: str) -> ListedAnchor:
    found = _ANCHOR.fullmatch(line)
    if found is None:
        raise TrustListError("a line is none of an anchor")
    return ListedAnchor(
        sha256=found["sha256"],
        roles=read_roles(found["roles"]),
        valid_from=_instant(found["begins"]),
        valid_until=_instant(found["ends"]),
        file=found["file"],
    )


def _instant(text: str) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError as exc:
        raise TrustListError("a time is not of the form 2026-01-31T23:59:59Z") from exc
