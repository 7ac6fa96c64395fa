"""An own public-key infrastructure and PDFs for tests: every fault has a name.

`make_pki(folder)` writes a trust folder and gives signers; `sign_pdf(simple_pdf("…"), signer)`
makes a signed letter. Keys are fresh in each run, times are fixed. `shared_pki()` makes one for the
whole test session. Faulty documents are in `tests/pki/faults.py`.
"""

import functools
import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

from signing import pades
from signing.certificates import (
    Authority,
    LeafUse,
    PrivateKey,
    Revocation,
    Sources,
    Subject,
    Validity,
    der,
    make_crl,
    make_intermediate,
    make_leaf,
    make_root,
    new_p256_key,
    new_rsa_key,
    pem,
)

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2044, 1, 1, tzinfo=UTC)
REVOKED_AT = datetime(2026, 3, 1, tzinfo=UTC)
EXPIRED_AT = datetime(2026, 6, 1, tzinfo=UTC)
SIGNED_AT = datetime(2026, 2, 1, 9, 30, tzinfo=UTC)
"""Before both of these: whether a signature survives them depends on its timestamp."""
JUDGED_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LISTED_AT = JUDGED_AT - timedelta(days=200)
"""When the revocation lists were issued."""
PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F1 5 0 R >> >> >>"
)
ALWAYS = Validity(not_before=BEGIN, not_after=END)
SOURCES = Sources(crl_url="http://crl.invalid/issuing.crl")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSigner:
    """A key with the certificates to embed beside its signatures."""

    __test__ = False

    key: PrivateKey
    chain: Sequence[x509.Certificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pki:
    """A root, an issuing authority, signers good and bad, a timestamping unit."""

    folder: Path
    root: Authority
    issuing: Authority
    signers: Mapping[str, TestSigner]
    timestamper: TestSigner
    stranger_timestamper: TestSigner

    @property
    def trust_folder(self) -> Path:
        """Root as anchor, issuing authority as helper, revocation lists of both."""
        return self.folder / "trust"

    @property
    def trust_without_lists(self) -> Path:
        """The same without revocation lists."""
        return self.folder / "trust-without-lists"

    def timestamp(self, at: datetime, *, by: TestSigner | None = None) -> pades.TimestampReply:
        """A timestamping authority whose clock stands still."""
        return timestamp_reply(by or self.timestamper, at)


@functools.cache
def shared_pki() -> Pki:
    """One PKI for the whole run; its folder lives as long as the process."""
    folder = tempfile.TemporaryDirectory(prefix="tdh-test-pki-")
    _KEPT.append(folder)
    return make_pki(Path(folder.name))


_KEPT: list[tempfile.TemporaryDirectory[str]] = []


def make_pki(folder: Path) -> Pki:
    """Make everything and write the trust folders below `folder`."""
    root = make_root(
        subject=Subject(common_name="TDH Test Root"), key=new_p256_key(), serial=1, validity=ALWAYS
    )
    issuing = make_intermediate(
        issuer=root,
        subject=Subject(common_name="TDH Test Issuing"),
        key=new_p256_key(),
        serial=2,
        validity=ALWAYS,
        sources=Sources(crl_url="http://crl.invalid/root.crl"),
    )
    stranger = make_root(
        subject=Subject(common_name="Nobody's Root"), key=new_p256_key(), serial=1, validity=ALWAYS
    )
    pki = Pki(
        folder=folder,
        root=root,
        issuing=issuing,
        signers=_signers(issuing, stranger),
        timestamper=_timestamper(root, serial=90),
        stranger_timestamper=_timestamper(stranger, serial=91),
    )
    _write_trust(pki, pki.trust_folder)
    _write_trust(pki, pki.trust_without_lists, lists=False)
    return pki


def _signers(issuing: Authority, stranger: Authority) -> dict[str, TestSigner]:
    expired = Validity(not_before=BEGIN, not_after=EXPIRED_AT)
    later = Validity(not_before=JUDGED_AT + timedelta(days=30), not_after=END)
    return {
        "good": _signer(issuing, "กรมทดสอบ", serial=10),
        "rsa": _signer(issuing, "RSA Signer", serial=11, key=new_rsa_key()),
        "ed25519": _signer(
            issuing, "Ed25519 Signer", serial=12, key=ed25519.Ed25519PrivateKey.generate()
        ),
        "expired": _signer(issuing, "Expired Signer", serial=13, validity=expired),
        "not-yet-valid": _signer(issuing, "Early Signer", serial=14, validity=later),
        "revoked": _signer(issuing, "Revoked Signer", serial=15),
        "revoked-without-source": _signer(
            issuing, "Revoked, Names No Source", serial=16, sources=Sources()
        ),
        "without-source": _signer(issuing, "Names No Source", serial=17, sources=Sources()),
        "stranger": _signer(stranger, "Stranger", serial=18),
        "weak-key": _signer(issuing, "Weak Key", serial=19, key=new_rsa_key(1024)),
        "wrong-usage": _signer(issuing, "Timestamping Unit", serial=20, use=LeafUse.TIMESTAMP),
    }


def _signer(
    issuer: Authority,
    name: str,
    *,
    serial: int,
    key: PrivateKey | None = None,
    validity: Validity = ALWAYS,
    sources: Sources = SOURCES,
    use: LeafUse = LeafUse.SIGN_DOCUMENTS,
) -> TestSigner:
    key = key or new_p256_key()
    certificate = make_leaf(
        issuer=issuer,
        subject=Subject(common_name=name, organization="TDH Test"),
        public_key=key.public_key(),
        serial=serial,
        validity=validity,
        sources=sources,
        use=use,
    )
    return TestSigner(key=key, chain=(certificate, issuer.certificate))


def _timestamper(issuer: Authority, *, serial: int) -> TestSigner:
    key = new_rsa_key()
    certificate = make_leaf(
        issuer=issuer,
        subject=Subject(common_name="TDH Test Timestamping Unit"),
        public_key=key.public_key(),
        serial=serial,
        validity=ALWAYS,
        use=LeafUse.TIMESTAMP,
    )
    return TestSigner(key=key, chain=(certificate,))


def revocation_lists(
    pki: Pki, *, this_update: datetime = LISTED_AT, next_update: datetime = END
) -> dict[str, bytes]:
    """The lists of both authorities by file name; serials 15 and 16 are revoked."""
    revoked = [Revocation(serial=serial, revoked_at=REVOKED_AT) for serial in (15, 16)]
    make = functools.partial(make_crl, this_update=this_update, next_update=next_update, number=1)
    return {
        "root.crl": make(issuer=pki.root, revoked=[]),
        "issuing.crl": make(issuer=pki.issuing, revoked=revoked),
    }


def _write_trust(pki: Pki, folder: Path, *, lists: bool = True) -> None:
    (folder / "intermediates").mkdir(parents=True)
    (folder / "root.pem").write_bytes(pem(pki.root.certificate))
    (folder / "intermediates" / "issuing.pem").write_bytes(pem(pki.issuing.certificate))
    if lists:
        for name, content in revocation_lists(pki).items():
            (folder / name).write_bytes(content)


def timestamp_reply(signer: TestSigner, at: datetime) -> pades.TimestampReply:
    """An RFC 3161 authority as a function; RSA only."""
    private = signer.key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(der(signer.chain[0])),
        keys.PrivateKeyInfo.load(private),
        fixed_dt=at,
    )

    def reply(request: bytes) -> bytes:
        answer: bytes = stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()
        return answer

    return reply


def simple_pdf(text: str = "Hello", *, size: int = 0, catalog: bytes = b"") -> bytes:
    """A PDF of one page. `size`: pad with random-looking bytes to about so many.

    `catalog` is put into the document catalog, for faults.
    """
    drawing = b"BT /F1 24 Tf 72 720 Td (%s) Tj ET" % text.encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s>>" % catalog,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        PAGE,
        _stream(drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    if size:
        objects.append(_stream(_noise(size)))
    return assemble(objects)


def assemble(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """Write objects 1, 2, … as a PDF with a cross-reference table; object 1 is the catalog."""
    content, offsets = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), []
    for number, item in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    content += b"trailer\n<< /Size %d /Root 1 0 R %s>>\n" % (len(objects) + 1, trailer)
    content += b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(content)


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _noise(size: int) -> bytes:
    return hashlib.shake_256(b"padding").digest(size)


def sign_pdf(
    pdf: bytes,
    signer: TestSigner,
    *,
    signed_at: datetime = SIGNED_AT,
    timestamp: pades.TimestampReply | None = None,
    field_name: str = "Signature1",
    digest: str | None = None,
    pades_profile: bool = True,
) -> bytes:
    """Sign as the program does: B-B, with `timestamp` B-T."""
    return pades.sign_pdf(
        pdf,
        key=signer.key,
        chain=signer.chain,
        signed_at=signed_at,
        field_name=field_name,
        timestamp=timestamp,
        digest=digest,
        pades=pades_profile,
    )
