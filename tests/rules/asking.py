"""Asks the judges about a document as the rules need it: one answer, as its code."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from signing.judge.careful import judge
from signing.judge.chain import Material, material_of
from signing.judge.codes import Code
from signing.judge.judgement import Inputs
from signing.judge.policy import Policy
from signing.trust import load_trust
from tests.pki.make import JUDGED_AT, shared_pki

Make = Callable[[], bytes]


@cache
def trusted(folder: Path | None = None) -> Material:
    """What the shared authorities' trust folder holds, or another."""
    return material_of(load_trust([folder or shared_pki().trust_folder]))


def careful(
    make: Make,
    *,
    content: bytes | None = None,
    policy: Policy | None = None,
    material: Callable[[], Material] = trusted,
    at: datetime = JUDGED_AT,
) -> Callable[[], str]:
    """The careful judge's answer; the document is made once."""
    made = cache(make)

    def ask() -> str:
        inputs = Inputs(
            material=material(),
            trust_version="",
            policy=policy or Policy(),
            at=at,
            content=content,
        )
        return asyncio.run(judge(made(), inputs)).verdict.reason.code

    return ask


def codes(found: Iterable[Code]) -> frozenset[str]:
    return frozenset(code.value for code in found)
