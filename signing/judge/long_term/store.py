"""The document security store: which objects it explains (EN 319 142-1, 5.4.2).

Nothing in it need be a certificate: what does not verify helps nobody. But nothing in it may be
anything else to a reader.
"""

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic

from signing.judge.long_term.views import Key, key_of, opened, references, refusal
from signing.judge.pdf_reading import target

_STORE = {"/Certs", "/CRLs", "/OCSPs"}
_RELATED = {"/Cert", "/CRL", "/OCSP"}


def store_objects(root: generic.DictionaryObject) -> Iterator[Key]:
    """EN 319 142-1, 5.4.2: the security store holds streams in lists, by signature too."""
    if "/DSS" not in root:
        return
    store = yield from opened(root, "/DSS")
    _check_entries(store, _STORE | {"/Type", "/VRI"}, "/DSS")
    yield from _lists(store, _STORE)
    if "/VRI" not in store:
        return
    by_signature = yield from opened(store, "/VRI")
    for name in by_signature:
        if name == "/Type":
            continue
        related = yield from opened(by_signature, name)
        _check_entries(related, _RELATED | {"/Type", "/TU", "/TS"}, "/VRI")
        yield from _lists(related, _RELATED)
        if "/TS" in related:
            yield from _stream(related.raw_get("/TS"))


def _check_entries(node: Any, known: set[str], kind: str) -> None:
    if not isinstance(node, generic.DictionaryObject) or isinstance(node, generic.StreamObject):
        raise refusal("no dictionary in the store")
    if not set(node) <= known or node.get("/Type", kind) != kind:
        raise refusal(f"unknown entries of the store: {set(node) - known}")


def _lists(node: generic.DictionaryObject, keys: set[str]) -> Iterator[Key]:
    for key in keys & set(node):
        raw = node.raw_get(key)
        if isinstance(raw, generic.IndirectObject):
            yield key_of(raw)
        for item in references(target(raw)):
            yield from _stream(item)


def _stream(item: generic.PdfObject) -> Iterator[Key]:
    """A certificate, list or answer: a stream, plain or deflated, with no other entries."""
    if not isinstance(item, generic.IndirectObject):
        raise refusal("no stream in the store")
    yield key_of(item)
    value = target(item)
    if not isinstance(value, generic.StreamObject):
        raise refusal("no stream in the store")
    if not set(value) <= {"/Length", "/Filter"} or value.get("/Filter") not in (
        None,
        "/FlateDecode",
        generic.ArrayObject([generic.pdf_name("/FlateDecode")]),
    ):
        raise refusal("a stream of the store with other entries")
    if "/Length" in value and isinstance(value.raw_get("/Length"), generic.IndirectObject):
        yield key_of(value.raw_get("/Length"))
