"""A child: judges one document under limits, writes one answer, ends.

Forked by `parent`, which is warm with imports and the parsed trust folder. It holds no key, no
settings, no socket, no network, and can open no file: what it may need was loaded before the fork
(`warm.py`). Whatever happens to it, the parent names.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing.judge import sandbox
from signing.judge.careful import judge
from signing.judge.chain import Material
from signing.judge.judgement import Inputs, Judgement
from signing.judge.policy import Limits, Policy
from signing.judge.reasons import note
from signing.judge.report import Note, Report, presentable
from signing.judge.wire import MAX_MESSAGE, Extra, Request, answer_to_bytes

EXIT_MEMORY = 77
"""The child ran into its memory limit and could still say so."""

RunToEnd = Callable[[Coroutine[Any, Any, Judgement]], Judgement]
"""pyHanko's functions are coroutines, although they wait for nothing here."""
NOTHING = Extra()
_MAX_SEEN = 1_000
"""Characters: what a library says of a hostile file may be as long as the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every child of one parent judges by."""

    material: Material
    trust_version: str
    policy: Policy
    limits: Limits


def run(
    bench: Bench, request: Request, descriptors: Sequence[int], answer: int, parent: int
) -> None:
    """Judge and exit; never returns. `descriptors` in the order of the request."""
    code = 1
    try:
        sandbox.close_all_but(*descriptors, answer)
        loop = asyncio.new_event_loop()  # opens descriptors, which nobody can once confined
        sandbox.confine(bench.limits, parent)
        data = _read(descriptors[0], request.size)
        extra = Extra.from_bytes(_read(descriptors[1], request.extra)) if request.extra else NOTHING
        content = None
        if request.content is not None:
            content = _read(descriptors[-1], request.content)
        report = judge_document(
            bench, data, request.at, extra, content, run_to_end=loop.run_until_complete
        )
        _write(answer, answer_to_bytes(report))
        code = 0
    except MemoryError:
        code = EXIT_MEMORY
    finally:
        os._exit(code)


def judge_document(  # noqa: PLR0913 - everything that a judgement depends on
    bench: Bench,
    data: bytes,
    at: datetime,
    extra: Extra = NOTHING,
    content: bytes | None = None,
    *,
    run_to_end: RunToEnd = asyncio.run,
) -> Report:
    """Judge in this process; what the children do, without the walls."""
    inputs = Inputs(
        material=bench.material.with_fetched(extra.revocation),
        trust_version=bench.trust_version,
        policy=bench.policy,
        at=at,
        content=content,
    )
    judgement = run_to_end(judge(data, inputs))
    return presentable(
        Report(
            verdict=judgement.verdict,
            notes=tuple(Note(field=item.field, reason=note(item.code)) for item in judgement.notes),
            seen=judgement.seen[:_MAX_SEEN],
            needs=judgement.needs,
            facts=judgement.facts,
        )
    )


def _read(document: int, size: int) -> bytes:
    """Read the whole document; `pread`, because the descriptor's position is shared."""
    data = os.pread(document, size, 0)  # one copy; the kernel gives all of a memory file at once
    if len(data) != size:
        raise EOFError
    return data


def _write(answer: int, content: bytes) -> None:
    if len(content) > MAX_MESSAGE // 2:
        raise ValueError("answer too long")
    while content:
        content = content[os.write(answer, content) :]
