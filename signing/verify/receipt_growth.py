"""What a receipt's seal added to the page: the seal and data to check it by, and nothing to see.

A seal covers the whole of its revision (ISO 32000-2, 7.5.6), so who holds the key could replace the
page in that very revision, behind the bytes of the right page. Here the first revision is compared
with the sealed one; what follows the seal is the judge's matter (`signing.judge.long_term`). Never
looks at a signature.
"""

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader

from signing.errors import ProofError
from signing.judge.codes import Refused
from signing.judge.long_term.views import Key, Views, key_of
from signing.judge.pdf_reading import target

_REVISIONS = 3
"""Page, seal, timestamp."""
_OF_CATALOG = frozenset({"/AcroForm", "/DSS", "/Perms", "/Extensions", "/Version"})
_OF_PAGE = frozenset({"/Annots"})
_OF_FORM = frozenset({"/Fields", "/SigFlags"})
_OF_FIELD = frozenset({"/FT", "/T", "/Type", "/Subtype", "/F", "/Rect", "/P", "/V"})


class ReceiptGrowthError(ProofError):
    """A PDF whose seal came with something else."""

    code = "receipt-altered-by-its-seal"


def table_before_seal(reader: PdfFileReader) -> int:
    """Where the cross-reference of the page's own revision stands, as its end says.

    Raises ReceiptGrowthError if the revision of the seal has more than the seal: an invisible
    field, and data for validation that nothing shows.
    """
    if reader.total_revisions != _REVISIONS:
        raise ReceiptGrowthError("a receipt is a page, its seal and a timestamp")
    views = Views(old=reader.get_historical_resolver(0), new=reader.get_historical_resolver(1))
    try:
        _check_growth(reader, views)
    except Refused as refusal:
        raise ReceiptGrowthError(f"its seal came with something else: {refusal}") from refusal
    found: int = reader.xrefs.get_startxref_for_revision(0)
    return found


def _check_growth(reader: PdfFileReader, views: Views) -> None:
    old, new = views.old.root, views.new.root
    root, page = key_of(views.old.root_ref), _page_of(views.old)
    if key_of(views.new.root_ref) != root or _page_of(views.new) != page:
        raise ReceiptGrowthError("another page or catalog than before the seal")
    before = {each.idnum for each in reader.xrefs.explicit_refs_in_revision(0)}
    written = {key_of(each) for each in reader.xrefs.explicit_refs_in_revision(1)}
    if any(number <= max(before) for number, _ in written - {root, page}):
        raise ReceiptGrowthError("its seal came with other changes")
    if reader.xrefs.refs_freed_in_revision(1):
        raise ReceiptGrowthError("its seal took something away")
    if _OF_CATALOG & set(old) or _OF_PAGE & set(_object(views.old, page)):
        raise ReceiptGrowthError("a page with fields before its seal")
    views.check_same_but(old, new, _OF_CATALOG)
    views.check_same_but(_object(views.old, page), _object(views.new, page), _OF_PAGE)
    _check_field(new, _object(views.new, page))


def _page_of(view: HistoricalResolver) -> Key:
    kids = view.root["/Pages"]["/Kids"]
    if len(kids) != 1:
        raise ReceiptGrowthError("a receipt is one page")
    return key_of(kids.raw_get(0))


def _object(view: HistoricalResolver, key: Key) -> generic.DictionaryObject:
    found = view.get_object(generic.Reference(*key, view))
    if not isinstance(found, generic.DictionaryObject):
        raise ReceiptGrowthError("a page or field that is none")
    return found


def _check_field(catalog: generic.DictionaryObject, page: generic.DictionaryObject) -> None:
    """The form has one field, which is the page's one annotation, and shows nothing."""
    form = catalog["/AcroForm"]
    shown, fields = page["/Annots"], form["/Fields"]
    if not set(form) <= _OF_FORM or len(shown) != 1 or len(fields) != 1:
        raise ReceiptGrowthError("its seal came with other fields")
    if key_of(shown.raw_get(0)) != key_of(fields.raw_get(0)):
        raise ReceiptGrowthError("its seal came with an annotation")
    field = target(fields.raw_get(0))
    if not set(field) <= _OF_FIELD or [target(one) for one in field["/Rect"]] != [0, 0, 0, 0]:
        raise ReceiptGrowthError("its seal can be seen")
