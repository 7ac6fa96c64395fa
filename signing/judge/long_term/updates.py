"""Clause 3: what may follow the last signature: validation data and document timestamps, no more.

EN 319 142-1, 5.4 and 5.5; ISO 32000-2, 12.8.4 and 12.8.5. Each later revision is compared with the
signed one. Every object that it lists must be

- part of the document security store (`/DSS`), or
- a document timestamp with its field, which is invisible, or
- one of the few that such an update must touch (catalog, form, field list, page, its annotations,
  `/Extensions`), changed in nothing but that, or
- the file's record of when and by which program it was last written (`/ModDate`, `/Producer`).

And nothing that a reader shows of the document may lead to any other new object: the signed
document is walked as it reads now. Timestamps need not verify for this: whether they prove a time
is judged elsewhere, what they touch is judged here. Nothing else of the document is read.
"""

from collections.abc import Iterator
from contextlib import suppress

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.xref import ObjStreamRef

from signing.judge.codes import Code, Refused
from signing.judge.graph import dictionaries
from signing.judge.long_term import fields as timestamp_fields
from signing.judge.long_term import leftovers, look, record, store
from signing.judge.long_term.views import Key, Refs, Views, appended, key_of
from signing.judge.pdf_reading import LIBRARY_TROUBLE, target

_PER_REVISION = frozenset({"/Root", "/Info", "/Size", "/Prev", "/ID"})
"""Entries of a trailer that say nothing of the document, or are compared for themselves.

/ID: its second half changes with every revision (14.4), and no reader shows it.
"""
_NOT_SHOWN = frozenset({"/DSS", "/Metadata"})
"""Entries of the catalog that may lead to new objects, which then nothing else may lead to."""
_OF_ITS_OWN = frozenset({"/DSS", "/Extensions", "/AcroForm", "/Version", "/Metadata"})


def check_updates(reader: PdfFileReader, signed: int, limit: int) -> None:
    """Clause 3 (EN 319 142-1, 5.4, 5.5): later revisions hold nothing but long-term data."""
    newest = reader.xrefs.total_revisions - 1
    explained: frozenset[Key] = frozenset()
    try:
        for revision in range(signed + 1, newest + 1):
            update = _Update(reader, signed, revision, explained)
            explained = update.check()
            if revision == newest:
                update.check_rest_is_untouched(limit)
    except LIBRARY_TROUBLE as problem:
        raise Refused(Code.REVISION_AFTER_SIGNING, str(problem)) from problem


class _Update:
    """The signed revision, a later one, and what of their difference is explained."""

    def __init__(
        self, reader: PdfFileReader, signed: int, revision: int, explained: frozenset[Key]
    ) -> None:
        """`explained`: what the updates before added, such as a store that this one replaces."""
        self._reader = reader
        self._old = reader.get_historical_resolver(signed)
        self._new = reader.get_historical_resolver(revision)
        self._views = Views(old=self._old, new=self._new)
        self._late: Refs = set()
        self._containers: Refs = set()
        listed: Refs = set()
        for number in range(signed + 1, revision + 1):
            listed = {key_of(item) for item in reader.xrefs.explicit_refs_in_revision(number)}
            self._late |= listed - set(_free_and_never_used(reader, number))
            self._containers -= listed  # the number of an unlisted table may be used anew
            self._containers |= set(_containers(reader, number))
        self._before = explained - listed
        """Not written anew since; nothing that is shown leads to it (`check_rest_is_untouched`)."""
        self._touched: Refs = set()
        """Old objects that were written anew: the same but for what is allowed."""
        self._added: Refs = set()

    def check(self) -> frozenset[Key]:
        """Give what is explained as added, by this update and those before."""
        self._check_trailer()
        self._check_catalog()
        self._take_identical()
        self._take_leftovers()
        rest = self._late - self._touched - self._added - self._containers - self._before
        if rest:
            raise Refused(Code.REVISION_AFTER_SIGNING, f"objects without a purpose: {sorted(rest)}")
        return self._before | self._added

    def _take_identical(self) -> None:
        """Some programs write an object anew just as it was."""
        for number, generation in sorted(self._late - self._touched - self._added):
            reference = generic.Reference(number, generation, self._old)
            if self._reader.xrefs.get_historical_ref(reference, self._old.revision) is None:
                continue
            old, new = self._old.get_object(reference), self._new.get_object(reference)
            if self._views.same(old, new):
                self._touched.add((number, generation))

    def _take_leftovers(self) -> None:
        """Some libraries write objects that nothing leads to, under numbers never used."""
        explained = self._touched | self._added | self._containers | self._before
        for number, generation in sorted(self._late - explained):
            reference = generic.Reference(number, generation, self._old)
            if self._reader.xrefs.get_historical_ref(reference, self._old.revision) is not None:
                continue
            value = self._new.get_object(generic.Reference(number, generation, self._new))
            if isinstance(value, generic.NullObject):
                continue
            with suppress(Refused):
                self._take(leftovers.check_leftover(value, self._new.trailer_view))
                self._added.add((number, generation))

    def _check_trailer(self) -> None:
        """ISO 32000-2, 7.5.5: the same catalog, the same document information."""
        old, new = self._old.trailer_view, self._new.trailer_view
        if old.raw_get("/Root") != new.raw_get("/Root"):
            raise Refused(Code.REVISION_AFTER_SIGNING, "another catalog")
        self._views.check_same_but(old, new, _PER_REVISION)
        self._take(record.check_information(self._views, old, new))

    def _check_catalog(self) -> None:
        """ISO 32000-2, 7.7.2: the catalog is the same but for what long-term data need."""
        old, new = self._old.root, self._new.root
        self._take_as_touched(key_of(self._old.root_ref))
        self._views.check_same_but(old, new, _OF_ITS_OWN)
        record.check_version(old, new)
        self._take(record.check_extensions(self._views, old, new))
        self._take(record.check_metadata(self._views, old, new))
        self._take(store.store_objects(new))
        fields = self._check_form(old, new)
        for reference in fields:
            self._take(timestamp_fields.check_timestamp_field(reference))
        self._check_pages([key_of(reference) for reference in fields], fields)

    def _check_form(
        self, old: generic.DictionaryObject, new: generic.DictionaryObject
    ) -> list[generic.IndirectObject]:
        """ISO 32000-2, 12.7.3: the form has more fields, and nothing else. Gives the new ones."""
        old_form, new_form = self._pair(old, new, "/AcroForm")
        dictionary = generic.DictionaryObject
        if not isinstance(old_form, dictionary) or not isinstance(new_form, dictionary):
            raise Refused(Code.REVISION_AFTER_SIGNING, "no form")
        came = look.new_look(old_form, new_form)
        self._views.check_same_but(old_form, new_form, came | {"/Fields", "/SigFlags"})
        self._take(look.check_look(new_form, came))
        timestamp_fields.check_flags(old_form, new_form)
        return appended(*self._pair(old_form, new_form, "/Fields"))

    def _check_pages(self, fields: list[Key], added: list[generic.IndirectObject]) -> None:
        """ISO 32000-2, 7.7.3.3: pages are the same but for the new fields in their /Annots."""
        named = {key_of(page) for page in timestamp_fields.pages_of(added)}
        for number, generation in sorted(named | (self._late - self._touched - self._added)):
            reference = generic.Reference(number, generation, self._old)
            old = self._old.get_object(reference)
            if not isinstance(old, generic.DictionaryObject) or old.get("/Type") != "/Page":
                continue
            new = self._new.get_object(reference)
            self._take_as_touched((number, generation))
            self._views.check_same_but(old, new, frozenset({"/Annots"}))
            more = appended(*self._pair(old, new, "/Annots"))
            if not {key_of(item) for item in more} <= set(fields):
                raise Refused(Code.REVISION_AFTER_SIGNING, "an annotation that is no timestamp's")

    def _pair(
        self, old: generic.DictionaryObject, new: generic.DictionaryObject, key: str
    ) -> tuple[generic.PdfObject | None, generic.PdfObject | None]:
        """Give both values of an entry; if it is an object of its own, it must stay that object."""
        before, after = (node.raw_get(key) if key in node else None for node in (old, new))
        if isinstance(after, generic.IndirectObject):
            if after != before and before is not None:
                raise Refused(Code.REVISION_AFTER_SIGNING, f"another object is {key}")
            if before is None:
                self._added.add(key_of(after))
            else:
                self._take_as_touched(key_of(after))
        elif isinstance(before, generic.IndirectObject):
            raise Refused(Code.REVISION_AFTER_SIGNING, f"{key} is another object")
        return (
            None if before is None else target(before),
            None if after is None else target(after),
        )

    def _take(self, keys: Iterator[Key]) -> None:
        self._added |= set(keys)

    def _take_as_touched(self, key: Key) -> None:
        if key in self._late:
            self._touched.add(key)

    def check_rest_is_untouched(self, limit: int) -> None:
        """Our rule: nothing that the signed document leads to has been written since.

        So it cannot be that a "certificate" is also the text that a page was waiting for.
        """
        new = self._new.trailer_view
        start = [new.raw_get(key) for key in new if key not in _PER_REVISION - {"/Root"}]
        root = self._old.root_ref

        def leads(node: generic.DictionaryObject) -> Iterator[generic.PdfObject]:
            skipped = _NOT_SHOWN if node is old_root else frozenset()
            return (node.raw_get(key) for key in node if key not in skipped)

        old_root = self._old.get_object(root)
        for _ in dictionaries(start, limit=limit, leads=leads, resolve=self._resolve):
            pass

    def _resolve(self, item: generic.IndirectObject) -> generic.PdfObject:
        key = key_of(item)
        reference = generic.Reference(*key, self._old)
        if key in self._touched or reference == self._old.root_ref:
            value: generic.PdfObject = self._old.get_object(reference)
            return value
        place = self._place(key)
        within = (place.obj_stream_id, 0) if isinstance(place, ObjStreamRef) else key
        if {key, within} & self._late:
            raise Refused(Code.REVISION_AFTER_SIGNING, f"object {key[0]} is new")
        now = generic.Reference(*key, self._reader)
        fresh: generic.PdfObject = self._reader.get_object(now)  # type: ignore[no-untyped-call]  # pyHanko is typed in part
        return fresh

    def _place(self, key: Key) -> int | ObjStreamRef | None:
        try:
            place: int | ObjStreamRef | None = self._reader.xrefs[
                generic.Reference(*key, self._reader)
            ]
        except KeyError:
            return None
        return place


def _containers(reader: PdfFileReader, revision: int) -> Iterator[Key]:
    """Objects that only hold other objects: cross-reference and object streams."""
    table = reader.xrefs.get_xref_container_info(revision)
    section = reader.xrefs.get_xref_data(revision)
    if table.stream_ref is not None:
        # A number that the stream does not list for itself is free for another object.
        number, generation = key_of(table.stream_ref)
        if section.standard_xrefs.get(number) == (generation, table.start_location):
            yield number, generation
    for reference in reader.xrefs.object_streams_used_in(revision):  # type: ignore[no-untyped-call]  # pyHanko is typed in part
        yield key_of(reference)


def _free_and_never_used(reader: PdfFileReader, revision: int) -> Iterator[Key]:
    """Entries that mark as free what no revision so far had in use; any other one is a change."""
    sections = [reader.xrefs.get_xref_data(number) for number in range(revision + 1)]
    for number, generation in sections[-1].freed.items():
        used = any(
            number in section.standard_xrefs or number in section.xrefs_in_objstm
            for section in sections
        )
        if not used:
            yield number, generation - 1
