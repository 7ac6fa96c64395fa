"""A verdict as plain JSON values and back: the shape that `tdh validate --json` prints.

The one place for it: the judge's child, the database and the HTTP interface all use this.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tdh.domain.verdicts import (
    Indication,
    Reason,
    SignatureKind,
    SignatureLevel,
    SignatureVerdict,
    Signer,
    SubIndication,
    Verdict,
)

Plain = dict[str, Any]


def verdict_to_plain(verdict: Verdict) -> Plain:
    """Plain values for JSON; times as RFC 3339 text."""
    return {
        "indication": verdict.indication.value,
        "sub_indication": _value(verdict.sub_indication),
        "reason": {
            "code": verdict.reason.code,
            "th": verdict.reason.th,
            "en": verdict.reason.en,
        },
        "kind": _value(verdict.kind),
        "policy": verdict.policy,
        "trust_version": verdict.trust_version,
        "evaluated_at": verdict.evaluated_at.isoformat(),
        "signatures": [_signature_to_plain(signature) for signature in verdict.signatures],
    }


def verdict_from_plain(plain: Mapping[str, Any]) -> Verdict:
    """Inverse of `verdict_to_plain`. Raises KeyError or ValueError for anything else."""
    sub, kind = plain["sub_indication"], plain["kind"]
    reason = plain["reason"]
    return Verdict(
        indication=Indication(plain["indication"]),
        sub_indication=None if sub is None else SubIndication(sub),
        reason=Reason(code=str(reason["code"]), th=str(reason["th"]), en=str(reason["en"])),
        kind=None if kind is None else SignatureKind(kind),
        policy=str(plain["policy"]),
        trust_version=str(plain["trust_version"]),
        evaluated_at=datetime.fromisoformat(plain["evaluated_at"]),
        signatures=tuple(_signature_from_plain(item) for item in plain["signatures"]),
    )


def _signature_to_plain(signature: SignatureVerdict) -> Plain:
    signer = signature.signer
    return {
        "field": signature.field,
        "indication": signature.indication.value,
        "sub_indication": _value(signature.sub_indication),
        "level": _value(signature.level),
        "signer": None
        if signer is None
        else {"common_name": signer.common_name, "serial": signer.serial},
        "claimed_time": _time_to_plain(signature.claimed_time),
        "proven_time": _time_to_plain(signature.proven_time),
    }


def _signature_from_plain(plain: Mapping[str, Any]) -> SignatureVerdict:
    sub, level, signer = plain["sub_indication"], plain["level"], plain["signer"]
    return SignatureVerdict(
        field=str(plain["field"]),
        indication=Indication(plain["indication"]),
        sub_indication=None if sub is None else SubIndication(sub),
        level=None if level is None else SignatureLevel(level),
        signer=None
        if signer is None
        else Signer(common_name=str(signer["common_name"]), serial=str(signer["serial"])),
        claimed_time=_time_from_plain(plain["claimed_time"]),
        proven_time=_time_from_plain(plain["proven_time"]),
    )


def _value(member: SubIndication | SignatureKind | SignatureLevel | None) -> str | None:
    return None if member is None else member.value


def _time_to_plain(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def _time_from_plain(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
