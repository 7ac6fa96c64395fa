"""Before the judge's program serves, it must judge a known letter right, and a changed one too.

A judge that accepts a changed letter must not start; one that refuses a good one is of no use
either. By the way this warms every table that the libraries fill at first use, which each child
would else fill again, and imports what they import late. The letter is made by
`tests/pki/sample.py`; its keys are gone.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from signing.judge.reasons import Code
from signing.trust import TrustFolder, load_trust

SAMPLE = Path(__file__).parent / "sample"
JUDGED_AT = datetime(2026, 11, 22, tzinfo=UTC)
_DRAWN = b"(TDH) Tj"

Judge = Callable[[TrustFolder, bytes, datetime], str]
"""Gives the code of the answer."""


class SelfTestFailed(Exception):
    """The judge on this machine does not judge as it should."""


def run(judge: Judge) -> None:
    """Judge the sample and a changed copy. Raises SelfTestFailed."""
    trust = load_trust([SAMPLE / "trust"])
    letter = (SAMPLE / "letter.pdf").read_bytes()
    changed = letter.replace(_DRAWN, _DRAWN.swapcase(), 1)
    for document, expected in (
        (letter, Code.SIGNATURE_VALID),
        (changed, Code.CHANGED_AFTER_SIGNING),
    ):
        found = judge(trust, document, JUDGED_AT)
        if found != expected:
            raise SelfTestFailed(f"{found} instead of {expected}")
