"""Objects that widespread libraries leave in an update although nothing leads to them.

Known by their form, each of which says nothing: a font without a name, the other half of an
invisible field, the cross-reference stream of a file that was then given a table. Whether anything
that is shown leads to one is asked elsewhere (`updates`); what has another form is no leftover.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic

from signing.judge.long_term.fields import check_invisible
from signing.judge.long_term.views import Key, check_direct, check_plain, refusal

_WIDGET = frozenset({"/Type", "/Subtype", "/F", "/H", "/Rect", "/AP"})
_TABLE = frozenset(
    {"/Type", "/Size", "/Index", "/W", "/Length", "/Filter", "/DecodeParms"}
    | {"/Root", "/Info", "/ID", "/Prev"}
)


def check_leftover(value: generic.PdfObject, trailer: generic.DictionaryObject) -> Iterator[Key]:
    """Explain the objects that a leftover has beside itself. Raises Refused for anything else.

    `trailer`: that of the update, to which the one of an unused table must be the same.
    """
    if isinstance(value, generic.StreamObject):
        _check_unused_table(value, trailer)
    elif not isinstance(value, generic.DictionaryObject):
        raise refusal("an object without a purpose")
    elif value.get("/Subtype") == "/Widget":
        if not set(value) <= _WIDGET or value.get("/Type", "/Annot") != "/Annot":
            raise refusal("an unused annotation with other entries")
        check_plain(value, frozenset({"/Rect", "/AP"}))
        yield from check_invisible(value)
    elif {key: value.raw_get(key) for key in value} != {"/Type": "/Font"}:
        raise refusal("an object without a purpose")


def _check_unused_table(value: generic.StreamObject, trailer: generic.DictionaryObject) -> None:
    """A reader that looks for a table by itself finds the same document in it."""
    if value.get("/Type") != "/XRef" or not set(value) <= _TABLE:
        raise refusal("a stream without a purpose")
    for key in ("/Root", "/Info"):
        same = key in value and key in trailer and value.raw_get(key) == trailer.raw_get(key)
        if not same and (key in value or key == "/Root"):
            raise refusal(f"an unused table with another {key}")
    for key in set(value) - {"/Root", "/Info"}:
        check_direct(value.raw_get(key))
