"""Receipts without a process: an operator whose keys seal all of it in memory."""

import hashlib
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from asn1crypto import tsp
from cryptography import x509
from pyhanko.sign.timestamps import TimeStamper

from signing import certificates as made
from signing import timestamps
from signing.receipt.attachments import attachments_of
from signing.receipt.messages import Material
from signing.receipt.page import make_page, maker
from signing.receipt.statement import Statement
from signing.receipt_maker.seal import ReceiptKey, Sealing, ValidationData
from signing.seals import Seal
from signing.timestamps import TimestampAuthority
from signing.trust_file import TrustFile
from tdh.domain.log import HeadToken
from tests.evidence_samples import issuer_of
from tests.proof_samples import AT, VALIDITY, Logged, Operator

SERIALS = iter(range(1000, 1 << 40))


def authority(name: str) -> made.Authority:
    return made.make_root(
        subject=made.Subject(common_name=name),
        key=made.new_p256_key(),
        serial=next(SERIALS),
        validity=VALIDITY,
    )


def leaf(root: made.Authority, name: str, use: made.LeafUse, organization: str | None = "TDH"):
    key = made.new_p256_key()
    certificate = made.make_leaf(
        issuer=root,
        subject=made.Subject(common_name=name, organization=organization),
        public_key=key.public_key(),
        serial=next(SERIALS),
        validity=VALIDITY,
        use=use,
    )
    return key, certificate


class LocalStamper(TimeStamper):
    """Our own unit, asked without a socket."""

    def __init__(self, unit: TimestampAuthority) -> None:
        super().__init__()
        self._unit = unit

    async def async_request_tsa_response(self, req):
        request = timestamps.parse_request(req.dump())
        token = self._unit.answer(request, serial=next(SERIALS), gen_time=AT)
        return tsp.TimeStampResp.load(timestamps.reply(token))


class LocalSealing(Sealing):
    """Seals with a unit in memory instead of the sealer's socket."""

    def __init__(self, key: ReceiptKey, unit: TimestampAuthority) -> None:
        super().__init__(key, Path("/nonexistent"), lambda: AT)
        self._unit = unit

    @asynccontextmanager
    async def _stamper(self):
        yield LocalStamper(self._unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """An operator with a receipt key."""

    operator: Operator
    unit: TimestampAuthority
    sealing: LocalSealing
    data: ValidationData
    trust: TrustFile

    def receipt(self, logged: Logged, made_with: str | None = None) -> bytes:
        """A receipt of this evidence as the program makes it, or says that another version did."""
        operator = self.operator
        digest = hashlib.sha256(operator.head()).digest()
        token = self.unit.stamp(digest, serial=next(SERIALS), gen_time=AT)
        material = Material(
            xml=logged.xml,
            proof=operator.proof(logged),
            tokens=(HeadToken(name="", token=token),),
            record=None,
            envelope=None,
        )
        statement = Statement(
            edition=1,
            made_with=made_with or maker(),
            public_url="https://tdh.example.go.th",
            seal_root=bytes(32),
            is_anchored=False,
            anchor_th="-",
            anchor_en="-",
            stamped_at=AT,
            recorded_at=None,
            provable_until=None,
        )
        page = make_page(attachments_of(material, statement.text()))
        pdf = page.pdf
        if made_with is not None:
            pdf = pdf.replace(b"(Typst 0.", b"(Other 0.")
            assert pdf != page.pdf
        return self.sealing.seal_pdf(pdf, self.data)


def printer(organization: str | None = "TDH") -> Printer:
    """`organization`: in the certificate of the receipts' seal."""
    seal_root, tsa_root = authority("Seal Root"), authority("Timestamp Root")
    seal_key, seal = leaf(seal_root, "Seal 1", made.LeafUse.SIGN_DOCUMENTS)
    receipt_key, receipt = leaf(seal_root, "Receipts 1", made.LeafUse.SIGN_RECEIPTS, organization)
    unit_key, unit_certificate = leaf(tsa_root, "Timestamp 1", made.LeafUse.TIMESTAMP)
    unit = TimestampAuthority(
        key=unit_key,
        chain=[unit_certificate],
        policy_oid="1.3.6.1.4.1.55555.1.1",
        accuracy=timedelta(seconds=1),
    )
    operator = Operator()
    operator.keys = replace(
        operator.keys,
        root=seal_root.certificate,
        seal=Seal(key=seal_key, chain=(seal,)),
        issuer=issuer_of(seal),
    )
    operator.issuer = operator.keys.issuer
    lists = [
        made.make_crl(
            issuer=root,
            revoked=(),
            this_update=VALIDITY.not_before,
            next_update=VALIDITY.not_after,
            number=1,
        )
        for root in (seal_root, tsa_root)
    ]
    roots: tuple[x509.Certificate, ...] = (seal_root.certificate, tsa_root.certificate)
    return Printer(
        operator=operator,
        unit=unit,
        sealing=LocalSealing(ReceiptKey(key=receipt_key, chain=(receipt,)), unit),
        data=ValidationData(roots=roots, revocation_lists=lists),
        trust=TrustFile(
            seal_roots=roots[:1], tsa_roots=roots[1:], logs=(operator.signer.verifier,)
        ),
    )
