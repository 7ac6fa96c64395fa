"""How the story is told: Thai first, English below, what it took at the end of the line.

Colour only where somebody reads it on a terminal. Never tells by itself: the steps say what they
have checked.
"""

import json
import os
import sys
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import TextIO

LINE = 92
"""Columns up to the end of the milliseconds."""
MARGIN = 2
Fact = str | tuple[str, str]
NO_EVIDENCE: Mapping[str, Sequence[str]] = MappingProxyType({})


class Language(StrEnum):
    """What the story is told in."""

    BOTH = "both"
    THAI = "th"
    ENGLISH = "en"


def columns(text: str) -> int:
    """Columns of a terminal that the text takes: Thai vowels above and below take none."""
    return sum(unicodedata.category(one) not in {"Mn", "Me", "Cf"} for one in text)


def _rows(names: Sequence[str], width: int) -> Sequence[str]:
    """Names side by side, as many as fit into a line."""
    rows: list[str] = []
    for name in names:
        if rows and len(rows[-1]) + 2 + len(name) <= width:
            rows[-1] += f"  {name}"
        else:
            rows.append(name)
    return rows


class Teller:
    """Tells steps and what happened in them, and how long each took."""

    def __init__(
        self,
        *,
        language: Language = Language.BOTH,
        out: TextIO | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._out = out or sys.stdout
        self._language = language
        self._monotonic = monotonic
        self._colour = self._out.isatty() and "NO_COLOR" not in os.environ
        self._since = self._began = monotonic()
        self.step = 0
        """The step that is being told; a failure belongs to it."""

    def title(self, thai: str, english: str) -> None:
        """Begin the story."""
        self._line(self._bold(self._chosen(thai, english, " · ")))

    def begin_step(self, number: int, thai: str, english: str) -> None:
        """Begin a step; times count from here."""
        self.step = number
        self._line()
        heads = {
            Language.THAI: f"ขั้นที่ {number}  {thai}",
            Language.ENGLISH: f"Step {number}  {english}",
            Language.BOTH: f"ขั้นที่ {number}  {thai}  ·  Step {number}: {english}",
        }
        self._line(self._bold(heads[self._language]))
        self._since = self._monotonic()

    def tell(
        self,
        thai: str,
        english: str,
        *,
        facts: Sequence[Fact] = (),
        evidence: Mapping[str, Sequence[str]] = NO_EVIDENCE,
    ) -> None:
        """Say what happened since the last line, and that it took the time between.

        `facts` are details, in one language or as (Thai, English); `evidence` are files by folder.
        """
        now = self._monotonic()
        took, self._since = now - self._since, now
        lines = self._spoken(thai, english)
        first, end = lines[0], f"{round(took * 1000):>6,} ms"
        gap = max(LINE - MARGIN - 2 - columns(first) - len(end), 1)
        self._line(f"{' ' * MARGIN}{self._green('✓')} {first}{' ' * gap}{self._dim(end)}")
        for fact in facts:
            lines += [fact] if isinstance(fact, str) else self._spoken(*fact)
        for line in lines[1:]:
            self._line(f"{' ' * MARGIN}  {self._dim(line)}")
        for folder, names in evidence.items():
            what = self._dim(self._chosen("หลักฐาน", "evidence", " "))
            self._line(f"{' ' * MARGIN}  {what} {folder}/")
            for row in _rows(names, LINE - MARGIN - 6):
                self._line(f"{' ' * MARGIN}      {row}")

    def waiting(self, thai: str, english: str) -> None:
        """Say what is being waited for; it is told when it has come."""
        self._line(f"{' ' * MARGIN}{self._dim('… ' + self._chosen(thai, english, ' · '))}")

    def say(self, thai: str, english: str) -> None:
        """Say something that is not part of a step."""
        for line in self._spoken(thai, english):
            self._line(line)

    def show(self, *lines: str) -> None:
        """Print lines as they are: addresses, commands."""
        for line in lines:
            self._line(f"{' ' * MARGIN}{line}")

    def gap(self) -> None:
        """Leave a line empty."""
        self._line()

    @property
    def seconds(self) -> float:
        """How long the story has lasted."""
        return self._monotonic() - self._began

    def _spoken(self, thai: str, english: str) -> list[str]:
        match self._language:
            case Language.THAI:
                return [thai]
            case Language.ENGLISH:
                return [english]
            case Language.BOTH:
                return [thai, english]

    def _chosen(self, thai: str, english: str, between: str) -> str:
        return between.join(self._spoken(thai, english))

    def _line(self, text: str = "") -> None:
        print(text.rstrip(), file=self._out, flush=True)

    def _bold(self, text: str) -> str:
        return self._painted("1", text)

    def _dim(self, text: str) -> str:
        return self._painted("2", text)

    def _green(self, text: str) -> str:
        return self._painted("32", text)

    def _painted(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text


class JsonTeller(Teller):
    """Tells the same for programs: one JSON object a line, both languages in each."""

    def _emit(self, kind: str, **facts: object) -> None:
        plain = {"kind": kind, "step": self.step} | facts
        self._line(json.dumps(plain, ensure_ascii=False))

    def title(self, thai: str, english: str) -> None:
        """Begin the story."""
        self._emit("title", th=thai, en=english)

    def begin_step(self, number: int, thai: str, english: str) -> None:
        """Begin a step; times count from here."""
        self.step = number
        self._emit("step", th=thai, en=english)
        self._since = self._monotonic()

    def tell(
        self,
        thai: str,
        english: str,
        *,
        facts: Sequence[Fact] = (),
        evidence: Mapping[str, Sequence[str]] = NO_EVIDENCE,
    ) -> None:
        """Say what happened since the last line, and that it took the time between."""
        now = self._monotonic()
        took, self._since = now - self._since, now
        self._emit(
            "told",
            th=thai,
            en=english,
            milliseconds=round(took * 1000),
            facts=[fact if isinstance(fact, str) else list(fact) for fact in facts],
            evidence={folder: list(names) for folder, names in evidence.items()},
        )

    def waiting(self, thai: str, english: str) -> None:
        """Say what is being waited for."""
        self._emit("waiting", th=thai, en=english)

    def say(self, thai: str, english: str) -> None:
        """Say something that is not part of a step."""
        self._emit("said", th=thai, en=english)

    def show(self, *lines: str) -> None:
        """Addresses and commands, as they are."""
        self._emit("shown", lines=list(lines))

    def gap(self) -> None:
        """Nothing: programs need no empty lines."""
