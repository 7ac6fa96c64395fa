"""The campaign: makes mutants, has each judged in this process, and looks hard at the accepted."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from signing.judge.careful import judge
from signing.judge.codes import Code
from signing.judge.judgement import Inputs
from signing.judge.kinds import Kind, kind_of
from tests.mutation.places import HARMLESS, binary, place_of, signatures_of
from tests.mutation.projections import projection

SMALL = 8 * 1024
"""Every position of documents up to this size is flipped; of larger ones so many at random:"""
RANDOM_POSITIONS = 20_000
ONE_OF = 25
_INSERTED = (b"\n", b" ", b"\0", b"0", b"%", b"<")
_APPENDED = (b"\n", b"\r\n", b" ", b"\0", b"%%EOF\n", b"% comment\n", b"<!-- c -->", b"1 0 obj\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Valid:
    """A document that is accepted as it is."""

    name: str
    data: bytes
    inputs: Inputs

    @property
    def kind(self) -> Kind:
        return kind_of(self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A copy with one change."""

    change: str
    position: int
    data: bytes


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of one document's mutants."""

    name: str
    mutants: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)


def mutants(valid: Valid, chance: random.Random, most: int | None = None) -> Iterator[Mutant]:
    """Flips everywhere, insertions and deletions at random places, and things appended."""
    data, size = valid.data, len(valid.data)
    count = size if size <= SMALL else RANDOM_POSITIONS
    places = range(size) if size <= SMALL else sorted(chance.sample(range(size), min(count, size)))
    if most is not None:
        places = sorted(chance.sample(list(places), min(most, len(places))))
    for place in places:
        flipped = data[place] ^ (1 << chance.randrange(8))
        yield _mutant("flip", place, data[:place] + bytes([flipped]) + data[place + 1 :])
    for place in chance.sample(list(places), max(1, len(places) // 10)):
        yield _mutant("insert", place, data[:place] + chance.choice(_INSERTED) + data[place:])
        yield _mutant("delete", place, data[:place] + data[place + 1 :])
        yield _mutant(
            "swap case",
            place,
            data[:place] + data[place : place + 1].swapcase() + data[place + 1 :],
        )
    for tail in (*_APPENDED, data):
        yield _mutant(f"append {tail[:12]!r}", size, data + tail)


def _mutant(change: str, position: int, data: bytes) -> Mutant:
    return Mutant(change=change, position=position, data=data)


def run(valid: Valid, seed: int, most: int | None = None) -> Tally:
    """Judge all mutants of one document; defects are told in words."""
    logging.disable(logging.CRITICAL)  # the libraries talk about every oddity
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    tally = Tally(name=valid.name)
    loop = asyncio.new_event_loop()
    try:
        before = loop.run_until_complete(judge(valid.data, valid.inputs))
        if not before.verdict.accepted:
            raise AssertionError(f"{valid.name} is not valid: {before.verdict.reason.code}")
        shown = projection(valid.kind, valid.data, valid.data)
        for mutant in mutants(valid, chance, most):
            if mutant.data == valid.data:
                continue
            tally.mutants += 1
            judgement = loop.run_until_complete(judge(mutant.data, valid.inputs))
            if judgement.verdict.reason.code == Code.UNEXPECTED:
                tally.defects.append(f"{_told(mutant)}: {judgement.seen}")
            elif judgement.verdict.accepted:
                _look(valid, mutant, shown, tally)
    finally:
        loop.close()
    return tally


def _look(valid: Valid, mutant: Mutant, shown: tuple[str, ...], tally: Tally) -> None:
    """An accepted mutant: at a listed place, and the same to every reader."""
    place = place_of(valid.kind, valid.data, mutant.position)
    if place.startswith("pdf: ") and mutant.data.lower() == valid.data.lower():
        place = "pdf: hexadecimal case"
    if place.startswith("cms: ") and valid.data.startswith(b"-----") and same_octets(valid, mutant):
        place = "cms: armour"
    try:
        drawn = _is_drawn(valid, mutant, tally)
        found = projection(valid.kind, mutant.data, valid.data, drawn=drawn)
        same = found == shown[: len(found)]
    except Exception as problem:  # noqa: BLE001 - another program's reader, on bytes nobody reads
        tally.defects.append(f"{_told(mutant)}: accepted, {place}: {problem!r}")
        return
    if valid.kind is Kind.XML and place not in HARMLESS and same:
        place = "xml: spelling"
    tally.accepted[place] += 1
    if place not in HARMLESS:
        tally.defects.append(f"{_told(mutant)}: accepted, in {place}")
    elif not same:
        tally.defects.append(f"{_told(mutant)}: accepted, {place}, but it shows something else")


def _is_drawn(valid: Valid, mutant: Mutant, tally: Tally) -> bool:
    """Whether to have it rendered: always behind the signatures, else one of many.

    What lies inside /Contents is drawn by nobody; a sample shows that this is so.
    """
    if valid.kind is not Kind.PDF or tally.accepted.total() % ONE_OF == 0:
        return True
    covered = max(second + rest for _, second, rest, _ in signatures_of(valid.data))
    return mutant.position >= covered


def same_octets(valid: Valid, mutant: Mutant) -> bool:
    """Whether two messages in PEM armour are the same behind it."""
    try:
        return binary(mutant.data) == binary(valid.data)
    except (ValueError, IndexError):
        return False


def _told(mutant: Mutant) -> str:
    return f"{mutant.change} at {mutant.position}"


def with_content(inputs: Inputs, content: bytes) -> Inputs:
    """The inputs for a detached signature."""
    return replace(inputs, content=content)
