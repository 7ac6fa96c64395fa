"""Rules of the fast lane: without them it would accept what the careful judge refuses.

It accepts alone, so each of its rules must stand by itself, whatever the careful judge has of the
kind. The documents are in `tests/vectors/pdf_*.py`, signed by signers whose chains it knows.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any

from signing import der
from signing.judge.fast import message as messages
from signing.judge.fast import structure
from signing.judge.fast.locate import Located, locate
from signing.judge.fast.verify import verify
from tests.fast_and_careful import BothJudges, judges_for
from tests.pki import faults, make
from tests.rules.pdf import VECTORS, kit
from tests.rules.rule import ACCEPTED, LEFT_ALONE, Rule, always, nothing


class Everything(frozenset[bytes]):
    """A set that has whatever is asked for."""

    def __contains__(self, item: object) -> bool:
        return True


@cache
def judges() -> BothJudges:
    return judges_for()


@cache
def letter() -> bytes:
    return make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["good"])


# --- documents -----------------------------------------------------------------------------------


def a_changed_byte() -> bytes:
    return faults.altered_byte(letter())


def a_changed_value() -> bytes:
    return faults.altered_signature(letter())


def another_signer_s_value() -> bytes:
    """Without an attribute that binds the certificate."""
    pki = make.shared_pki()
    stamp = pki.timestamp(make.SIGNED_AT)
    room = make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)
    return faults.resigned(room, pki.signers["good"])


def a_timestamp_from_the_future() -> bytes:
    pki = make.shared_pki()
    stamp = pki.timestamp(make.JUDGED_AT + timedelta(days=1))
    return make.sign_pdf(make.simple_pdf(), pki.signers["good"], timestamp=stamp)


def a_signer_who_was_revoked() -> bytes:
    return make.sign_pdf(make.simple_pdf(), make.shared_pki().signers["revoked"])


def more_in_the_gap() -> tuple[bytes, Located]:
    """A locator that was taken over says that a place with other bytes is the gap."""
    located = _located()
    data = bytearray(letter())
    data[located.second : located.second] = b"3c00>"
    return bytes(data), replace(located, second=located.second + 5)


def another_field() -> tuple[bytes, Located]:
    """A locator that was taken over names a field that is not in the document."""
    return letter(), replace(_located(), field="Director")


def _located() -> Located:
    located = locate(letter())
    assert located is not None
    return located


# --- what takes a rule's place -------------------------------------------------------------------


def first_string(data: memoryview, located: Located) -> bytes:
    """The message in the gap, whatever else is there."""
    gap = bytes(data[located.length : located.second])
    contents = bytes.fromhex(gap[1 : gap.index(b">")].decode("ascii"))
    return contents[: 4 + int.from_bytes(contents[2:4])]


def signature_only(message: Any, _: bytes) -> Any:
    """The value over the signed attributes, and no look at the content's digest."""
    stated = message.attributes[der.oid("1.2.840.113549.1.9.4")]
    return _check_message(message, der.Reader(stated).content(der.OCTET_STRING))


_check_message = messages.check_message


def any_fact(memory: Any, purpose: Any, *_: object) -> Any:
    return next(fact for (known, *_), (fact, _) in memory._facts.items() if known is purpose)


# --- rows ----------------------------------------------------------------------------------------


def _asked(accepted: Callable[[], object]) -> Callable[[], str]:
    return lambda: LEFT_ALONE if accepted() is None else ACCEPTED


def _rule(
    function: str,
    vector: str | Callable[[], bytes],
    about: str,
    source: str,
    instead: object = nothing,
) -> Rule:
    if isinstance(vector, str):
        found = VECTORS[vector]
        document = cache(lambda: found.make(kit()))
    else:
        document = cache(vector)
        vector = vector.__name__.replace("_", "-")
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.fast.{function}",
        vector=vector,
        ask=_asked(lambda: judges().fast(document())),
        answers=frozenset([LEFT_ALONE]),
        without=ACCEPTED,
        instead=instead,
    )


def _lie(
    function: str,
    told: Callable[[], tuple[bytes, Located]],
    about: str,
    source: str,
    instead: object = nothing,
) -> Rule:
    """What the locator says is not true."""
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.fast.{function}",
        vector=told.__name__.replace("_", "-"),
        ask=_asked(lambda: verify(*told(), judges().trust.intermediates)),
        answers=frozenset([LEFT_ALONE]),
        without=ACCEPTED,
        instead=instead,
    )


NEVER = b"\0never in a document\0"

RULES = (
    _rule(
        "locate._START",
        "header-twice",
        "There is one header.",
        "rule 1; ISO 32000-2, 7.5.2",
        NEVER,
    ),
    _rule(
        "locate._ARCHIVE",
        "polyglot-zip-around",
        "The file is no ZIP archive too.",
        "rule 1",
        NEVER,
    ),
    _rule(
        "xref._check_places",
        "table-leads-beside-the-structure",
        "Every entry of a table leads to its object.",
        "rule 1; ISO 32000-2, 7.5.4",
    ),
    _rule(
        "structure._check_page_tree",
        "page-tree-bites-its-tail",
        "Pages form a tree.",
        "rule 1; ISO 32000-2, 7.7.3",
    ),
    _rule(
        "locate._check_names",
        "byte-range-in-a-content-stream",
        "Another reading of the bytes finds the same signature.",
        "rule 2",
    ),
    _rule(
        "structure._CATALOG_REFUSED",
        "xfa-needs-rendering",
        "The catalog has nothing that is not known here.",
        "rule 9; ISO 32000-2, 7.7.2",
        frozenset(),
    ),
    _rule(
        "structure._NAMES_KNOWN",
        "names-of-scripts-without-scripts",
        "The document names places only.",
        "rule 9; ISO 32000-2, 7.7.4",
        structure._NAMES_KNOWN | {b"/JavaScript"},
    ),
    _rule(
        "structure._NEVER",
        "web-page-called-when-a-page-opens",
        "Nothing happens by itself.",
        "rule 9; ISO 32000-2, 12.6.3",
        frozenset(),
    ),
    _rule(
        "structure._ACTIONS",
        "layers-switched-by-a-click",
        "Actions lead to places and pages only.",
        "rule 9; ISO 32000-2, 12.6.4",
        Everything(),
    ),
    _rule(
        "structure._check_opening",
        "web-page-called-on-opening",
        "What happens on opening stays in the document.",
        "rule 9; ISO 32000-2, 12.6.3",
    ),
    _rule(
        "structure._SUBTYPES",
        "file-attached-to-a-note",
        "Annotations are of known and harmless kinds.",
        "rule 9; ISO 32000-2, 12.5.6",
        Everything(),
    ),
    _rule(
        "streams._ELSEWHERE",
        "page-of-another-document",
        "What is drawn is in the file.",
        "rule 9; ISO 32000-2, 7.3.8.2, 8.10.4",
        frozenset(),
    ),
    _rule(
        "message.check_message",
        a_changed_byte,
        "The signed digest is the content's.",
        "RFC 5652, 11.2",
        signature_only,
    ),
    _rule(
        "algorithms.check_signature",
        a_changed_value,
        "The signature is the key's.",
        "RFC 5652, 5.6",
        always("sha256_ecdsa"),
    ),
    _rule(
        "binding.check_binding",
        another_signer_s_value,
        "A signed attribute binds the signer's certificate.",
        "rule 6; RFC 5035, 4",
    ),
    _rule(
        "verdict._may_pass",
        a_timestamp_from_the_future,
        "A timestamp is not from the future.",
        "EN 319 102-1, 5.4",
        always(value=True),
    ),
    _rule(
        "memory.ChainMemory.find",
        a_signer_who_was_revoked,
        "The careful judge has found this very chain good, not long ago.",
        "rule 8; EN 319 102-1, 5.2.6",
        any_fact,
    ),
    _lie(
        "verify._contents",
        more_in_the_gap,
        "What a locator calls the gap is exactly the message.",
        "rule 3; ISO 32000-2, table 255",
        first_string,
    ),
    _lie(
        "verify._check_strings",
        another_field,
        "What a locator says of the field is in the document.",
        "our rule",
    ),
)
