"""The real `tdh-receipts` beside a real `tdh-sealer`, for tests; and evidence sealed by the latter.

The folder is an operator in small: `Operator` of `proof_samples` cannot be one here, as the maker
wants timestamps and proofs of the same roots.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from evidence_samples import party
from proof_samples import Logged, Operator
from sealer_program import SealerProgram, now

from signing.checkpoint import NoteSigner
from signing.receipt.client import ReceiptsClient
from signing.sealer.key_files import IssuerNames, load_keys
from signing.trust_file import TrustFile, load_trust_file
from tdh.domain.events import EventReason
from tdh.domain.log import HeadToken

PUBLIC_URL = "https://tdh.example.go.th"
THAI = "ที่ปฏิบัติราชการ น้ำ ป่า ปั๊ม ฎีกา ญาติ"
ENVELOPE = json.dumps(
    {
        "date": "2026-11-20",
        "number": "ดศ 0201/๑๒๓๔",
        "salutation": "อธิบดีกรมพัฒนาตัวอย่าง",
        "subject": f"ขอความอนุเคราะห์ข้อมูล{THAI}",
    },
    ensure_ascii=False,
    separators=(",", ":"),
    sort_keys=True,
).encode()
SEQUENCE = {
    "NotificationForAcceptanceFailure": 3,
    "ContentConsignmentFailure": 2,
    "Withdrawal": 2,
    "ConsignmentAcceptance": 3,
    "ConsignmentRejection": 3,
    "AcceptanceRejectionExpiry": 3,
    "ContentConsignment": 4,
    "ContentHandover": 5,
    "ContentHandoverFailure": 5,
}
"""A number that the event may have in a delivery that asks for consent."""
REASONS = {
    "ConsignmentRejection": EventReason(
        code="R_ERDS_MessageRejectedByRecipient", details=("ไม่ใช่ของเรา โปรดส่งไปที่กรมป่าไม้",)
    ),
    "AcceptanceRejectionExpiry": EventReason(code="R_ERDS_MessageNotAcceptedByRecipient"),
    "ContentHandoverFailure": EventReason(
        code="holding-time-ended", details=("documents released: none",)
    ),
    "ContentConsignmentFailure": EventReason(code="mailbox-closed"),
    "NotificationForAcceptanceFailure": EventReason(code="queue-gone"),
    "SubmissionRejection": EventReason(
        code="changed-after-signing",
        details=("เอกสารถูกแก้ไขหลังลงลายมือชื่อ", "Changed after it was signed.", "TOTAL_FAILED"),
    ),
}


class ReceiptOperator(Operator):
    """An operator whose keys are those of a sealer's folder."""

    def __init__(self, program: SealerProgram, names: IssuerNames) -> None:
        super().__init__()
        keys = load_keys(program.keys.files, names)
        self.keys = replace(self.keys, root=program.seal_root, seal=keys.seal, issuer=keys.issuer)
        self.issuer = keys.issuer
        log_key = load_pem_private_key(program.keys.files.log_key.read_bytes(), None)
        self.signer = NoteSigner(name=names.origin, private_key=log_key)  # type: ignore[arg-type]
        self.unit = keys.timestamps
        self.at = now()

    def event(self, event: str, **changes: object) -> Logged:
        """An event of this moment, as it has a page: envelope, particulars, reasons."""
        at = self.at
        particulars = {
            "delivery": "dlv_" + "0" * 24,
            "tracking": "TDH-7K2M-9QXA-4RTD-W8ZP",
            "consignment-mode": "basic" if event == "ContentConsignmentFailure" else "consent",
            "envelope": hashlib.sha256(ENVELOPE).hexdigest(),
            **_particulars(event, at),
        }
        values: dict[str, object] = {
            "event": event,
            "time": at,
            "due": (at + timedelta(days=60)).date() if event == "SubmissionAcceptance" else None,
            "submitted_at": at,
            "recipients": (
                party(
                    "th-citizen-id:1103700012342",
                    name_th=f"นายญาณวุฒิ {THAI}",
                    name_en="Mr. Yannawut Panampum",
                    authenticated_at=at,
                    authentication_method="bearer-token",
                ),
            ),
            "particulars": tuple(particulars.items()),
            "reasons": (REASONS[event],) if event in REASONS else (),
        }
        number = len(self.logged) + 1
        plain = self.facts(number, 1, "SubmissionAcceptance", "consent")
        values["sequence"] = SEQUENCE.get(event, 1)
        sender = replace(plain.sender, authenticated_at=None, authentication_method=None)
        return self.log(replace(plain, sender=sender, **(values | changes)))  # type: ignore[arg-type]

    def own_token(self) -> HeadToken:
        """Our own timestamp over the head as it is now."""
        digest = hashlib.sha256(self.head()).digest()
        return HeadToken(name="", token=self.unit.stamp(digest, serial=7, gen_time=now()))


class ReceiptProgram:
    """Sealer and receipt maker in a folder; `start` and `end`."""

    def __init__(self, folder: Path) -> None:
        self.sealer = SealerProgram(folder)
        self.keys = self.sealer.keys.receipts
        self.socket = folder / "r"
        self.process: subprocess.Popen[str] | None = None

    @property
    def trust(self) -> TrustFile:
        return load_trust_file(self.keys / "trust.json")

    def operator(self) -> ReceiptOperator:
        names = IssuerNames(
            name_th="ผู้ให้บริการทดสอบ",
            name_en="TDH under test",
            policies=("urn:oid:1.3.6.1.4.1.99999.1",),
            origin=self.sealer.keys.vkey.partition("+")[0],
            uri_base="https://tdh.example/ns",
        )
        return ReceiptOperator(self.sealer, names)

    def command(self, **changes: object) -> list[str]:
        values: dict[str, object] = {
            "socket": self.socket,
            "sealer-socket": self.sealer.socket,
            "keys": self.keys,
            "public-url": PUBLIC_URL,
        } | {name.replace("_", "-"): value for name, value in changes.items()}
        words = [f"--{name}={value}" for name, value in values.items()]
        return [sys.executable, "-m", "signing.receipt_maker.process", *words]

    def run(self, **changes: object) -> subprocess.CompletedProcess[str]:
        """Start one that is expected to end by itself."""
        return subprocess.run(
            self.command(**changes), capture_output=True, text=True, check=False, timeout=20
        )

    def start(self) -> None:
        """Start both, and return when they listen."""
        self.sealer.start()
        self.process = subprocess.Popen(self.command(), stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        line = self.process.stderr.readline()
        assert "ready" in line, line + self.process.stderr.read()

    def client(self) -> ReceiptsClient:
        return ReceiptsClient(self.socket, 20.0)

    def end(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        os.kill(self.process.pid, signal.SIGTERM)
        assert self.process.wait(timeout=10) == 0
        self.process.stderr.close()
        self.sealer.end()


def _particulars(event: str, at: datetime) -> dict[str, str]:
    match event:
        case "AcceptanceRejectionExpiry":
            return {"deadline": (at - timedelta(hours=1)).isoformat()}
        case "ConsignmentAcceptance" | "ConsignmentRejection":
            return {"received-at": at.isoformat()}
        case "ContentConsignment":
            return {"holding-until": (at + timedelta(days=30)).isoformat()}
        case "NotificationForAcceptanceFailure":
            return {"channel": "amqp", "final": "yes"}
        case "ContentHandover":
            return {"handover": "acknowledged"}
        case _:
            return {}
