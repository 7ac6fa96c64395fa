"""The list of PDFs that must be refused, each with the answer it must get.

A function decorated with `refused` makes one from a `Kit`. Where a well-known tool is fooled, the
entry says so: `pdfsig` is what poppler's pdfsig 22.12 says of the signature.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from signing.judge.codes import Code
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


def kit() -> Kit:
    return Kit(pki=shared_pki())
