"""Lists and answers about one certificate that do not count, each by its fault."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from signing.certificates import Subject, Validity, make_root, new_p256_key
from tests.pki.revocation import (
    ALWAYS,
    BEGIN,
    DAY,
    HOUR,
    NOW,
    Extensions,
    Responder,
    make_answer,
    make_list,
    make_refusal,
    make_responder,
    make_web,
)

WEB = make_web()
SIGNER = WEB.certificate()
WEEK = 7 * DAY


def scope(**fields: object) -> Extensions:
    """An issuing distribution point."""
    every = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return [(x509.IssuingDistributionPoint(**(every | fields)), True)]  # type: ignore[arg-type]  # fields by name


def url(text: str) -> list[x509.GeneralName]:
    return [x509.UniformResourceIdentifier(text)]


def altered(data: bytes) -> bytes:
    """The last byte belongs to the signature."""
    return data[:-1] + bytes([data[-1] ^ 1])


STRANGER = make_root(
    subject=Subject(common_name="Web Issuing"), key=new_p256_key(), serial=2, validity=ALWAYS
)
RENAMED = make_root(
    subject=Subject(common_name="Another Name"), key=WEB.issuing.key, serial=2, validity=ALWAYS
)
UNKNOWN_CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
LISTS = {
    "of another issuer with the same name": make_list(STRANGER),
    "of another name, by the issuer's key": make_list(RENAMED),
    "of another issuer": make_list(WEB.root),
    "expired": make_list(WEB.issuing, this_update=NOW - WEEK, next_update=NOW - HOUR),
    "from the future": make_list(WEB.issuing, this_update=NOW + HOUR),
    "delta": make_list(WEB.issuing, extensions=[(x509.DeltaCRLIndicator(1), True)]),
    "delta, not critical": make_list(WEB.issuing, extensions=[(x509.DeltaCRLIndicator(1), False)]),
    "indirect": make_list(WEB.issuing, extensions=scope(indirect_crl=True)),
    "critical extension": make_list(WEB.issuing, extensions=[(UNKNOWN_CRITICAL, True)]),
    "for authorities only": make_list(WEB.issuing, extensions=scope(only_contains_ca_certs=True)),
    "for attributes only": make_list(
        WEB.issuing, extensions=scope(only_contains_attribute_certs=True)
    ),
    "for some reasons only": make_list(
        WEB.issuing,
        extensions=scope(only_some_reasons=frozenset([x509.ReasonFlags.superseded])),
    ),
    "of another distribution point": make_list(
        WEB.issuing, extensions=scope(full_name=url("http://ca.example/other.crl"))
    ),
    "weak digest": make_list(WEB.issuing, digest=hashes.SHA224()),
    "altered": altered(make_list(WEB.issuing)),
    "unknown version": make_list(WEB.issuing).replace(b"\x02\x01\x01", b"\x02\x01\x7f", 1),
    "no list": b"\x30\x03\x02\x01\x05",
}


NAMESAKE = Responder(
    key=STRANGER.key,
    certificate=STRANGER.certificate,
    embedded=(STRANGER.certificate,),
    by_name=True,
)
RIGHT = make_responder(WEB.issuing)
MISNAMED = Responder(
    key=RIGHT.key,
    certificate=make_responder(WEB.issuing, name="Somebody Else", key=RIGHT.key).certificate,
    embedded=RIGHT.embedded,
    by_name=True,
)
OTHER_LEAF = WEB.certificate("answer")
LATE = Validity(not_before=BEGIN, not_after=NOW - DAY)
ANSWERS = {
    "unknown": make_answer(SIGNER, WEB.issuing, unknown=True),
    "about another certificate": make_answer(OTHER_LEAF, WEB.issuing),
    "signed by a stranger of the issuer's name": make_answer(SIGNER, WEB.issuing, NAMESAKE),
    "signature altered": altered(make_answer(SIGNER, WEB.issuing)),
    "responder of a stranger": make_answer(SIGNER, WEB.issuing, make_responder(STRANGER)),
    "responder of the root": make_answer(SIGNER, WEB.issuing, make_responder(WEB.root)),
    "responder for other things": make_answer(
        SIGNER, WEB.issuing, make_responder(WEB.issuing, purpose=None)
    ),
    "responder that may not sign": make_answer(
        SIGNER, WEB.issuing, make_responder(WEB.issuing, key_usage=False)
    ),
    "responder expired": make_answer(
        SIGNER, WEB.issuing, make_responder(WEB.issuing, validity=LATE)
    ),
    "another signer of the same issuer": make_answer(
        SIGNER,
        WEB.issuing,
        make_responder(WEB.issuing, purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION),
    ),
    "responder of another name": make_answer(SIGNER, WEB.issuing, MISNAMED),
    "expired": make_answer(SIGNER, WEB.issuing, this_update=NOW - WEEK, next_update=NOW - HOUR),
    "from the future": make_answer(SIGNER, WEB.issuing, this_update=NOW + HOUR),
    "old without next update": make_answer(
        SIGNER, WEB.issuing, this_update=NOW - 2 * HOUR, next_update=None
    ),
    "critical extension": make_answer(SIGNER, WEB.issuing, extensions=[(UNKNOWN_CRITICAL, True)]),
    "weak digest": make_answer(SIGNER, WEB.issuing, digest=hashes.SHA224()),
    "try later": make_refusal(),
    "cut off": make_answer(SIGNER, WEB.issuing)[:-9],
}
