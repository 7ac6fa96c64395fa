"""Validation data that a CMS message brings along: in its fields, attributes and timestamps.

RFC 5652, 10.2.1 (crls; RFC 5940 for OCSP answers in it); ETSI EN 319 122-1, 5.4 and annex A.1
(certificate-values, revocation-values). As with every document such data help and are never
trusted by themselves. What cannot be parsed is left out.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from asn1crypto import cms, core, crl, ocsp, x509

from signing.judge.brought import MAX_ITEMS, Brought
from signing.judge.pdf_reading import LIBRARY_TROUBLE

_CERTIFICATE_VALUES = "1.2.840.113549.1.9.16.2.23"
_REVOCATION_VALUES = "1.2.840.113549.1.9.16.2.24"
_TOKENS = frozenset({"signature_time_stamp_token", "content_time_stamp", "0.4.0.1733.2.4"})
_MAX_DEPTH = 3
"""A signature, its timestamp, a timestamp of that."""


class _Certificates(core.SequenceOf):  # type: ignore[misc]  # asn1crypto is not typed
    _child_spec = x509.Certificate


class _Lists(core.SequenceOf):  # type: ignore[misc]  # asn1crypto is not typed
    _child_spec = crl.CertificateList


class _Answers(core.SequenceOf):  # type: ignore[misc]  # asn1crypto is not typed
    _child_spec = ocsp.BasicOCSPResponse


class _RevocationValues(core.Sequence):  # type: ignore[misc]  # asn1crypto is not typed
    _fields = [  # noqa: RUF012 - how asn1crypto is told of fields
        ("crls", _Lists, {"explicit": 0, "optional": True}),
        ("ocsps", _Answers, {"explicit": 1, "optional": True}),
        ("others", core.Any, {"explicit": 2, "optional": True}),
    ]


def from_message(signed_data: cms.SignedData) -> Brought:
    """Read what the message holds besides its signers' certificates."""
    whole = Brought()
    _read(signed_data, whole, depth=0)
    return Brought(
        certificates=whole.certificates[:MAX_ITEMS],
        crls=whole.crls[:MAX_ITEMS],
        ocsps=whole.ocsps[:MAX_ITEMS],
    )


def has_revocation_data(signed_data: cms.SignedData, info: cms.SignerInfo) -> bool:
    """Whether revocation data are kept with this signer's signature (EN 319 122-1, 6.3)."""
    in_attribute = any(
        attribute["type"].native == _REVOCATION_VALUES for attribute in _set(info["unsigned_attrs"])
    )
    return in_attribute or bool(_set(signed_data["crls"]))


def _read(signed_data: cms.SignedData, whole: Brought, *, depth: int) -> None:
    for choice in islice(_set(signed_data["certificates"]), MAX_ITEMS):
        _take(partial(_certificate, choice, whole))
    for choice in islice(_set(signed_data["crls"]), MAX_ITEMS):
        _take(partial(_revocation, choice, whole))
    for info in islice(_set(signed_data["signer_infos"]), MAX_ITEMS):
        for name in ("signed_attrs", "unsigned_attrs"):
            for attribute in islice(_set(info[name]), MAX_ITEMS):
                _take(partial(_attribute, attribute, whole, depth))


def _certificate(choice: cms.CertificateChoices, whole: Brought) -> None:
    if choice.name == "certificate":
        whole.certificates.append(choice.chosen.untag())


def _revocation(choice: cms.RevocationInfoChoice, whole: Brought) -> None:
    if choice.name == "crl":
        whole.crls.append(choice.chosen)
    elif choice.chosen["other_rev_info_format"].native == "ocsp_response":
        answer = choice.chosen["other_rev_info"].parsed
        _ = answer.response_data  # parses it: a damaged one is left out
        whole.ocsps.append(answer)


def _attribute(attribute: cms.CMSAttribute, whole: Brought, depth: int) -> None:
    kind = attribute["type"].native
    if kind not in {_CERTIFICATE_VALUES, _REVOCATION_VALUES, *_TOKENS}:
        return
    for value in islice(attribute["values"], MAX_ITEMS):
        der = value.dump()
        if kind == _CERTIFICATE_VALUES:
            whole.certificates.extend(_Certificates.load(der, strict=True))
        elif kind == _REVOCATION_VALUES:
            values = _RevocationValues.load(der, strict=True)
            whole.crls.extend(_set(values["crls"]))
            whole.ocsps.extend(_answer(basic) for basic in _set(values["ocsps"]))
        elif depth < _MAX_DEPTH:
            _read(cms.ContentInfo.load(der, strict=True)["content"], whole, depth=depth + 1)


def _answer(basic: ocsp.BasicOCSPResponse) -> ocsp.OCSPResponse:
    """EN 319 122-1 keeps basic responses; validators want them wrapped (RFC 6960, 4.2.1)."""
    return ocsp.OCSPResponse(
        {
            "response_status": "successful",
            "response_bytes": {
                "response_type": "basic_ocsp_response",
                "response": core.ParsableOctetString(basic.dump()),
            },
        }
    )


def _set(items: Any) -> Sequence[Any] | Iterator[Any]:
    return () if items is None or isinstance(items, core.Void) else items


def _take(read: Callable[[], None]) -> None:
    try:
        read()
    except LIBRARY_TROUBLE:
        return
