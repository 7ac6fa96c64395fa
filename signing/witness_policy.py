"""Which witnesses must have cosigned a head before it is believed: the file of a verifier.

Implements the text of c2sp.org/tlog-policy: `log`, `witness`, `group` and `quorum` lines, names as
octets, one definition before each use. Stricter in two points that only careless files meet: two
witnesses may not share a key name (`is_met` goes by key names), and a log's key is nobody's
witness. URLs are checked for their place and not kept. Never does I/O, never verifies a signature.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Self

from signing.c2sp_text import read_decimal
from signing.checkpoint import NoteError, NoteVerifier
from signing.cosignature import CosignatureKind, CosignatureVerifier
from signing.errors import ProofError

MAX_POLICY_BYTES = 1 << 20
"""Longer files are refused; a witness with a post-quantum key needs about 1,800 bytes."""
MAX_DEFINITIONS = 256
"""Of each kind; the format asks for at least 32."""

_NONE = b"none"
_LF, _TAB, _SPACE, _DELETE = 0x0A, 0x09, 0x20, 0x7F

LogKey = NoteVerifier | CosignatureVerifier
"""A key that signs heads of its own log: Ed25519 (0x01) or ML-DSA-44 (0x06)."""


class PolicyError(ProofError):
    """A text that is no policy; the line is in the message."""

    code = "witness-policy-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """So many of its members make it cosign."""

    threshold: int
    members: "tuple[Group | CosignatureVerifier, ...]"

    def is_met(self, names: Collection[str]) -> bool:
        """Whether enough members are among those who cosigned, or are met themselves."""
        met = sum(
            member.name in names
            if isinstance(member, CosignatureVerifier)
            else member.is_met(names)
            for member in self.members
        )
        return met >= self.threshold


NOBODY = Group(threshold=0, members=())
"""The quorum `none`: no cosignature is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessPolicy:
    """A policy as it was read."""

    logs: tuple[LogKey, ...]
    """Keys whose heads are believed; may be empty where the log is known otherwise."""
    witnesses: tuple[CosignatureVerifier, ...]
    """All that are named; each under a key name of its own."""
    quorum: Group

    @classmethod
    def parse(cls, text: bytes) -> Self:
        """Read a policy file. Raises PolicyError, saying which line is wrong."""
        if len(text) > MAX_POLICY_BYTES:
            raise PolicyError(f"a policy has at most {MAX_POLICY_BYTES} bytes")
        reader = _Reader()
        lines = text.split(b"\n")
        if lines.pop():
            raise PolicyError(f"line {len(lines) + 1} does not end in a newline")
        for number, line in enumerate(lines, 1):
            try:
                reader.read(line)
            except ProofError as exc:
                raise PolicyError(f"line {number}: {exc}") from exc
        if reader.quorum is None:
            raise PolicyError("there is no quorum line")
        return cls(logs=tuple(reader.logs), witnesses=tuple(reader.witnesses), quorum=reader.quorum)

    @property
    def asks_for_witnesses(self) -> bool:
        """Whether anybody must have cosigned at all: false for `quorum none`."""
        return self.quorum.threshold > 0

    def is_met(self, names: Collection[str]) -> bool:
        """Whether these cosigners are enough, by the names of their keys (see `cosigners`)."""
        return self.quorum.is_met(names)


@dataclass(slots=True)
class _Reader:
    """What the lines so far have defined."""

    logs: list[LogKey] = field(default_factory=list)
    witnesses: list[CosignatureVerifier] = field(default_factory=list)
    quorum: Group | None = None
    _named: dict[bytes, Group | CosignatureVerifier] = field(default_factory=dict)
    _members: set[bytes] = field(default_factory=set)
    _groups: int = 0

    def read(self, line: bytes) -> None:
        """Take one line, without its LF. Raises ProofError."""
        if any((octet < _SPACE and octet != _TAB) or octet == _DELETE for octet in line):
            raise PolicyError("control characters other than tab")
        words = [word for word in line.replace(b"\t", b" ").split(b" ") if word]
        if not words or words[0].startswith(b"#"):
            return
        match words:
            case [b"log", vkey] | [b"log", vkey, _]:
                self._add_log(_log_key(vkey))
            case [b"witness", name, vkey] | [b"witness", name, vkey, _]:
                self._add_witness(name, CosignatureVerifier.parse(_text(vkey)))
            case [b"group", name, threshold, *members] if members:
                self._add_group(name, threshold, members)
            case [b"quorum", name]:
                self._set_quorum(name)
            case _:
                raise PolicyError(f"no such line: {_shown(words[0])} with so many words")

    def _add_log(self, key: LogKey) -> None:
        self._check_key(key)
        self.logs.append(key)
        _check_count(len(self.logs), "logs")

    def _add_witness(self, name: bytes, key: CosignatureVerifier) -> None:
        self._check_key(key)
        if any(key.name == other.name for other in self.witnesses):
            raise PolicyError(f"two witnesses with keys named {key.name}")
        self._define(name, key)
        self.witnesses.append(key)
        _check_count(len(self.witnesses), "witnesses")

    def _add_group(self, name: bytes, threshold: bytes, members: list[bytes]) -> None:
        for member in members:
            if member in self._members:
                raise PolicyError(f"{_shown(member)} is a member already")
            self._members.add(member)
        match threshold:
            case b"all":
                needed: int | None = len(members)
            case b"any":
                needed = 1
            case _:
                needed = read_decimal(threshold.decode("latin-1"))
        if needed is None or not 1 <= needed <= len(members):
            raise PolicyError(f"of {len(members)} members not {_shown(threshold)} can cosign")
        found = tuple(self._find(member) for member in members)
        self._define(name, Group(threshold=needed, members=found))
        self._groups += 1
        _check_count(self._groups, "groups")

    def _set_quorum(self, name: bytes) -> None:
        if self.quorum is not None:
            raise PolicyError("a second quorum line")
        if name == _NONE:
            self.quorum = NOBODY
        else:
            self.quorum = Group(threshold=1, members=(self._find(name),))

    def _define(self, name: bytes, value: Group | CosignatureVerifier) -> None:
        if name == _NONE or name in self._named:
            raise PolicyError(f"{_shown(name)} is defined already")
        self._named[name] = value

    def _find(self, name: bytes) -> Group | CosignatureVerifier:
        found = self._named.get(name)
        if found is None:
            raise PolicyError(f"{_shown(name)} is not defined on a line before")
        return found

    def _check_key(self, key: LogKey) -> None:
        """Refuse a second line with the same key, whatever its name and type."""
        if any(key.public_key == other.public_key for other in (*self.logs, *self.witnesses)):
            raise PolicyError(f"the key of {key.name} stands twice")


def _log_key(vkey: bytes) -> LogKey:
    text = _text(vkey)
    try:
        return NoteVerifier.parse(text)
    except NoteError:
        key = CosignatureVerifier.parse(text)
    if key.kind is not CosignatureKind.ML_DSA_44:
        raise PolicyError("a key for Ed25519 cosignatures signs no log")
    return key


def _text(word: bytes) -> str:
    try:
        return word.decode()
    except UnicodeDecodeError as exc:
        raise PolicyError("the name of a key is UTF-8") from exc


def _shown(word: bytes) -> str:
    return word[:80].decode(errors="backslashreplace")


def _check_count(count: int, what: str) -> None:
    if count > MAX_DEFINITIONS:
        raise PolicyError(f"more than {MAX_DEFINITIONS} {what}")
