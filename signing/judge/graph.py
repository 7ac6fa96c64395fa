"""Walks the objects of a PDF from one to the next: each once, no matter how they are knotted.

The walk is bounded and uses no recursion, so that loops and depth are harmless. It knows nothing of
what the objects mean; its callers say where a dictionary leads and what a reference leads to.
"""

from collections.abc import Callable, Iterable, Iterator

from pyhanko.pdf_utils import generic

from signing.judge.codes import Code, Refused
from signing.judge.pdf_reading import target

Leads = Callable[[generic.DictionaryObject], Iterable[generic.PdfObject]]
Resolve = Callable[[generic.IndirectObject], generic.PdfObject]


def everywhere(node: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
    """Lead to every value of a dictionary, as it is written."""
    return (node.raw_get(key) for key in node)


def dictionaries(
    start: Iterable[generic.PdfObject],
    *,
    limit: int,
    leads: Leads = everywhere,
    resolve: Resolve = target,
) -> Iterator[generic.DictionaryObject]:
    """Give each dictionary (streams too) that can be reached from `start`, once.

    Raises:
        Refused: there are more than `limit` of them, or one cannot be read.

    """
    waiting = list(start)
    seen: set[tuple[int, int]] = set()
    count = 0
    while waiting:
        item: generic.PdfObject = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            place = (item.idnum, item.generation)
            if place in seen:
                continue
            seen.add(place)
            item = resolve(item)
        if isinstance(item, generic.ArrayObject):
            waiting.extend(list.__iter__(item))
        elif isinstance(item, generic.DictionaryObject):
            count += 1
            if count > limit:
                raise Refused(Code.STRUCTURE_DAMAGED, "too many parts")
            yield item
            waiting.extend(leads(item))
