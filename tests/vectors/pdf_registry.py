"""The lists of PDFs that must be refused, each with the answer it must get, and accepted.

A function decorated with `refused` or `accepted` makes one from a `Kit`. Poppler's pdfsig 22.12
calls a signature in three of four of the refused ones valid. Where it also says "Total document
signed", so that nothing at all warns a reader, the entry is marked `pdfsig=WHOLE`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from signing.judge.codes import Code
from tdh.domain.verdicts import SignatureLevel
from tests.pki.make import Pki, TestSigner, shared_pki
from tests.vectors import pdf_writing as write


@dataclass(frozen=True, kw_only=True)
class Kit:
    """What the vectors are made of."""

    pki: Pki

    @property
    def signer(self) -> TestSigner:
        return self.pki.signers["good"]

    @property
    def attacker(self) -> TestSigner:
        """Somebody with a certificate as good as the victim's."""
        return self.pki.signers["rsa"]

    @cached_property
    def letter(self) -> bytes:
        """One revision, one page, one signature over the whole file."""
        return write.letter(self.signer)

    @cached_property
    def other_letter(self) -> bytes:
        """By the same signer, with another text."""
        return write.letter(self.signer, text=b"Pay 999 Baht")

    def certified(self, level: int) -> bytes:
        """A letter whose signature certifies it (DocMDP); with a text field and an empty field."""
        return write.complete(write.build(write.certified_objects(level)), self.signer)


WHOLE = "valid, and the whole document is signed"

Maker = Callable[[Kit], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """A faulty document and what the judge says of it."""

    name: str
    make: Maker
    codes: frozenset[Code]
    pdfsig: str = ""


VECTORS: dict[str, Vector] = {}


def refused(*codes: Code, pdfsig: str = "") -> Callable[[Maker], Maker]:
    """Enter a document under its function's name; any of the codes is right."""

    def enter(maker: Maker) -> Maker:
        name = maker.__name__.replace("_", "-")
        assert name not in VECTORS, name
        VECTORS[name] = Vector(name=name, make=maker, codes=frozenset(codes), pdfsig=pdfsig)
        return maker

    return enter


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A document that must pass, and the levels of its signatures."""

    name: str
    make: Maker
    levels: tuple[SignatureLevel, ...]


GOOD: dict[str, Good] = {}


def accepted(*levels: SignatureLevel) -> Callable[[Maker], Maker]:
    """Enter a document that must pass under its function's name."""

    def enter(maker: Maker) -> Maker:
        name = maker.__name__.replace("_", "-")
        assert name not in GOOD, name
        GOOD[name] = Good(name=name, make=maker, levels=levels)
        return maker

    return enter


def kit() -> Kit:
    return Kit(pki=shared_pki())
