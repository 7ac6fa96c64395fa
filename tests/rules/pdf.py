"""Rules about PDFs. The documents are in `tests/vectors/pdf_*.py`."""

import importlib
from collections.abc import Iterator
from typing import Any

from asn1crypto import parser

from signing.judge import scan
from signing.judge.codes import Code
from tests.pki import faults
from tests.pki.make import SIGNED_AT, shared_pki, sign_pdf, simple_pdf
from tests.rules.asking import Make, careful, codes
from tests.rules.rule import ACCEPTED, Rule, always, nothing
from tests.vectors.pdf_registry import VECTORS, kit

for family in (
    "forgery",
    "saving",
    "wrapping",
    "shadow",
    "certified",
    "structure",
    "content",
    "hybrid",
    "long_term",
):
    importlib.import_module(f"tests.vectors.pdf_{family}")


def no_objects(*_: Any, **__: Any) -> Iterator[Any]:
    """Stand in for a rule that gives the objects it explains."""
    return iter(())


def in_the_gap(data: bytes, byte_range: scan.Range, dictionary: Any) -> bytes:
    """What stands in the gap, or else in the dictionary, whatever the other says."""
    found = scan.hex_string_in_gap(data, byte_range)
    return found or bytes(dictionary.raw_get("/Contents").original_bytes)


def first_element(contents: bytes) -> bytes:
    """The message, whatever follows it."""
    return b"".join(parser.parse(contents)[3:6])


# --- documents that are made of a signed letter --------------------------------------------------


def stamped_letter() -> bytes:
    stamp = shared_pki().timestamp(SIGNED_AT)
    return sign_pdf(simple_pdf(), shared_pki().signers["good"], timestamp=stamp)


def one_signature_of_two_signers() -> bytes:
    signers = shared_pki().signers
    return faults.resigned(stamped_letter(), signers["good"], signers["rsa"])


def bytes_behind_the_message_in_the_gap() -> bytes:
    letter = stamped_letter()
    start, contents = faults.gap(letter)
    end = start + len(contents)
    return letter[: end - 2] + b"41" + letter[end:]


# --- rows ----------------------------------------------------------------------------------------


def _made(  # noqa: PLR0917 - a row of the table
    function: str,
    make: Make,
    code: Code,
    about: str,
    source: str,
    without: str = ACCEPTED,
    instead: Any = nothing,
) -> Rule:
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=make.__name__.replace("_", "-"),
        ask=careful(make),
        answers=codes([code]),
        without=without,
        instead=instead,
    )


def _rule(  # noqa: PLR0917 - a row of the table
    function: str,
    vector: str,
    about: str,
    source: str,
    without: str = ACCEPTED,
    instead: Any = nothing,
) -> Rule:
    found = VECTORS[vector]
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=vector,
        ask=careful(lambda: found.make(kit())),
        answers=codes(found.codes),
        without=without,
        instead=instead,
    )


RULES = (
    _rule(
        "pdf_reading.check_header",
        "header-twice",
        "There is one header, at byte 0.",
        "rule 1; ISO 32000-2, 7.5.2",
    ),
    _rule(
        "pdf_reading.check_archive",
        "polyglot-zip-around",
        "The file is no ZIP archive too.",
        "rule 1",
    ),
    _rule(
        "pdf_reading.check_encryption",
        "encrypted",
        "The document is not encrypted.",
        "rule 9; ISO 32000-2, 7.6",
        "structure-damaged",
    ),
    _rule(
        "pdf_reading.check_offsets",
        "table-leads-beside-the-structure",
        "Every entry of a table leads to its object.",
        "rule 1; ISO 32000-2, 7.5.4",
    ),
    _rule(
        "hybrid.check_readings",
        "hybrid-page-text-in-two-versions",
        "Both readings of a file with two cross-references show the same.",
        "rule 1; ISO 32000-2, 7.5.8.4",
    ),
    _rule(
        "hybrid._check_trailer",
        "hybrid-stream-names-another-root",
        "No reader finds another catalog in the second cross-reference.",
        "rule 1; ISO 32000-2, 7.5.8.4",
    ),
    _rule(
        "hybrid._check_shown",
        "hybrid-hides-an-annotation",
        "Nothing that is shown leads to what only one reading sees.",
        "rule 1; ISO 32000-2, 7.5.8.4",
    ),
    _rule(
        "pdf.check_object_streams",
        "hybrid-hides-a-signature",
        "No signature stands in a compressed object stream.",
        "rule 2; ISO 32000-2, 7.5.7",
    ),
    _rule(
        "pdf._check_complete",
        "usf-contents-absent",
        "A filled signature field has all that a signature needs.",
        "rule 2; ISO 32000-2, table 255",
        "byte-range-gap",
    ),
    _rule(
        "pdf.check_byte_range_shape",
        "usf-byte-range-zeros",
        "A byte range is [0 a b c] inside the file.",
        "rule 3; ISO 32000-2, 12.8.1",
        "byte-range-gap",
    ),
    _rule(
        "pdf.check_subfilter",
        "usf-subfilter-of-sha1",
        "The format of a signature is one of the accepted ones.",
        "rule 7; ISO 32000-2, 12.8.3",
    ),
    _rule(
        "pdf.check_type",
        "usf-type-says-timestamp",
        "The type of a signature dictionary suits its format.",
        "rule 7; EN 319 142-1, 5.4.3",
    ),
    _rule(
        "pdf.check_gap_place",
        "swa-contents-moved",
        "Gap and byte range stand in the signature's own object.",
        "rule 3; ISO 32000-2, table 255",
        "changed-after-signing",
    ),
    _rule(
        "pdf.check_gap",
        "swa-gap-stuffed-with-objects",
        "What is left out is exactly the string of /Contents.",
        "rule 3; ISO 32000-2, table 255",
        "gap-outside-signature",
        in_the_gap,
    ),
    _made(
        "pdf.check_padding",
        bytes_behind_the_message_in_the_gap,
        Code.BYTE_RANGE_GAP,
        "Behind the message there are only zeros.",
        "rule 3; EN 319 142-1, 5.3",
        instead=first_element,
    ),
    _made(
        "pdf.check_cms_shape",
        one_signature_of_two_signers,
        Code.SEVERAL_SIGNERS,
        "A signature has one signer, and its content is the file.",
        "rule 6; ISO 32000-2, 12.8.3.3; EN 319 142-1, 5.3",
        "contents-damaged",
    ),
    _rule(
        "content.check_page_tree",
        "page-tree-bites-its-tail",
        "Pages form a tree.",
        "rule 1; ISO 32000-2, 7.7.3",
    ),
    _rule(
        "added.check_added_fields",
        "sneaky-signature-over-the-page",
        "What later signers place on a page does not hide it.",
        "rule 4; ISO 32000-2, 12.7.5.5",
    ),
    _rule(
        "content.check_no_xfa",
        "xfa-form",
        "There is no XFA form, which programs show differently.",
        "rule 9; ISO 32000-1, 12.7.8",
    ),
    _rule(
        "content.check_no_files",
        "portfolio",
        "The catalog lists no embedded file and makes no portfolio.",
        "rule 9; ISO 32000-2, 7.11.4, 12.3.5",
    ),
    _rule(
        "content.check_no_hidden_files",
        "file-associated-with-the-structure",
        "No file is embedded anywhere else.",
        "rule 9; ISO 32000-2, 14.13",
    ),
    _rule(
        "content.check_no_document_scripts",
        "names-of-scripts-without-scripts",
        "The document has no script of its own.",
        "rule 9; ISO 32000-2, 12.6.4.17",
    ),
    _rule(
        "content.check_inactive",
        "program-started",
        "No action or annotation acts by itself.",
        "rule 9; ISO 32000-2, 12.6.4",
    ),
    _rule(
        "content.check_triggers",
        "web-page-called-on-opening",
        "What happens without a click stays in the document.",
        "rule 9; ISO 32000-2, 12.6.3",
    ),
    _rule(
        "content._leads",
        "letters-from-another-file",
        "All that the catalog leads to is looked at.",
        "rule 9; ISO 32000-2, 7.7.2",
        instead=always(()),
    ),
    _rule(
        "content.check_self_contained",
        "page-of-another-document",
        "What is drawn is in the file, where it is signed.",
        "rule 9; ISO 32000-2, 7.3.8.2, 8.10.4",
    ),
    _rule(
        "certification.check_certification",
        "certification-after-another-signature",
        "Only the first signature certifies.",
        "rule 5; ISO 32000-2, 12.8.2.2",
    ),
    _rule(
        "certification._named_in_catalog",
        "certification-names-another-signature",
        "The catalog names the signature that certifies.",
        "rule 5; ISO 32000-2, 12.8.6",
    ),
    _rule(
        "revisions.check_nesting",
        "swa-two-signatures-over-the-same-bytes",
        "Each signature covers those before it.",
        "rule 3",
        "changed-after-signing",
    ),
    _rule(
        "revisions.check_own_revision",
        "swa-first-signature-without-its-table",
        "A signature covers the whole revision that it belongs to.",
        "rule 3; ISO 32000-2, 12.8.1",
    ),
    _rule(
        "revisions.check_changes",
        "shadow-between-two-signatures",
        "Between signatures only forms are filled in and signatures added.",
        "rules 4, 5; ISO 32000-2, 12.8.2",
        instead=lambda *_: frozenset(),
    ),
    _rule(
        "long_term.updates.check_updates",
        "isa-page-replaced",
        "Behind the last signature there are only long-term data.",
        "rule 3; EN 319 142-1, 5.4, 5.5",
    ),
    _rule(
        "long_term.updates._Update._check_trailer",
        "lta-title-changed",
        "A later trailer names the same catalog and particulars.",
        "rule 3; ISO 32000-2, 7.5.5",
        "revision-after-signing",
    ),
    _rule(
        "long_term.updates._Update.check_rest_is_untouched",
        "shadow-gap-filled",
        "Nothing that the signed document leads to was written since.",
        "rule 3",
    ),
    _rule(
        "long_term.views.Views.check_same_but",
        "shadow-page-rotated",
        "What long-term data must touch stays the same but for that.",
        "rule 3; ISO 32000-2, 7.7.3.3",
    ),
    _rule(
        "long_term.record.check_version",
        "lta-version-goes-back",
        "The version that a catalog claims only grows.",
        "rule 3; ISO 32000-2, 7.7.2",
    ),
    _rule(
        "long_term.record.check_extensions",
        "lta-extension-of-a-stranger",
        "Extensions are declared of known developers only.",
        "rule 3; ISO 32000-2, 7.12",
        instead=no_objects,
    ),
    _rule(
        "long_term.record.check_information",
        "shadow-replace-title",
        "Title and other particulars stay.",
        "rule 3; ISO 32000-2, 14.3.3",
        "revision-after-signing",
        no_objects,
    ),
    _rule(
        "long_term.record.check_metadata",
        "shadow-replace-metadata",
        "The metadata stay but for the record of the last writing.",
        "rule 3; ISO 32000-2, 14.3.2",
        "revision-after-signing",
        no_objects,
    ),
    _rule(
        "long_term.record._check_record",
        "shadow-replace-title",
        "Of the particulars only the record of the last writing changes.",
        "rule 3; ISO 32000-2, 14.3.3",
    ),
    _rule(
        "long_term.leftovers.check_leftover",
        "lta-object-without-a-purpose",
        "What nothing leads to is empty or was there before.",
        "rule 3",
        instead=no_objects,
    ),
    _rule(
        "long_term.leftovers._check_unused_table",
        "lta-leftover-table-with-another-catalog",
        "A table that is not used says nothing else.",
        "rule 3; ISO 32000-2, 7.5.8",
    ),
    _rule(
        "long_term.updates._Update._check_form",
        "shadow-replace-default-appearance",
        "The form has more fields, and nothing else changed.",
        "rule 3; ISO 32000-2, 12.7.3",
        instead=always([]),
    ),
    _rule(
        "long_term.views.check_plain",
        "lta-extension-with-content",
        "Values that may come later lead nowhere.",
        "rule 3",
    ),
    _rule(
        "long_term.fields.check_invisible",
        "lta-leftover-annotation-with-an-area",
        "No annotation that comes later shows anything.",
        "rule 3; ISO 32000-2, 12.5.2",
        instead=no_objects,
    ),
    _rule(
        "long_term.fields.check_flags",
        "lta-signature-flags-taken-away",
        "The form loses no flag that says that there are signatures.",
        "rule 3; ISO 32000-2, table 225",
    ),
    _rule(
        "long_term.fields._check_no_area",
        "lta-visible-timestamp",
        "A later timestamp's field shows nothing.",
        "rule 3; EN 319 142-1, 5.4.3",
    ),
    _rule(
        "long_term.fields._timestamp",
        "lta-empty-signature-field-added",
        "A field that is added later holds a timestamp.",
        "rule 3; EN 319 142-1, 5.4.3",
        instead=no_objects,
    ),
    _rule(
        "long_term.store._check_entries",
        "lta-store-with-an-unknown-entry",
        "The security store has known entries only.",
        "rule 3; EN 319 142-1, 5.4.2",
    ),
    _rule(
        "tail.check_tail",
        "isa-objects-only",
        "Every byte behind the signature is plainly written and listed.",
        "rule 3; ISO 32000-2, 7.5.6",
    ),
    _rule(
        "tail._check_trailer",
        "lta-title-dropped-by-a-trailer",
        "A trailer repeats what those before it said.",
        "rule 3; ISO 32000-2, 7.5.6",
    ),
    _rule(
        "tail._check_object_streams",
        "lta-unlisted-object-in-a-compressed-stream",
        "What a compressed stream holds is listed.",
        "rule 3; ISO 32000-2, 7.5.7",
    ),
)
