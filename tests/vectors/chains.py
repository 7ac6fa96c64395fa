"""Letters whose signature holds and whose chain does not count: anchors, times, revocation data.

Each comes with what is at hand when it is judged. The lists and answers of `revocation` are among
it, a letter each: `list: expired`, `answer: cut off`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from signing.certificates import (
    Authority,
    LeafUse,
    Sources,
    Subject,
    Validity,
    der,
    make_leaf,
    new_p256_key,
    new_rsa_key,
)
from signing.judge.chain import Material, material_of
from signing.judge.codes import Code
from signing.judge.facts import Brought, NeedKind
from signing.judge.policy import Policy, RevocationMode
from signing.trust import Anchor, Role, TrustFolder
from tests.pki.make import TestSigner, timestamp_reply
from tests.pki.revocation import (
    ALWAYS,
    BEGIN,
    DAY,
    HOUR,
    NOW,
    Line,
    make_answer,
    make_list,
    make_responder,
)
from tests.vectors.cms import CONTENT
from tests.vectors.cms_writing import Recipe, signed
from tests.vectors.revocation import ANSWERS, LISTS, WEB


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter, and what is at hand for its judge."""

    data: bytes
    trust: TrustFolder
    fetched: tuple[Brought, ...] = ()
    policy: Policy = field(default_factory=Policy)

    def material(self) -> Material:
        return material_of(self.trust).with_fetched(self.fetched)


Maker = Callable[[], Letter]
VECTORS: dict[str, tuple[Maker, Code]] = {}
"""Who makes a letter, and what the judge says of it."""


def letter(code: Code) -> Callable[[Maker], Maker]:
    """Enter a letter under its function's name."""

    def enter(maker: Maker) -> Maker:
        VECTORS[maker.__name__.replace("_", "-")] = maker, code
        return maker

    return enter


@cache
def _message(name: str = "both") -> bytes:
    return signed(CONTENT, WEB.signers[name], recipe=Recipe(signed_at=NOW - HOUR))


def _lists(*ders: bytes) -> tuple[Brought, ...]:
    return tuple(Brought(kind=NeedKind.CRL, data=one) for one in ders)


def _answer(der: bytes) -> tuple[Brought, ...]:
    return (Brought(kind=NeedKind.OCSP, data=der),)


def _with(
    signers: tuple[Brought, ...] = (),
    *,
    authority: bytes | None = None,
    policy: Policy | None = None,
) -> Letter:
    """With these data about the signer, and a good list about the authority."""
    return Letter(
        data=_message(),
        trust=WEB.trust,
        fetched=(*_lists(authority or make_list(WEB.root)), *signers),
        policy=policy or Policy(),
    )


def _revoked(at: datetime, serial: int, reason: x509.ReasonFlags | None = None) -> list[Line]:
    return [Line(serial=serial, at=at, reason=reason)]


# --- anchors -------------------------------------------------------------------------------------


def _anchored(*anchors: Anchor, name: str = "none") -> Letter:
    trust = TrustFolder(anchors=anchors)
    lists = _lists(make_list(WEB.root), make_list(WEB.issuing))
    return Letter(data=_message(name), trust=trust, fetched=lists)


@letter(Code.UNKNOWN_ROOT)
def anchor_for_timestamps_only() -> Letter:
    return _anchored(Anchor(der=der(WEB.root.certificate), roles=frozenset({Role.TIMESTAMP})))


@letter(Code.UNKNOWN_ROOT)
def anchor_that_was_retired() -> Letter:
    return _anchored(Anchor(der=der(WEB.root.certificate), valid_until=NOW - DAY))


@letter(Code.UNKNOWN_ROOT)
def anchor_that_begins_later() -> Letter:
    return _anchored(Anchor(der=der(WEB.root.certificate), valid_from=NOW + DAY))


def _short_lived(*, begins: datetime, ends: datetime, serial: int) -> TestSigner:
    key = new_p256_key()
    certificate = make_leaf(
        issuer=WEB.issuing,
        subject=Subject(common_name="Short-lived"),
        public_key=key.public_key(),
        serial=serial,
        validity=Validity(not_before=begins, not_after=ends),
        sources=Sources(crl_url="http://ca.example/issuing.crl"),
    )
    return TestSigner(key=key, chain=(certificate, WEB.issuing.certificate))


@letter(Code.CERTIFICATE_EXPIRED)
def signer_is_an_anchor_and_expired() -> Letter:
    signer = _short_lived(begins=BEGIN, ends=NOW - DAY, serial=60)
    trust = TrustFolder(anchors=(Anchor(der=der(signer.chain[0])),))
    policy = Policy(revocation=RevocationMode.IF_PRESENT)
    return Letter(data=signed(CONTENT, signer), trust=trust, policy=policy)


# --- times ---------------------------------------------------------------------------------------


@cache
def _unit() -> TestSigner:
    key = new_rsa_key()
    certificate = make_leaf(
        issuer=WEB.root,
        subject=Subject(common_name="Unit"),
        public_key=key.public_key(),
        serial=50,
        validity=ALWAYS,
        use=LeafUse.TIMESTAMP,
    )
    return TestSigner(key=key, chain=(certificate,))


def _stamped(signer: TestSigner, at: datetime) -> bytes:
    return signed(CONTENT, signer, recipe=Recipe(timestamp=timestamp_reply(_unit(), at)))


@letter(Code.CERTIFICATE_EXPIRED_NOT_REVOKED)
def signer_expired() -> Letter:
    signer = _short_lived(begins=BEGIN, ends=NOW - DAY, serial=61)
    lists = _lists(make_list(WEB.root), make_list(WEB.issuing, this_update=NOW - 2 * DAY))
    return Letter(
        data=signed(CONTENT, signer),
        trust=WEB.trust,
        fetched=lists,
    )


@letter(Code.SIGNED_AFTER_EXPIRY)
def signed_after_the_certificate_s_end() -> Letter:
    """A content timestamp proves that what was signed is younger than the certificate."""
    signer = _short_lived(begins=BEGIN, ends=NOW - 30 * DAY, serial=66)
    started = timestamp_reply(_unit(), NOW - DAY)
    return Letter(
        data=signed(CONTENT, signer, recipe=Recipe(content_timestamp=started)),
        trust=WEB.trust,
        fetched=_lists(make_list(WEB.root), make_list(WEB.issuing)),
    )


@letter(Code.CERTIFICATE_NOT_YET_VALID)
def timestamp_from_before_the_certificate() -> Letter:
    """Back-dated: a certificate of today under a signature of last year."""
    signer = _short_lived(begins=NOW - DAY, ends=NOW + DAY, serial=62)
    return Letter(
        data=_stamped(signer, NOW - 300 * DAY),
        trust=WEB.trust,
        fetched=_lists(make_list(WEB.root), make_list(WEB.issuing)),
    )


@letter(Code.REVOCATION_UNKNOWN)
def list_from_after_the_certificate_s_end() -> Letter:
    """It was perhaps revoked, and left the list when it expired."""
    signer = _short_lived(begins=BEGIN, ends=NOW - 30 * DAY, serial=63)
    return Letter(
        data=_stamped(signer, NOW - 37 * DAY),
        trust=WEB.trust,
        fetched=_lists(make_list(WEB.root), make_list(WEB.issuing)),
    )


# --- revoked -------------------------------------------------------------------------------------


@letter(Code.CERTIFICATE_REVOKED)
def revoked_by_a_list() -> Letter:
    serial = WEB.certificate().serial_number
    return _with(_lists(make_list(WEB.issuing, _revoked(NOW - DAY, serial))))


@letter(Code.CERTIFICATE_REVOKED)
def revoked_by_an_answer() -> Letter:
    answer = make_answer(WEB.certificate(), WEB.issuing, revoked_at=NOW - DAY)
    return _with(_answer(answer))


@letter(Code.CERTIFICATE_SUSPENDED)
def certificate_on_hold() -> Letter:
    hold = x509.ReasonFlags.certificate_hold
    lines = _revoked(NOW - DAY, WEB.certificate().serial_number, hold)
    return _with(_lists(make_list(WEB.issuing, lines)))


@letter(Code.AUTHORITY_REVOKED)
def authority_revoked() -> Letter:
    lines = _revoked(NOW - DAY, WEB.issuing.certificate.serial_number)
    bad = make_list(WEB.root, lines)
    return _with(_lists(make_list(WEB.issuing)), authority=bad)


@letter(Code.REVOCATION_UNKNOWN)
def nothing_at_hand() -> Letter:
    return _with()


# --- lists that do not count ---------------------------------------------------------------------


@letter(Code.REVOCATION_UNKNOWN)
def list_by_a_key_that_may_sign_none() -> Letter:
    issuing = _signs_no_lists()
    key = new_p256_key()
    certificate = make_leaf(
        issuer=issuing,
        subject=Subject(common_name="Signer"),
        public_key=key.public_key(),
        serial=64,
        validity=ALWAYS,
        sources=Sources(crl_url="http://ca.example/issuing.crl"),
    )
    signer = TestSigner(key=key, chain=(certificate, issuing.certificate))
    lists = _lists(make_list(WEB.root), make_list(issuing))
    return replace(_with(), data=signed(CONTENT, signer), fetched=lists)


def _signs_no_lists() -> Authority:
    """An authority whose key may sign certificates only."""
    key = new_p256_key()
    usage = x509.KeyUsage(False, False, False, False, False, True, False, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(WEB.issuing.certificate.subject)
        .issuer_name(WEB.root.certificate.subject)
        .public_key(key.public_key())
        .serial_number(65)
        .not_valid_before(BEGIN)
        .not_valid_after(NOW + 365 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
    return Authority(certificate=builder.sign(WEB.root.key, hashes.SHA256()), key=key)


@letter(Code.REVOCATION_UNKNOWN)
def list_older_than_the_policy_takes() -> Letter:
    age = int(timedelta(days=7).total_seconds())
    policy = Policy(revocation=RevocationMode.ACCEPT_OLDER, max_revocation_age_seconds=age)
    old = make_list(WEB.issuing, this_update=NOW - 8 * DAY, next_update=NOW - 7 * DAY)
    return _with(_lists(old), policy=policy)


# --- answers that do not count -------------------------------------------------------------------


@letter(Code.REVOCATION_UNKNOWN)
def answer_of_a_revoked_responder() -> Letter:
    responder = make_responder(WEB.issuing, never_checked=False, crl_url="http://ca.example/r.crl")
    lines = _revoked(NOW - DAY, responder.certificate.serial_number)
    about_it = make_list(WEB.issuing, lines, this_update=NOW - DAY, next_update=NOW - HOUR)
    answer = make_answer(WEB.certificate(), WEB.issuing, responder)
    return _with((*_lists(about_it), *_answer(answer)))


def _enter(name: str, brought: tuple[Brought, ...]) -> None:
    VECTORS[name] = (lambda: _with(brought)), Code.REVOCATION_UNKNOWN


for fault, data in LISTS.items():
    _enter(f"list: {fault}", _lists(data))
for fault, data in ANSWERS.items():
    _enter(f"answer: {fault}", _answer(data))
