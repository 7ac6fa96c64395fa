"""The signed revision beside a later one: which values are the same, which lists only grew.

Used by the other modules of `long_term`; refuses what they do not expect.
"""

from collections.abc import Generator
from dataclasses import dataclass

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.pdf_utils.rw_common import PdfHandler

from signing.judge.codes import Code, Refused
from signing.judge.pdf_reading import target

Key = tuple[int, int]
"""Object and generation number."""
Refs = set[Key]


def refusal(seen: str) -> Refused:
    return Refused(Code.REVISION_AFTER_SIGNING, seen)


def key_of(item: generic.IndirectObject | generic.Reference) -> Key:
    return item.idnum, item.generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Views:
    """The signed revision and a later one."""

    old: HistoricalResolver
    new: HistoricalResolver

    def check_same_but(
        self, old: generic.PdfObject | None, new: generic.PdfObject | None, but: frozenset[str]
    ) -> None:
        """Refuse where two dictionaries differ in an entry that is not named."""
        if not (
            isinstance(old, generic.DictionaryObject) and isinstance(new, generic.DictionaryObject)
        ):
            raise refusal("no dictionary")
        for key in {*old, *new} - but:
            if key not in old or key not in new:
                raise refusal(f"{key} came or went")
            if not self.same(old.raw_get(key), new.raw_get(key)):
                raise refusal(f"{key} changed")

    def same(self, old: generic.PdfObject, new: generic.PdfObject) -> bool:
        """Whether two values are written alike; what a reference leads to is judged elsewhere.

        Two references that lead nowhere, each in its own revision, both mean null (7.3.10).
        """
        if isinstance(old, generic.IndirectObject) and isinstance(new, generic.IndirectObject):
            nothing = _is_null(self.old, old) and _is_null(self.new, new)
            return key_of(old) == key_of(new) or nothing
        if type(old) is not type(new):
            return False
        if isinstance(old, generic.ArrayObject) and isinstance(new, generic.ArrayObject):
            before, after = list(list.__iter__(old)), list(list.__iter__(new))
            return len(before) == len(after) and all(map(self.same, before, after))
        if isinstance(old, generic.StreamObject) and isinstance(new, generic.StreamObject):
            return old.encoded_data == new.encoded_data and self._same_entries(old, new)
        if isinstance(old, generic.DictionaryObject) and isinstance(new, generic.DictionaryObject):
            return self._same_entries(old, new)
        return bool(old == new)

    def _same_entries(self, old: generic.DictionaryObject, new: generic.DictionaryObject) -> bool:
        return old.keys() == new.keys() and all(
            self.same(old.raw_get(key), new.raw_get(key)) for key in old
        )


def _is_null(view: PdfHandler, item: generic.IndirectObject) -> bool:
    value = view.get_object(generic.Reference(item.idnum, item.generation, view))
    return isinstance(value, generic.NullObject)


def appended(
    old: generic.PdfObject | None, new: generic.PdfObject | None
) -> list[generic.IndirectObject]:
    """What a list of references has more than before, at its end."""
    before, after = references(old), references(new)
    if [key_of(item) for item in after[: len(before)]] != [key_of(item) for item in before]:
        raise refusal("a list lost an item or its order")
    return after[len(before) :]


def references(value: generic.PdfObject | None) -> list[generic.IndirectObject]:
    if value is None or isinstance(value, generic.NullObject):
        return []
    if not isinstance(value, generic.ArrayObject):
        raise refusal("no list")
    items = list(list.__iter__(value))
    if not all(isinstance(item, generic.IndirectObject) for item in items):
        raise refusal("a list with direct values")
    return items


def nothing() -> generic.DictionaryObject:
    return generic.DictionaryObject()  # type: ignore[no-untyped-call]  # pyHanko is typed in part


def opened(
    node: generic.DictionaryObject, key: str
) -> Generator[Key, None, generic.DictionaryObject]:
    raw = node.raw_get(key)
    if isinstance(raw, generic.IndirectObject):
        yield key_of(raw)
    value = target(raw)
    if not isinstance(value, generic.DictionaryObject):
        raise refusal(f"{key} is no dictionary")
    return value


def check_plain(node: generic.DictionaryObject, but: frozenset[str] = frozenset()) -> None:
    """Values that lead nowhere and hold nothing: no reference, list, dictionary."""
    held = (generic.IndirectObject, generic.ArrayObject, generic.DictionaryObject)
    for key in node:
        if key not in but and isinstance(node.raw_get(key), held):
            raise refusal(f"{key} is no plain value")


def check_direct(value: generic.PdfObject) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            raise refusal("a reference where none is needed")
        if isinstance(item, generic.ArrayObject):
            waiting.extend(list.__iter__(item))
        elif isinstance(item, generic.DictionaryObject):
            waiting.extend(item.raw_get(key) for key in item)
