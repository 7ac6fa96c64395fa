"""A document timestamp's field: invisible, with nothing in it but the timestamp.

EN 319 142-1, 5.4.3; ISO 32000-2, 12.8.5. Whether the timestamp proves a time is judged elsewhere.
"""

from collections.abc import Iterator

from pyhanko.pdf_utils import generic

from signing.judge.long_term.views import Key, check_direct, check_plain, key_of, opened, refusal
from signing.judge.pdf_reading import target

_FIELD = frozenset(
    {
        "/Type",
        "/Subtype",
        "/FT",
        "/Ff",
        "/F",
        "/H",
        "/T",
        "/V",
        "/P",
        "/Rect",
        "/AP",
        "/MK",
        "/DR",
        "/TU",
    }
)
_TIMESTAMP = frozenset(
    {"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange", "/M", "/V", "/Prop_Build"}
)


def check_flags(old: generic.DictionaryObject, new: generic.DictionaryObject) -> None:
    """ISO 32000-2, table 225: /SigFlags may get more of its two flags, and loses none."""
    before, after = old.get("/SigFlags", 0), new.get("/SigFlags", 0)
    if after != before and (after not in (1, 3) or before not in (0, 1)):
        raise refusal("/SigFlags")


def check_timestamp_field(reference: generic.IndirectObject) -> Iterator[Key]:
    """EN 319 142-1, 5.4.3; ISO 32000-2, 12.8.5: an invisible field with a timestamp in it."""
    field = target(reference)
    if not isinstance(field, generic.DictionaryObject) or not set(field) <= _FIELD:
        raise refusal("a field with other entries")
    kind = (field.get("/FT"), field.get("/Subtype", "/Widget"), field.get("/Type", "/Annot"))
    if kind != ("/Sig", "/Widget", "/Annot"):
        raise refusal("no signature field")
    if "/P" in field and target(field["/P"]).get("/Type") != "/Page":
        raise refusal("a field on no page")
    check_plain(field, frozenset({"/V", "/P", "/Rect", "/AP", "/MK", "/DR"}))
    for key in ("/MK", "/DR"):
        if field.get(key):
            raise refusal("a field that is drawn")
    yield from check_invisible(field)
    yield key_of(reference)
    yield from _timestamp(field)


def check_invisible(widget: generic.DictionaryObject) -> Iterator[Key]:
    """An annotation without area and picture (12.5.5); explains the object of an empty picture."""
    _check_no_area(widget)
    if "/AP" in widget:
        yield from _empty_appearance(widget)


def pages_of(fields: list[generic.IndirectObject]) -> Iterator[generic.IndirectObject]:
    """The pages that new fields say that they stand on (/P, table 166)."""
    for reference in fields:
        field = target(reference)
        page = field.raw_get("/P") if "/P" in field else None
        if isinstance(page, generic.IndirectObject):
            yield page


def _check_no_area(field: generic.DictionaryObject) -> None:
    rectangle = [target(number) for number in field.get("/Rect", (0, 0, 0, 0))]
    if len(rectangle) != 4 or (  # noqa: PLR2004 - two corners
        rectangle[0] != rectangle[2] and rectangle[1] != rectangle[3]
    ):
        raise refusal("a visible timestamp")


def _timestamp(field: generic.DictionaryObject) -> Iterator[Key]:
    raw = field.raw_get("/V")
    value = target(raw)
    if not isinstance(value, generic.DictionaryObject) or not set(value) <= _TIMESTAMP:
        raise refusal("a timestamp with other entries")
    if value.get("/SubFilter") != "/ETSI.RFC3161":
        raise refusal("no timestamp")
    check_plain(value, frozenset({"/ByteRange", "/Prop_Build"}))
    if "/Prop_Build" in value:
        check_direct(value.raw_get("/Prop_Build"))
    yield key_of(raw)


def _empty_appearance(field: generic.DictionaryObject) -> Iterator[Key]:
    """A picture that draws nothing, as some programs give an invisible field (12.5.5)."""
    pictures = yield from opened(field, "/AP")
    if set(pictures) != {"/N"}:
        raise refusal("more than one appearance")
    raw = pictures.raw_get("/N")
    picture = target(raw)
    if not isinstance(picture, generic.StreamObject) or picture.data.strip():
        raise refusal("an appearance that draws")
    yield key_of(raw)
    for key in picture:
        check_direct(picture.raw_get(key))
