"""The parts of a long-term update, each with what it may be: store, timestamp field, metadata.

Used by `long_term`. Each function refuses, or gives the objects that it explains.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver
from pyhanko.pdf_utils.rw_common import PdfHandler

from signing.judge.codes import Code, Refused
from signing.judge.pdf_reading import target

Key = tuple[int, int]
"""Object and generation number."""
Refs = set[Key]

_STORE = {"/Certs", "/CRLs", "/OCSPs"}
_RELATED = {"/Cert", "/CRL", "/OCSP"}
_DEVELOPERS = frozenset({"/ESIC", "/ADBE", "/ISO_"})
"""Extension levels that signing programs declare (EN 319 142-1, 5.6; ISO/TS 32001, 32002)."""
_LEVEL_ENTRIES = frozenset(
    {"/Type", "/BaseVersion", "/ExtensionLevel", "/URL", "/ExtensionRevision"}
)
_VERSION = re.compile(r"/\d\.\d")
_RECORD = ("/ModDate", "/Producer")
_DATE = re.compile(r"D:\d{4,14}([+\-Z]\d{0,2}'?\d{0,2}'?)?")
_MAX_PRODUCER = 256
_FIELD = frozenset(
    {"/Type", "/Subtype", "/FT", "/Ff", "/F", "/T", "/V", "/P", "/Rect", "/AP", "/MK", "/DR", "/TU"}
)
_TIMESTAMP = frozenset(
    {"/Type", "/Filter", "/SubFilter", "/Contents", "/ByteRange", "/M", "/V", "/Prop_Build"}
)
_METADATA = frozenset({"/Type", "/Subtype", "/Length", "/Filter", "/DecodeParms"})
_XMP_RECORD = re.compile(
    rb"""<(?P<tag>xmp:ModifyDate|xmp:MetadataDate|pdf:Producer|xmpMM:InstanceID)>[^<]{0,256}</(?P=tag)>"""
    rb"""|\b(?:xmp:ModifyDate|xmp:MetadataDate|pdf:Producer|xmpMM:InstanceID)=(?:"[^"<]{0,256}"|'[^'<]{0,256}')"""
)


def _no(seen: str) -> Refused:
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
            raise _no("no dictionary")
        for key in {*old, *new} - but:
            if key not in old or key not in new:
                raise _no(f"{key} came or went")
            if not self.same(old.raw_get(key), new.raw_get(key)):
                raise _no(f"{key} changed")

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
    before, after = _references(old), _references(new)
    if [key_of(item) for item in after[: len(before)]] != [key_of(item) for item in before]:
        raise _no("a list lost an item or its order")
    return after[len(before) :]


def _references(value: generic.PdfObject | None) -> list[generic.IndirectObject]:
    if value is None or isinstance(value, generic.NullObject):
        return []
    if not isinstance(value, generic.ArrayObject):
        raise _no("no list")
    items = list(list.__iter__(value))
    if not all(isinstance(item, generic.IndirectObject) for item in items):
        raise _no("a list with direct values")
    return items


def check_flags(old: generic.DictionaryObject, new: generic.DictionaryObject) -> None:
    """ISO 32000-2, table 225: /SigFlags may get more of its two flags, and loses none."""
    before, after = old.get("/SigFlags", 0), new.get("/SigFlags", 0)
    if after != before and (after not in (1, 3) or before not in (0, 1)):
        raise _no("/SigFlags")


def check_version(old: generic.DictionaryObject, new: generic.DictionaryObject) -> None:
    """ISO 32000-2, 7.7.2: the version that a catalog claims may only grow."""
    before, after = str(old.get("/Version", "")), str(new.get("/Version", ""))
    if before != after and (not _VERSION.fullmatch(after) or after < before):
        raise _no("/Version")


def check_extensions(
    views: Views, old: generic.DictionaryObject, new: generic.DictionaryObject
) -> Iterator[Key]:
    """ISO 32000-2, 7.12: levels of known developers may be declared; plain values only."""
    if "/Extensions" not in new:
        return
    raw, before = new.raw_get("/Extensions"), old.get("/Extensions", _nothing())
    if isinstance(raw, generic.IndirectObject):
        yield key_of(raw)
    after = target(raw)
    views.check_same_but(before, after, _DEVELOPERS | {"/Type"})
    for developer in _DEVELOPERS & set(after):
        levels = after.raw_get(developer)
        for level in levels if isinstance(levels, generic.ArrayObject) else [levels]:
            if not isinstance(level, generic.DictionaryObject) or not set(level) <= _LEVEL_ENTRIES:
                raise _no("an extension level")
            _check_plain(level)


def _nothing() -> generic.DictionaryObject:
    return generic.DictionaryObject()  # type: ignore[no-untyped-call]  # pyHanko is typed in part


def _check_plain(node: generic.DictionaryObject, but: frozenset[str] = frozenset()) -> None:
    """Values that lead nowhere and hold nothing: no reference, list, dictionary."""
    held = (generic.IndirectObject, generic.ArrayObject, generic.DictionaryObject)
    for key in node:
        if key not in but and isinstance(node.raw_get(key), held):
            raise _no(f"{key} is no plain value")


def store_objects(root: generic.DictionaryObject) -> Iterator[Key]:
    """EN 319 142-1, 5.4.2: the security store holds streams in lists, by signature too."""
    if "/DSS" not in root:
        return
    store = yield from _opened(root, "/DSS")
    _check_entries(store, _STORE | {"/Type", "/VRI"})
    yield from _lists(store, _STORE)
    if "/VRI" not in store:
        return
    by_signature = yield from _opened(store, "/VRI")
    for name in by_signature:
        if name == "/Type":
            continue
        related = yield from _opened(by_signature, name)
        _check_entries(related, _RELATED | {"/Type", "/TU", "/TS"})
        yield from _lists(related, _RELATED)
        if "/TS" in related:
            yield from _stream(related.raw_get("/TS"))


def _check_entries(node: Any, known: set[str]) -> None:
    if not isinstance(node, generic.DictionaryObject) or isinstance(node, generic.StreamObject):
        raise _no("no dictionary in the store")
    if not set(node) <= known:
        raise _no(f"unknown entries of the store: {set(node) - known}")


def _opened(
    node: generic.DictionaryObject, key: str
) -> Generator[Key, None, generic.DictionaryObject]:
    raw = node.raw_get(key)
    if isinstance(raw, generic.IndirectObject):
        yield key_of(raw)
    value = target(raw)
    if not isinstance(value, generic.DictionaryObject):
        raise _no(f"{key} is no dictionary")
    return value


def _lists(node: generic.DictionaryObject, keys: set[str]) -> Iterator[Key]:
    for key in keys & set(node):
        raw = node.raw_get(key)
        if isinstance(raw, generic.IndirectObject):
            yield key_of(raw)
        for item in _references(target(raw)):
            yield from _stream(item)


def _stream(item: generic.PdfObject) -> Iterator[Key]:
    """A certificate, list or answer: a stream, plain or deflated, with no other entries."""
    if not isinstance(item, generic.IndirectObject):
        raise _no("no stream in the store")
    yield key_of(item)
    value = target(item)
    if not isinstance(value, generic.StreamObject):
        raise _no("no stream in the store")
    if not set(value) <= {"/Length", "/Filter"} or value.get("/Filter") not in (
        None,
        "/FlateDecode",
        generic.ArrayObject([generic.pdf_name("/FlateDecode")]),
    ):
        raise _no("a stream of the store with other entries")
    if "/Length" in value and isinstance(value.raw_get("/Length"), generic.IndirectObject):
        yield key_of(value.raw_get("/Length"))


def check_timestamp_field(reference: generic.IndirectObject) -> Iterator[Key]:
    """EN 319 142-1, 5.4.3; ISO 32000-2, 12.8.5: an invisible field with a timestamp in it."""
    field = target(reference)
    if not isinstance(field, generic.DictionaryObject) or not set(field) <= _FIELD:
        raise _no("a field with other entries")
    kind = (field.get("/FT"), field.get("/Subtype", "/Widget"), field.get("/Type", "/Annot"))
    if kind != ("/Sig", "/Widget", "/Annot"):
        raise _no("no signature field")
    if "/P" in field and target(field["/P"]).get("/Type") != "/Page":
        raise _no("a field on no page")
    _check_plain(field, frozenset({"/V", "/P", "/Rect", "/AP", "/MK", "/DR"}))
    for key in ("/MK", "/DR"):
        if field.get(key):
            raise _no("a field that is drawn")
    _check_no_area(field)
    yield key_of(reference)
    yield from _timestamp(field)
    if "/AP" in field:
        yield from _empty_appearance(field)


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
        raise _no("a visible timestamp")


def _timestamp(field: generic.DictionaryObject) -> Iterator[Key]:
    raw = field.raw_get("/V")
    value = target(raw)
    if not isinstance(value, generic.DictionaryObject) or not set(value) <= _TIMESTAMP:
        raise _no("a timestamp with other entries")
    if value.get("/SubFilter") != "/ETSI.RFC3161":
        raise _no("no timestamp")
    _check_plain(value, frozenset({"/ByteRange", "/Prop_Build"}))
    if "/Prop_Build" in value:
        _check_direct(value.raw_get("/Prop_Build"))
    yield key_of(raw)


def _check_direct(value: generic.PdfObject) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, generic.IndirectObject):
            raise _no("a reference where none is needed")
        if isinstance(item, generic.ArrayObject):
            waiting.extend(list.__iter__(item))
        elif isinstance(item, generic.DictionaryObject):
            waiting.extend(item.raw_get(key) for key in item)


def _empty_appearance(field: generic.DictionaryObject) -> Iterator[Key]:
    """A picture that draws nothing, as some programs give an invisible field (12.5.5)."""
    pictures = yield from _opened(field, "/AP")
    if set(pictures) != {"/N"}:
        raise _no("more than one appearance")
    raw = pictures.raw_get("/N")
    picture = target(raw)
    if not isinstance(picture, generic.StreamObject) or picture.data.strip():
        raise _no("an appearance that draws")
    yield key_of(raw)
    for key in picture:
        _check_direct(picture.raw_get(key))


def check_information(
    views: Views, old: generic.DictionaryObject, new: generic.DictionaryObject
) -> Iterator[Key]:
    """ISO 32000-2, 14.3.3: of /Info only the record of the last writing may change.

    A reader shows the title in its window, and author and subject on request.
    """
    before, after = _entry(views.old, old, "/Info"), _entry(views.new, new, "/Info")
    if after is None and before is None:
        return
    if after is None:
        raise Refused(Code.METADATA_CHANGED, "/Info went")
    _check_record(views, _nothing() if before is None else before, after)
    raw = new.raw_get("/Info")
    if isinstance(raw, generic.IndirectObject):
        yield key_of(raw)


def _entry(
    view: HistoricalResolver, trailer: generic.DictionaryObject, key: str
) -> generic.PdfObject | None:
    """What an entry of a trailer leads to in a revision; by itself it would lead to the last."""
    if key not in trailer:
        return None
    raw: generic.PdfObject = trailer.raw_get(key)
    if isinstance(raw, generic.IndirectObject):
        raw = view.get_object(generic.Reference(raw.idnum, raw.generation, view))
    return None if isinstance(raw, generic.NullObject) else raw


def _check_record(views: Views, before: Any, after: Any) -> None:
    try:
        views.check_same_but(before, after, frozenset(_RECORD))
    except Refused as refusal:
        raise Refused(Code.METADATA_CHANGED, str(refusal)) from refusal
    date, producer = (after.raw_get(key) if key in after else None for key in _RECORD)
    texts = (type(None), generic.TextStringObject, generic.ByteStringObject)
    if not isinstance(date, texts) or not isinstance(producer, texts):
        raise Refused(Code.METADATA_CHANGED, "no text")
    if date is not None and not _DATE.fullmatch(str(date)):
        raise Refused(Code.METADATA_CHANGED, "/ModDate")
    if producer is not None and len(producer) > _MAX_PRODUCER:
        raise Refused(Code.METADATA_CHANGED, "/Producer")


def check_metadata(
    views: Views, old: generic.DictionaryObject, new: generic.DictionaryObject
) -> Iterator[Key]:
    """ISO 32000-2, 14.3.2: of the XMP stream only the record of the last writing may change."""
    if "/Metadata" not in old and "/Metadata" not in new:
        return
    if "/Metadata" not in old or "/Metadata" not in new:
        raise Refused(Code.METADATA_CHANGED, "/Metadata came or went")
    raw = new.raw_get("/Metadata")
    before = _plain_stream(views.old, old.raw_get("/Metadata"))
    after = _plain_stream(views.new, raw)
    if _without_record(before) != _without_record(after):
        raise Refused(Code.METADATA_CHANGED, "/Metadata")
    yield key_of(raw)


def _plain_stream(view: HistoricalResolver, item: generic.PdfObject) -> bytes:
    """The content of a metadata stream in a revision, which has no entries but its own."""
    if not isinstance(item, generic.IndirectObject):
        raise Refused(Code.METADATA_CHANGED, "/Metadata is no stream")
    reference = generic.Reference(item.idnum, item.generation, view.reader)
    value = view.reader.get_object(reference, view.revision)  # type: ignore[no-untyped-call]  # pyHanko is typed in part
    if not isinstance(value, generic.StreamObject) or not set(value) <= _METADATA:
        raise Refused(Code.METADATA_CHANGED, "/Metadata is no plain stream")
    return value.data


def _without_record(packet: bytes) -> bytes:
    return _XMP_RECORD.sub(b"", packet)
