"""A verdict as plain JSON values and back: the shape that `tdh validate --json` prints.

The one place for it: the judge's child, the database and the HTTP interface all use this. Verdicts
that were stored before a field existed read as its default.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from tdh.domain.verdicts import (
    AlgorithmFinding,
    Indication,
    Reason,
    RevocationFinding,
    RevocationStatus,
    SignatureKind,
    SignatureLevel,
    SignatureType,
    SignatureVerdict,
    Signer,
    SubIndication,
    Verdict,
)

Plain = dict[str, Any]
Member = TypeVar("Member", bound=StrEnum)


def verdict_to_plain(verdict: Verdict) -> Plain:
    """Plain values for JSON; times as RFC 3339 text."""
    return {
        "indication": verdict.indication.value,
        "sub_indication": _value(verdict.sub_indication),
        "reason": _reason_to_plain(verdict.reason),
        "kind": _value(verdict.kind),
        "policy": verdict.policy,
        "trust_version": verdict.trust_version,
        "evaluated_at": verdict.evaluated_at.isoformat(),
        "provisional": verdict.provisional,
        "signatures": [_signature_to_plain(signature) for signature in verdict.signatures],
    }


def verdict_from_plain(plain: Mapping[str, Any]) -> Verdict:
    """Inverse of `verdict_to_plain`. Raises KeyError or ValueError for anything else."""
    return Verdict(
        indication=Indication(plain["indication"]),
        sub_indication=_member(SubIndication, plain["sub_indication"]),
        reason=_reason_from_plain(plain["reason"]),
        kind=_member(SignatureKind, plain["kind"]),
        policy=str(plain["policy"]),
        trust_version=str(plain["trust_version"]),
        evaluated_at=_instant(plain["evaluated_at"]),
        provisional=plain.get("provisional", False) is True,
        signatures=tuple(_signature_from_plain(item) for item in plain["signatures"]),
    )


def _signature_to_plain(signature: SignatureVerdict) -> Plain:
    return {
        "field": signature.field,
        "indication": signature.indication.value,
        "sub_indication": _value(signature.sub_indication),
        "reason": None if signature.reason is None else _reason_to_plain(signature.reason),
        "level": _value(signature.level),
        "type": _value(signature.type),
        "signer": None if signature.signer is None else _signer_to_plain(signature.signer),
        "claimed_time": _time_to_plain(signature.claimed_time),
        "proven_time": _time_to_plain(signature.proven_time),
        "covers": list(signature.covers),
        "algorithms": [
            {"use": item.use, "name": item.name, "accepted": item.accepted}
            for item in signature.algorithms
        ],
        "revocation": [_finding_to_plain(item) for item in signature.revocation],
    }


def _signature_from_plain(plain: Mapping[str, Any]) -> SignatureVerdict:
    reason, signer = plain.get("reason"), plain["signer"]
    return SignatureVerdict(
        field=str(plain["field"]),
        indication=Indication(plain["indication"]),
        sub_indication=_member(SubIndication, plain["sub_indication"]),
        reason=None if reason is None else _reason_from_plain(reason),
        level=_member(SignatureLevel, plain["level"]),
        type=_member(SignatureType, plain.get("type")),
        signer=None if signer is None else _signer_from_plain(signer),
        claimed_time=_time_from_plain(plain["claimed_time"]),
        proven_time=_time_from_plain(plain["proven_time"]),
        covers=tuple(str(name) for name in plain.get("covers", ())),
        algorithms=tuple(
            AlgorithmFinding(
                use=str(item["use"]), name=str(item["name"]), accepted=item["accepted"] is True
            )
            for item in plain.get("algorithms", ())
        ),
        revocation=tuple(_finding_from_plain(item) for item in plain.get("revocation", ())),
    )


def _reason_to_plain(reason: Reason) -> Plain:
    return {"code": reason.code, "th": reason.th, "en": reason.en}


def _reason_from_plain(plain: Mapping[str, Any]) -> Reason:
    return Reason(code=str(plain["code"]), th=str(plain["th"]), en=str(plain["en"]))


def _signer_to_plain(signer: Signer) -> Plain:
    return {
        "common_name": signer.common_name,
        "serial": signer.serial,
        "subject": [list(pair) for pair in signer.subject],
        "organization": signer.organization,
        "citizen_id": signer.citizen_id,
        "tax_id": signer.tax_id,
        "issuer": signer.issuer,
        "certificate_sha256": signer.certificate_sha256,
    }


def _signer_from_plain(plain: Mapping[str, Any]) -> Signer:
    return Signer(
        common_name=str(plain["common_name"]),
        serial=str(plain["serial"]),
        subject=tuple((str(name), str(value)) for name, value in plain.get("subject", ())),
        organization=_text(plain.get("organization")),
        citizen_id=_text(plain.get("citizen_id")),
        tax_id=_text(plain.get("tax_id")),
        issuer=str(plain.get("issuer", "")),
        certificate_sha256=str(plain.get("certificate_sha256", "")),
    )


def _finding_to_plain(finding: RevocationFinding) -> Plain:
    return {
        "certificate_sha256": finding.certificate_sha256,
        "subject": finding.subject,
        "status": finding.status.value,
        "source": finding.source,
        "data_sha256": finding.data_sha256,
        "this_update": _time_to_plain(finding.this_update),
        "next_update": _time_to_plain(finding.next_update),
        "revoked_at": _time_to_plain(finding.revoked_at),
        "revocation_reason": finding.revocation_reason,
    }


def _finding_from_plain(plain: Mapping[str, Any]) -> RevocationFinding:
    return RevocationFinding(
        certificate_sha256=str(plain["certificate_sha256"]),
        subject=str(plain["subject"]),
        status=RevocationStatus(plain["status"]),
        source=_text(plain["source"]),
        data_sha256=_text(plain["data_sha256"]),
        this_update=_time_from_plain(plain["this_update"]),
        next_update=_time_from_plain(plain["next_update"]),
        revoked_at=_time_from_plain(plain["revoked_at"]),
        revocation_reason=_text(plain.get("revocation_reason")),
    )


def _value(member: StrEnum | None) -> str | None:
    return None if member is None else member.value


def _member(kind: type[Member], value: str | None) -> Member | None:
    return None if value is None else kind(value)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _time_to_plain(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time_from_plain(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)


def _instant(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time without a zone")
    return time
