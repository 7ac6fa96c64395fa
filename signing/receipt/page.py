"""A receipt's page: a pure function of the files that go into it.

Whoever asks for a receipt cannot make it say something else than its sealed evidence, the envelope
whose digest is sealed there, and `receipt.json`. Whoever has the files can make the page again and
compare. Text goes to typst as data, never as source; no clock, no network, no system font.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst

from signing.errors import ProofError
from signing.evidence_reader import read_evidence
from signing.receipt import attachments as names
from signing.receipt.attachments import Attachment, claimed_head, in_order, single
from signing.receipt.envelope import read_envelope
from signing.receipt.layout import Sources, has_page, layout
from signing.receipt.rows import Limits
from signing.receipt.statement import Statement
from signing.tlog_proof import TlogProof
from tdh.domain import thai_time

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
"""Sarabun, regular and bold."""
_SOURCES = (
    *(HERE / name for name in ("receipt.typ", "layout.py", "rows.py", "happened.py", "words.py")),
    *(HERE / name for name in ("shown.py", "qr.py")),
    Path(thai_time.__file__),
)
"""All that makes a page look as it does."""
_TOO_LONG = "more than one page"
_TRIES = (
    Limits(documents=6, recipients=3, name=90, long=220),
    Limits(documents=4, recipients=2, name=70, long=140),
    Limits(documents=3, recipients=1, name=60, long=110),
    Limits(documents=2, recipients=1, name=48, long=80),
    Limits(documents=1, recipients=1, name=32, long=48),
)


class PageError(ProofError):
    """No page can be made of these files."""

    code = "receipt-page-cannot-be-made"


class NoPage(PageError):
    """The event has no page; the text is its name."""

    code = "no-receipt-for-this-event"


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePage:
    """An unsigned receipt."""

    pdf: bytes
    number: str
    """The evidence's id."""


def make_page(files: Sequence[Attachment]) -> MadePage:
    """The PDF/A-3 of one A4 page with the files inside; the same files give the same bytes.

    Reads evidence, proof, envelope and statement as they are: whether they hold is checked by who
    calls. Raises NoPage, PageError.
    """
    try:
        sources = _sources(files)
    except PageError:
        raise
    except ProofError as exc:
        raise PageError(str(exc)) from exc
    attached = [_attached(each) for each in in_order(files)]
    for limits in _TRIES:
        data = layout(sources, limits) | {"files": attached}
        pdf = _compiled(data)
        if pdf is not None:
            return MadePage(pdf=pdf, number=sources.content.facts.id)
    raise PageError("the page would be longer than one")


@cache
def maker() -> str:
    """Which page this version makes: typst, and a digest of all that decides about a letter."""
    total = hashlib.sha256()
    for source in _SOURCES:
        total.update(hashlib.sha256(source.read_bytes()).digest())
    return f"typst {version('typst')}, page {total.hexdigest()[:16]}"


def _sources(files: Sequence[Attachment]) -> Sources:
    xml, proof = single(files, names.EVIDENCE), single(files, names.PROOF)
    statement, envelope = single(files, names.STATEMENT), single(files, names.ENVELOPE)
    if xml is None or proof is None or statement is None:
        raise PageError("evidence, proof or statement is missing")
    content = read_evidence(xml)
    if not has_page(content.facts):
        raise NoPage(content.facts.event)
    parsed = TlogProof.parse(proof)
    return Sources(
        content=content,
        digest=hashlib.sha256(xml).digest(),
        index=parsed.index,
        size=claimed_head(parsed).size,
        statement=Statement.parse(statement),
        envelope=None if envelope is None else read_envelope(envelope, content.facts),
    )


def _attached(file: Attachment) -> dict[str, Any]:
    media_type, relationship, description = file.kind
    return {
        "name": file.name,
        "data": list(file.data),
        "type": media_type,
        "relationship": relationship,
        "description": description,
    }


@cache
def _compiler() -> typst.Compiler:
    return typst.Compiler(
        str(HERE / "receipt.typ"),
        root=str(HERE),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
    )


def _compiled(data: dict[str, Any]) -> bytes | None:
    """The PDF; None where it has more than one page. Raises PageError."""
    inputs = {"data": json.dumps(data, ensure_ascii=False)}
    try:
        pdf = _compiler().compile(format="pdf", pdf_standards=["a-3a"], sys_inputs=inputs)
    except typst.TypstError as exc:
        if _TOO_LONG in str(exc):
            return None
        raise PageError(f"the page cannot be set: {exc}") from exc
    if not isinstance(pdf, bytes):
        raise PageError("the page was not made")
    return pdf
