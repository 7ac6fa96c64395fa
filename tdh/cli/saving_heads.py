"""Timestamps of heads beside proofs: `checkpoint-<size>.tsr`; outsiders' have `-<authority>` too.

A proof under an anchored head stays as it came. Those of one folder under heads that nobody vouches
for are taken once more, all in the newest head. Names from the service are used only where they
are names of files.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from signing.timestamp_messages import reply
from tdh.cli.client import Plain, Refused, Service
from tdh.cli.files import write_whole
from tdh.cli.waiting import is_early

HEAD_TIMESTAMP = "checkpoint.tsr"
HEAD_ATTEMPTS = 2
_AUTHORITY = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A proof that was saved."""

    path: Path
    href: str
    proof: bytes

    @property
    def size(self) -> str | None:
        """Of its head, as the note after the empty line says; None for what is no proof."""
        _, _, note = self.proof.partition(b"\n\n")
        lines = note.split(b"\n")
        size = lines[1].decode("ascii", "replace") if len(lines) > 1 else ""
        return size if _SIZE.fullmatch(size) else None


async def save_timestamps(service: Service, proven: Sequence[Proven]) -> list[Path]:
    """Timestamps of the heads that the proofs are under, in the proofs' folders."""
    anchors = {size: await _anchors(service, size) for size in _sizes(proven)}
    loose = [one for one in proven if not _is_anchored(anchors.get(one.size or ""))]
    settled = [one for one in proven if one not in loose]
    together = await _in_one_head(service, loose)
    for size in _sizes(together) - anchors.keys():
        anchors[size] = await _anchors(service, size)
    saved: list[Path] = []
    for folder in sorted({one.path.parent for one in proven}):
        sizes = _sizes([one for one in (*settled, *together) if one.path.parent == folder])
        for size in sorted(sizes, key=int):
            saved += _write(folder, size, anchors[size], alone=len(sizes) == 1)
    return saved


def _write(folder: Path, size: str, anchors: Plain | None, *, alone: bool) -> list[Path]:
    saved = []
    for name, token in _tokens(anchors).items():
        suffix = f"-{name}" if name else ""
        wrapped = reply(token)
        saved.append(write_whole(folder / f"checkpoint-{size}{suffix}.tsr", wrapped))
        if alone and not name:
            saved.append(write_whole(folder / HEAD_TIMESTAMP, wrapped))
    return saved


async def _in_one_head(service: Service, proven: Sequence[Proven]) -> list[Proven]:
    """The proofs once more, all in the newest head.

    A process of the service may remember its head for a second, so it is asked again once.
    """
    for attempt in range(HEAD_ATTEMPTS if proven else 0):
        try:
            await asyncio.sleep(attempt)
            head = await service.fetch("/log/checkpoint")
            size = head.split(b"\n")[1].decode()
            again = [
                replace(one, proof=await service.fetch(f"{one.href}?size={size}")) for one in proven
            ]
        except Refused as refused:
            if not is_early(refused):
                break  # no head yet; what is saved is whole without its timestamp
        else:
            for one in again:
                write_whole(one.path, one.proof)
            return again
    return []


async def _anchors(service: Service, size: str) -> Plain | None:
    try:
        return await service.get(f"/log/anchors/{size}")
    except Refused:
        return None


def _sizes(proven: Sequence[Proven]) -> set[str]:
    return {one.size for one in proven if one.size is not None}


def _is_anchored(anchors: Plain | None) -> bool:
    return bool(anchors and anchors.get("anchored_by"))


def _tokens(anchors: Plain | None) -> Mapping[str, bytes]:
    """Tokens by whose they are, our own under the empty name; what is no name is left out."""
    found: dict[str, bytes] = {}
    for one in (anchors or {}).get("tokens", ()):
        name = one.get("name") or ""
        try:
            token = base64.b64decode(one.get("token", ""), validate=True)
        except (binascii.Error, ValueError, TypeError):
            continue
        if token and (not name or _AUTHORITY.fullmatch(name)):
            found[name] = token
    return found
