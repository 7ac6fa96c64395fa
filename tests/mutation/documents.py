"""The valid documents of the campaign: every kind, level and key, made fresh."""

import functools
from collections.abc import Iterator
from dataclasses import replace

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from signing.judge.chain import material_of
from signing.judge.judgement import Inputs
from signing.judge.policy import Policy, RevocationMode
from signing.trust import load_trust
from tests.mutation.campaign import Valid
from tests.pki import faults, make

CONTENT = "สัญญาเช่าอาคาร เลขที่ 12/2569\n".encode()


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


def documents() -> tuple[Valid, ...]:
    """All of them."""
    return tuple(
        Valid(name=name, data=data, inputs=inputs()) for name, data in (*_pdfs(), *_cms())
    ) + tuple(_detached())


def _pdfs() -> Iterator[tuple[str, bytes]]:
    pki = make.shared_pki()
    good = pki.signers["good"]
    stamp = pki.timestamp(make.SIGNED_AT)
    page = make.simple_pdf()
    for key in ("good", "rsa", "ed25519"):
        yield f"pdf-b-b-{key}", make.sign_pdf(page, pki.signers[key])
    stamped = make.sign_pdf(page, good, timestamp=stamp)
    yield "pdf-b-t", stamped
    yield "pdf-b-t-rsa", make.sign_pdf(page, pki.signers["rsa"], timestamp=stamp)
    lists = tuple(make.revocation_lists(pki).values())
    stored = faults.with_validation_data(
        stamped, certificates=[pki.issuing.certificate], lists=lists
    )
    yield "pdf-b-lt", stored
    archived = faults.with_document_timestamp(stored, pki.timestamp(make.JUDGED_AT))
    yield "pdf-b-lta", archived
    yield "pdf-plain-pkcs7", make.sign_pdf(page, good, pades_profile=False)
    first = make.sign_pdf(page, good)
    yield "pdf-two-signatures", make.sign_pdf(first, pki.signers["rsa"], field_name="Second")
    yield "pdf-object-streams", faults.with_object_stream(good)
    yield "pdf-100-kb", make.sign_pdf(make.simple_pdf(size=100_000), good, timestamp=stamp)
    yield "pdf-sha-512", make.sign_pdf(page, good, digest="sha512")


def _cms() -> Iterator[tuple[str, bytes]]:
    for name, signers in (("one", ("good",)), ("rsa", ("rsa",)), ("two", ("good", "rsa"))):
        yield f"cms-attached-{name}", _message(signers)
    yield "cms-attached-pem", _message(("good",), encoding=serialization.Encoding.PEM)


def _detached() -> Iterator[Valid]:
    for name, signers in (("one", ("good",)), ("two", ("good", "rsa"))):
        message = _message(signers, pkcs7.PKCS7Options.DetachedSignature)
        with_content = replace(inputs(), content=CONTENT)
        yield Valid(name=f"cms-detached-{name}", data=message, inputs=with_content)


def _message(
    signers: tuple[str, ...],
    *options: pkcs7.PKCS7Options,
    encoding: serialization.Encoding = serialization.Encoding.DER,
) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT)
    for name in signers:
        signer = make.shared_pki().signers[name]
        builder = builder.add_signer(signer.chain[0], signer.key, hashes.SHA256())
        builder = builder.add_certificate(signer.chain[1])
    return builder.sign(encoding, [pkcs7.PKCS7Options.Binary, *options])
