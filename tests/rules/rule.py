"""What a rule is, and how it is taken away to show that it is needed.

A rule is a function, a method or a constant of the product. To take it away something harmless
stands in its place, wherever a module holds it: mostly a function that does nothing (`nothing`),
or one that lets everything through. Then its document, an attack that this very rule is there for,
is shown to the judge again, and the answer must be the one that the rule states: best of all
ACCEPTED, which means that nothing else stands between the attack and acceptance. Where another
rule refuses too, the list says so with that rule's code. The product is never changed on disk.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

ACCEPTED = "signature-valid"
"""The judge's answer to a good document."""
PROVEN = "timestamp-valid"
"""Its answer to a timestamp that is a document of its own."""
TAKEN_IN = "taken in"
"""What intake says of a letter that it does not refuse."""
LEFT_ALONE = "left to the careful judge"
"""What the fast lane says of everything that it does not accept."""
_PRODUCT = ("signing.", "tdh.")


def nothing(*_: object, **__: object) -> None:
    """Stand in for a rule that refuses, or that answers with a problem."""


def always(value: object) -> Callable[..., Any]:
    """Stand in for a rule that answers a question."""

    def answer(*_: object, **__: object) -> object:
        return value

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, the document that it is there for, and what happens without it."""

    about: str
    """One sentence."""
    source: str
    """The standard and its clause, or `rule` and the clause of the acceptance rule."""
    function: str
    """Dotted path."""
    vector: str
    """What the document is called where it is made."""
    ask: Callable[[], str]
    """Judge the document; gives the answer."""
    answers: frozenset[str]
    """With the rule; any of them is right."""
    without: str
    """The answer where the rule is taken away."""
    instead: Any = nothing

    @property
    def stands_alone(self) -> bool:
        """Whether the document is accepted without it."""
        return self.without in {ACCEPTED, PROVEN, TAKEN_IN}


def take_away(rule: Rule, patch: pytest.MonkeyPatch) -> None:
    """Put `instead` in the rule's place until the patch is undone."""
    holder, name = _place(rule.function)
    found = getattr(holder, name)
    patch.setattr(holder, name, rule.instead)
    if not isinstance(holder, ModuleType) or isinstance(found, int | str | bytes):
        return
    for key, module in list(sys.modules.items()):
        if key.startswith(_PRODUCT) and getattr(module, name, None) is found:
            patch.setattr(module, name, rule.instead)


def _place(path: str) -> tuple[Any, str]:
    """Module or class, and the name in it."""
    *owners, name = path.split(".")
    for end in range(len(owners), 0, -1):
        try:
            holder: Any = importlib.import_module(".".join(owners[:end]))
        except ModuleNotFoundError:
            continue
        for owner in owners[end:]:
            holder = getattr(holder, owner)
        return holder, name
    raise LookupError(path)
