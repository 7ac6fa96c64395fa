"""What a later revision may say of the file: versions, and when and by what it was written.

ISO 32000-2, 7.7.2, 7.12, 14.3. The title and other particulars that a reader shows must stay.
"""

import re
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver

from signing.judge.codes import Code, Refused
from signing.judge.long_term.views import Key, Views, check_plain, key_of, nothing, refusal
from signing.judge.pdf_reading import target

_DEVELOPERS = frozenset({"/ESIC", "/ADBE", "/ISO_"})
"""Extension levels that signing programs declare (EN 319 142-1, 5.6; ISO/TS 32001, 32002)."""
_LEVEL_ENTRIES = frozenset(
    {"/Type", "/BaseVersion", "/ExtensionLevel", "/URL", "/ExtensionRevision"}
)
_VERSION = re.compile(r"/\d\.\d")
_RECORD = ("/ModDate", "/Producer")
_DATE = re.compile(r"D:\d{4,14}([+\-Z]\d{0,2}'?\d{0,2}'?)?")
_MAX_PRODUCER = 2048
"""One widespread library appends to it what modified the file, each time it does."""
_METADATA = frozenset({"/Type", "/Subtype", "/Length", "/Filter", "/DecodeParms"})
_XMP_RECORD = re.compile(
    rb"""<(?P<tag>xmp:ModifyDate|xmp:MetadataDate|pdf:Producer|xmpMM:InstanceID)>[^<]{0,2048}</(?P=tag)>"""
    rb"""|\b(?:xmp:ModifyDate|xmp:MetadataDate|pdf:Producer|xmpMM:InstanceID)=(?:"[^"<]{0,2048}"|'[^'<]{0,2048}')"""
)


def check_version(old: generic.DictionaryObject, new: generic.DictionaryObject) -> None:
    """ISO 32000-2, 7.7.2: the version that a catalog claims may only grow."""
    before, after = str(old.get("/Version", "")), str(new.get("/Version", ""))
    if before != after and (not _VERSION.fullmatch(after) or after < before):
        raise refusal("/Version")


def check_extensions(
    views: Views, old: generic.DictionaryObject, new: generic.DictionaryObject
) -> Iterator[Key]:
    """ISO 32000-2, 7.12: levels of known developers may be declared; plain values only."""
    if "/Extensions" not in new:
        return
    raw, before = new.raw_get("/Extensions"), old.get("/Extensions", nothing())
    if isinstance(raw, generic.IndirectObject):
        yield key_of(raw)
    after = target(raw)
    views.check_same_but(before, after, _DEVELOPERS | {"/Type"})
    for developer in _DEVELOPERS & set(after):
        levels = after.raw_get(developer)
        for level in levels if isinstance(levels, generic.ArrayObject) else [levels]:
            if not isinstance(level, generic.DictionaryObject) or not set(level) <= _LEVEL_ENTRIES:
                raise refusal("an extension level")
            check_plain(level)


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
    _check_record(views, nothing() if before is None else before, after)
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
    date, producer = (_changed(views, before, after, key) for key in _RECORD)
    texts = (type(None), generic.TextStringObject, generic.ByteStringObject)
    if not isinstance(date, texts) or not isinstance(producer, texts):
        raise Refused(Code.METADATA_CHANGED, "no text")
    if date is not None and not _DATE.fullmatch(str(date)):
        raise Refused(Code.METADATA_CHANGED, "/ModDate")
    if producer is not None and len(producer) > _MAX_PRODUCER:
        raise Refused(Code.METADATA_CHANGED, "/Producer")


def _changed(views: Views, before: Any, after: Any, key: str) -> generic.PdfObject | None:
    """An entry's new value; None where it is the old one, which may be an object of its own."""
    if key not in after:
        return None
    value: generic.PdfObject = after.raw_get(key)
    if key in before and views.same(before.raw_get(key), value):
        return None
    return value


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
    if (value.get("/Type"), value.get("/Subtype")) != ("/Metadata", "/XML"):
        raise Refused(Code.METADATA_CHANGED, "/Metadata is of another type")
    return value.data


def _without_record(packet: bytes) -> bytes:
    return _XMP_RECORD.sub(b"", packet)
