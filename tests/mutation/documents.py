"""The valid documents of the campaign: every kind, level, dress and key, made fresh."""

import functools
import importlib
from collections.abc import Iterator
from dataclasses import replace

from signing.judge.chain import material_of
from signing.judge.judgement import Inputs
from signing.judge.kinds import Kind
from signing.judge.policy import Policy, RevocationMode
from signing.trust import load_trust
from tests.mutation.campaign import Valid
from tests.pki import make
from tests.vectors import cms_writing, containers, pdf_registry, xml, xml_registry
from tests.vectors.cms import CONTENT

importlib.import_module("tests.vectors.pdf_good")

PDFS_IN_DEPTH = frozenset(
    {
        *("level-b-b", "level-b-t", "level-b-lt", "level-b-lta", "level-b-lta-renewed", "larger"),
        *("two-signatures", "form-filled-between-two-signatures", "compressed-objects"),
        *("certified-then-filled-then-signed", "certified-p1-with-long-term-data"),
        *("word-processor-s-hybrid-file", "timestamp-of-another-letter", "line-ends-cr"),
        *("update-that-records-its-program", "update-in-an-object-stream"),
    }
)
"""The whole campaign takes these; the others differ from them in a few bytes of syntax."""


def in_depth() -> tuple[Valid, ...]:
    """What the whole campaign takes."""
    return tuple(
        document
        for document in documents()
        if document.kind is not Kind.PDF
        or document.name.removeprefix("pdf-") in PDFS_IN_DEPTH
        or document.name.startswith("pdf-b-t-")
    )


@functools.cache
def inputs() -> Inputs:
    """What every document is judged by."""
    trust = load_trust([make.shared_pki().trust_folder])
    return Inputs(
        material=material_of(trust),
        trust_version=trust.version,
        policy=Policy(revocation=RevocationMode.IF_PRESENT),
        at=make.JUDGED_AT,
    )


def documents() -> Iterator[Valid]:
    """All of them."""
    for name, data in (*_pdfs(), *_messages(), *_xmls(), *_containers()):
        yield Valid(name=name, data=data, inputs=inputs())
    for name, data in _detached():
        yield Valid(name=name, data=data, inputs=replace(inputs(), content=CONTENT))


def _pdfs() -> Iterator[tuple[str, bytes]]:
    kit = pdf_registry.kit()
    for name, good in pdf_registry.GOOD.items():
        yield f"pdf-{name}", good.make(kit)
    stamp = kit.pki.timestamp(make.SIGNED_AT)
    for key in ("rsa", "ed25519"):
        signer = kit.pki.signers[key]
        yield f"pdf-b-t-{key}", make.sign_pdf(make.simple_pdf(), signer, timestamp=stamp)


def _messages() -> Iterator[tuple[str, bytes]]:
    pki = make.shared_pki()
    good, rsa = pki.signers["good"], pki.signers["rsa"]
    plain = cms_writing.signed(CONTENT, good)
    yield "cms-b-b", plain
    yield "cms-b-b-rsa", cms_writing.signed(CONTENT, rsa)
    yield "cms-two-signers", cms_writing.signed(CONTENT, good, rsa)
    recipe = cms_writing.Recipe(timestamp=pki.timestamp(make.SIGNED_AT))
    stamped = cms_writing.signed(CONTENT, good, recipe=recipe)
    yield "cms-b-t", stamped
    yield "cms-archived", cms_writing.archived(stamped, CONTENT, pki.timestamp(make.JUDGED_AT))
    yield "cms-ber", cms_writing.in_ber(plain)
    yield "cms-armored", cms_writing.armored(plain)
    yield "cms-bare", cms_writing.without_content_info(plain)


def _detached() -> Iterator[tuple[str, bytes]]:
    signers = make.shared_pki().signers
    yield "cms-detached", cms_writing.signed(CONTENT, signers["good"], detached=True)
    two = cms_writing.signed(CONTENT, signers["good"], signers["rsa"], detached=True)
    yield "cms-detached-two-signers", two


def _xmls() -> Iterator[tuple[str, bytes]]:
    pki = make.shared_pki()
    yield "xml-tax-invoice", xml_registry.good(pki)
    yield (
        "xml-rsa-exclusive",
        xml.sign(
            xml.INVOICE, pki.signers["rsa"], xml.Plan(c14n=xml.EXCLUSIVE, properties_transform=True)
        ),
    )
    yield "xml-by-identifier", xml_registry.named(pki)
    yield "xml-enveloping", xml_registry.enveloping(pki)
    stamped = xml.Plan(timestamp=pki.timestamp(make.SIGNED_AT))
    yield "xml-b-t", xml_registry.good(pki, stamped)


def _containers() -> Iterator[tuple[str, bytes]]:
    kit = containers.kit()
    for name, data in containers.good(kit).items():
        yield f"container-{name.replace(' ', '-')}", data
