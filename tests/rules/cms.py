"""Rules about CMS messages. The documents are in `tests/vectors/cms.py` and `cms_odd.py`."""

import binascii
from collections.abc import Callable
from typing import Any

from signing.judge.algorithms import DIGESTS
from signing.judge.ber import to_der
from signing.judge.codes import Code
from signing.judge.judgement import whole
from tests.rules.asking import careful, codes
from tests.rules.rule import ACCEPTED, Rule, always, nothing
from tests.vectors import cms, cms_odd
from tests.vectors.cms import kit

VECTORS = cms.VECTORS | cms_odd.VECTORS


def enclosed_content(message: Any, inputs: Any) -> bytes | None:
    """Whatever else came along."""
    return inputs.content if message.content is None else message.content


def first_element(data: bytes) -> bytes:
    """Whatever follows it."""
    head = 2 if data[1] < 0x80 else 2 + (data[1] & 0x7F)
    length = data[1] if data[1] < 0x80 else int.from_bytes(data[2:head])
    return to_der(data[: head + length])


def between_the_lines(data: bytes) -> bytes:
    """The base64 of an armor, whatever stands around it."""
    if not data.startswith(b"-----BEGIN "):
        return data
    return binascii.a2b_base64(data.split(b"-----")[2])


def whatever_is_enclosed(rest: Any) -> bytes | None:
    return rest[0].children()[0].content if rest else None


def certificate_of_the_number(signed_data: Any) -> tuple[Any, tuple[Any, ...]]:
    """The certificate that the signer names, whatever its attributes bind."""
    (info,) = signed_data["signer_infos"]
    number = info["sid"].chosen["serial_number"].native
    every = tuple(one.chosen for one in signed_data["certificates"])
    return next(one for one in every if one.serial_number == number), every


def one_is_enough(inputs: Any, signatures: Any, kind: Any, notes: Any = ()) -> Any:
    held = [one for one in signatures if one.code is Code.SIGNATURE_VALID]
    return whole(inputs, held or signatures, kind=kind, notes=notes)


def unchanged(one: Any, *_: object, **__: object) -> Any:
    return one


def _rule(  # noqa: PLR0917 - a row of the table
    function: str,
    vector: str,
    about: str,
    source: str,
    without: str = ACCEPTED,
    instead: Callable[..., Any] | object = nothing,
) -> Rule:
    found = VECTORS[vector]
    return Rule(
        about=about,
        source=source,
        function=f"signing.judge.{function}",
        vector=vector,
        ask=careful(lambda: found.make(kit()), content=found.content),
        answers=codes(found.codes),
        without=without,
        instead=instead,
    )


RULES = (
    _rule(
        "disguise.check_nothing_else",
        "an-archive-in-an-unsigned-attribute",
        "What no signature covers holds no other document.",
        "our rule; ISO 32000-2, 7.5.5; APPNOTE 4.3.16",
    ),
    _rule(
        "ber.to_der",
        "bytes-after-the-message",
        "Nothing stands behind the message.",
        "rule 3; RFC 5652, 3",
        instead=first_element,
    ),
    _rule(
        "cms_reader._unwrapped",
        "text-before-the-armor-s-end",
        "An armor holds one block of base64 and nothing else.",
        "RFC 7468, 3, 9",
        instead=between_the_lines,
    ),
    _rule(
        "cms_reader._octets",
        "content-that-is-no-octet-string",
        "What is enclosed is one OCTET STRING.",
        "RFC 5652, 5.2",
        instead=whatever_is_enclosed,
    ),
    _rule(
        "cms_checks.check_fields",
        "a-field-behind-the-last-of-a-signer",
        "A message and its signers have the fields of the standard and no other.",
        "rule 6; RFC 5652, 5.1, 5.3",
    ),
    _rule(
        "cades._check_versions",
        "version-that-is-none",
        "Message and signer have a version that there is.",
        "RFC 5652, 5.1, 5.3",
    ),
    _rule(
        "cades._content",
        "attached-beside-other-content",
        "What came along is what is enclosed.",
        "our rule; EN 319 122-1, 4",
        instead=enclosed_content,
    ),
    _rule(
        "judgement.rewritten",
        "detached-without-content",
        "What a detached signature signs came along.",
        "EN 319 102-1, 5.2.2 (SIGNED_DATA_NOT_FOUND)",
        instead=unchanged,
    ),
    _rule(
        "cades._check_counts",
        "twenty-six-signers",
        "There are not more signers than can be judged.",
        "our rule",
    ),
    _rule(
        "cades._check_counts",
        "thirty-certificates",
        "There are not more certificates than paths can be built of.",
        "our rule",
    ),
    _rule(
        "cades.combined",
        "second-signer-revoked",
        "Every signer holds, unless the policy says otherwise.",
        "EN 319 102-1, 5.1.4.2",
        instead=one_is_enough,
    ),
    _rule(
        "cms_checks.check_signed_attributes",
        "no-signed-attributes",
        "There are signed attributes, with the content's type and digest.",
        "rule 6; RFC 5652, 11.1, 11.2",
    ),
    _rule(
        "cms_checks.check_signed_attributes",
        "message-digest-twice",
        "Each signed attribute stands once, with one value.",
        "rule 6; RFC 5652, 11",
        "signed-attributes-missing",
    ),
    _rule(
        "cades._check_binding",
        "two-signing-certificates-of-both-kinds",
        "One attribute binds the signer's certificate.",
        "EN 319 122-1, 5.2.2",
        instead=always(value=True),
    ),
    _rule(
        "cms_checks.signer_certificate",
        "bound-to-another-certificate",
        "The certificate that signed is the one that is bound.",
        "rule 6; RFC 5035, 4",
        "signed-attributes-missing",
        certificate_of_the_number,
    ),
    _rule(
        "cms_checks.check_integrity",
        "content-altered",
        "The signed digest is the content's.",
        "EN 319 102-1, 5.2.7; RFC 5652, 5.6",
    ),
    _rule(
        "cms_checks.check_integrity",
        "signature-altered",
        "The signature is the key's.",
        "EN 319 102-1, 5.2.7; RFC 5652, 5.6",
    ),
    _rule(
        "cms_checks.check_integrity",
        "content-type-not-the-signed-one",
        "The type of the content is the signed one.",
        "RFC 5652, 11.1",
    ),
    _rule(
        "cms_checks.check_integrity",
        "attributes-signed-in-another-order-than-der",
        "What is signed is the attributes' DER.",
        "RFC 5652, 5.4; X.690, 11.6",
    ),
    _rule(
        "cms_checks.check_algorithms",
        "digest-sha1",
        "Digest, mechanism and key are strong enough.",
        "rule 7; EN 319 102-1, 5.2.8; TS 119 312",
    ),
    _rule(
        "algorithms.DIGESTS",
        "digest-sha1-with-pss",
        "Digests are SHA-2 and SHA-3 from 256 bits.",
        "TS 119 312, 5.2; SOG-IS agreed mechanisms, 2.3",
        instead=DIGESTS | {"sha1"},
    ),
    _rule(
        "algorithms._mechanism_is_strong",
        "certified-with-sha1",
        "Certificates are signed by strong mechanisms, too.",
        "TS 119 312, 5.3",
        instead=always(value=True),
    ),
    _rule(
        "algorithms.MIN_RSA_BITS",
        "key-of-1024-bits",
        "RSA keys have 2,048 bits or more.",
        "TS 119 312, 6.2",
        instead=512,
    ),
    _rule(
        "algorithms.MIN_CURVE_BITS",
        "curve-of-224-bits",
        "Elliptic curves have 256 bits or more.",
        "TS 119 312, 6.2",
        instead=192,
    ),
    _rule(
        "signer_rules.check_key_usage",
        "timestamping-unit-signs",
        "A key for other things signs no document.",
        "RFC 5280, 4.2.1.3, 4.2.1.12",
    ),
    _rule(
        "signer_rules.after_the_fact",
        "signed-after-revocation",
        "Who provably signed after revocation has failed for good.",
        "EN 319 102-1, 5.3.4",
        "certificate-revoked",
        unchanged,
    ),
)
