"""Where a byte of an accepted PDF may differ and it still passes: the whole list, place by place.

Each unsigned byte of three documents is changed; a change may only pass where the list says so, and
each entry of the list must let some change pass. The same list, with the reasons, stands in
`signing/judge/README.md`. Wider campaigns are in `tests/mutation`.
"""

import asyncio
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from signing.judge.careful import Inputs, judge
from signing.judge.chain import material_of
from signing.judge.policy import Policy
from signing.trust import load_trust
from tests.pki.make import JUDGED_AT, shared_pki
from tests.vectors import pdf_good, pdf_long_term
from tests.vectors.pdf_registry import Kit, kit

WHITE = b" \n\r\t\0\x0c"
FREE = {
    "the content of a certificate, list or answer in the store": rb"/Length \d+|stream\n0\x00",
    "a comment between objects": rb"\n%iText(?=\n)",
    "the numbers of the list of free objects": rb"\n\d{10} \d{5}(?= f)",
    "the number of objects that a trailer states": rb"/Size \d+.",
    "the file's identifier": rb"/ID \[<..> <..>",
    "when the file was last written": rb"/ModDate \([^)]+",
    "the program that wrote it last": rb"/Producer \([^)]+",
    "the same record in the metadata": (
        rb"ModifyDate>[^<]+(?=<)|pdf:Producer>[^<]+(?=<)|InstanceID>[^<]+(?=<)"
    ),
    "the version and the extensions that the catalog claims": (
        rb"/BaseVersion /\d.\d /ExtensionLevel \d.|/Version /\d\.\d."
    ),
    "names and times of entries in the store": rb"/A{40}.|/TU \([^)]+",
    "the name of a timestamp's own field": rb"/T \(Timestamp",
    "the flags of its field, which has no area": rb"/F 132.",
    "the place of its field, which has no area": rb"/Rect \[0 0 0 0",
    "the program that shall read it": rb"/Filter /Adobe.PPKLite.",
    "its byte range, if it does not verify": rb"(?<=DocTimeStamp).*/ByteRange \[[^]]+",
    "the token, if it does not verify": rb"(?<=DocTimeStamp).*/Contents <[0-9a-f]+",
    "the time that it claims beside the token": rb"(?<=DocTimeStamp).*/M \([^)]+",
}


def stored(made: Kit) -> bytes:
    """A letter with a security store, a comment and an identifier."""
    return pdf_long_term.stored(made, {}, between=b"%iText\n", trailer=b"/ID [<00> <01>] ")


DOCUMENTS = {
    "stored": stored,
    "recorded": pdf_good.update_that_records_its_program,
    "stamped": pdf_long_term.stamped,
    "extended": pdf_good.update_with_a_developer_extension,
    "described": pdf_good.update_as_one_reader_writes_it,
}


@functools.cache
def inputs() -> Inputs:
    trust = load_trust([shared_pki().trust_folder])
    return Inputs(
        material=material_of(trust), trust_version=trust.version, policy=Policy(), at=JUDGED_AT
    )


def passes(document: bytes) -> bool:
    return asyncio.run(judge(document, inputs())).verdict.accepted


def unsigned_places(document: bytes) -> Iterator[int]:
    """Every byte behind the signature, but not each digit of a timestamp's token."""
    place = document.index(b"%%EOF\n") + len(b"%%EOF\n")
    token = document.find(b"/Contents <", place) + len(b"/Contents <")
    end_of_token = document.find(b">", token) if token > place else 0
    for at in range(place, len(document)):
        if not token + 8 <= at < end_of_token - 4:
            yield at


@functools.cache
def freely_changed(name: str) -> tuple[bytes, frozenset[int]]:
    document = DOCUMENTS[name](kit())
    free = set()
    for place in unsigned_places(document):
        for mask in (0x02, 0x20):
            changed = document[place] ^ mask
            if document[place] in WHITE and changed in WHITE:
                continue
            mutant = document[:place] + bytes([changed]) + document[place + 1 :]
            if passes(mutant):
                free.add(place)
    return document, frozenset(free)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_changed_byte_passes_only_where_the_list_says(name: str) -> None:
    document, free = freely_changed(name)
    listed = {
        place
        for pattern in FREE.values()
        for match in re.finditer(pattern, document, re.DOTALL)
        for place in range(match.start(), match.end())
    }
    assert not {place: document[place - 20 : place + 1] for place in free - listed}


@pytest.mark.parametrize("entry", FREE)
def test_each_entry_of_the_list_is_needed(entry: str) -> None:
    for name in DOCUMENTS:
        document, free = freely_changed(name)
        spans = re.finditer(FREE[entry], document, re.DOTALL)
        if any(free & set(range(match.start(), match.end())) for match in spans):
            return
    pytest.fail("no change passes there")


@pytest.mark.parametrize("old_and_new", [(b" /Type", b"\0/Type"), (b"\nxref", b"\r\nxref")])
def test_white_space_between_unsigned_tokens_may_be_another(
    old_and_new: tuple[bytes, bytes],
) -> None:
    document = stored(kit())
    old, new = old_and_new
    place = document.rindex(old)
    mutant = document[:place] + new + document[place + len(old) :]
    moved = len(new) - len(old)
    start = int(re.findall(rb"startxref\n(\d+)", document)[-1])
    if old.endswith(b"xref"):
        mutant = mutant.replace(b"startxref\n%d" % start, b"startxref\n%d" % (start + moved))
    assert passes(mutant)


def test_the_letters_of_the_signature_s_digits_may_be_capitals() -> None:
    assert passes(pdf_good.contents_in_capitals(kit()))


def test_the_list_in_the_readme_is_this_one() -> None:
    readme = Path(__file__, "../../../signing/judge/README.md").resolve().read_text("utf-8")
    assert not [entry for entry in FREE if f"| {entry} |" not in readme]
