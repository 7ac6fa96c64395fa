"""Judges the timestamps of a container: over its one file, or over a manifest that names files.

ETSI EN 319 162-1, 4.3.3.2 and 4.4.3.3 (time assertions), 5.4 (ASiCArchiveManifest). One that holds
proves that everything its manifest names existed at its time; a newer one may prove an older one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from signing.judge.asic_layout import Layout
from signing.judge.asic_manifest import Manifest, read_manifest
from signing.judge.cms_checks import worse
from signing.judge.cms_reader import read_message
from signing.judge.codes import Code, Refused
from signing.judge.judgement import Inputs, JudgedSignature, judged, rewritten
from signing.judge.timestamp_file import judge_token
from signing.judge.tokens import imprint_of
from tdh.domain.verdicts import SignatureKind

_SIMPLE = "META-INF/timestamp.tst"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One timestamp of the container, judged."""

    name: str
    covers: tuple[str, ...]
    judged: JudgedSignature

    @property
    def holds(self) -> bool:
        return self.judged.code is Code.TIMESTAMP_VALID

    @property
    def time(self) -> datetime:
        """The proven time. Raises ValueError where it does not hold."""
        time = self.judged.verdict.proven_time
        if time is None:
            raise ValueError("proves nothing")
        return time


@dataclass(frozen=True, slots=True, kw_only=True)
class _Over:
    """What a timestamp stands over."""

    content: bytes
    covers: tuple[str, ...]
    problem: Code | None = None


async def judge_stamps(
    layout: Layout, manifests: Sequence[Manifest], inputs: Inputs
) -> tuple[Stamp, ...]:
    """Judge all, first as if alone, then those that fail with what the others prove of them."""
    over = _over(layout, manifests)
    stamps = {name: await _judge(name, layout, over, inputs, None) for name in layout.tokens}
    for _ in stamps:
        changed = False
        for name, stamp in stamps.items():
            proofs = [other.time for other in stamps.values() if _proves(other, name)]
            if stamp.holds or not proofs:
                continue
            again = await _judge(name, layout, over, inputs, min(proofs))
            changed = changed or again.holds
            stamps[name] = again
        if not changed:
            break
    return tuple(stamps.values())


def _proves(stamp: Stamp, name: str) -> bool:
    return stamp.holds and stamp.name != name and name in stamp.covers


def _over(layout: Layout, manifests: Sequence[Manifest]) -> dict[str, _Over]:
    found: dict[str, _Over] = {}
    if layout.kind is SignatureKind.ASIC_S and _SIMPLE in layout.tokens:
        found[_SIMPLE] = _Over(content=layout.files[layout.data[0]], covers=layout.data)
    twice = set()
    for manifest in (*manifests, *_archive_manifests(layout)):
        if manifest.signature in found:
            twice.add(manifest.signature)
        found[manifest.signature] = _Over(
            content=manifest.content,
            covers=manifest.covers,
            problem=manifest.check(layout.files),
        )
    return {name: over for name, over in found.items() if name not in twice}


def _archive_manifests(layout: Layout) -> list[Manifest]:
    """One that cannot be read proves nothing."""
    found = []
    for name in layout.archive_manifests:
        try:
            found.append(read_manifest(name, layout.files[name]))
        except Refused:
            continue
    return found


async def _judge(
    name: str,
    layout: Layout,
    over: dict[str, _Over],
    inputs: Inputs,
    proven: datetime | None,
) -> Stamp:
    what = over.get(name)
    if what is None:
        return Stamp(name=name, covers=(), judged=judged(name, Code.CONTAINER_SIGNATURE_LOOSE))
    try:
        message = read_message(layout.files[name])
    except Refused:
        refused = judged(name, Code.TIMESTAMP_DAMAGED, covers=what.covers)
        return Stamp(name=name, covers=what.covers, judged=refused)
    one = await judge_token(
        message.signed_data,
        inputs,
        imprint_of(what.content),
        name=name,
        covers=what.covers,
        proven=proven,
    )
    if what.problem is not None:
        own = None if one.code is Code.TIMESTAMP_VALID else one.code
        one = rewritten(one, worse(own, what.problem) or what.problem, proven_time=None)
    return Stamp(name=name, covers=what.covers, judged=one)
