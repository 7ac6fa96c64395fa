"""Anchors of a head as everybody sees them. Domain values to JSON."""

import base64

from pydantic import Field

from relay.payloads.evidence import Out
from relay.payloads.fields import print_time
from tdh.domain.log import AnchoredHead, AnchorKind


class CosignatureOut(Out):
    """A witness that cosigned the head; its line stands in the note."""

    name: str
    time: str


class HeadTokenOut(Out):
    """A timestamp over the note without cosignatures."""

    name: str | None = Field(description="ของผู้ใด / whose; null: our own unit's")
    time: str | None = Field(description="null for our own: it stands in the token")
    token: str = Field(description="TimeStampToken (RFC 3161), DER in Base64")


class AnchorsOut(Out):
    """Who vouches for a head."""

    size: int
    note: str = Field(description="C2SP checkpoint with its cosignatures")
    anchored_by: list[str] = Field(description="ว่าง / empty: the operator's word only")
    cosignatures: list[CosignatureOut]
    tokens: list[HeadTokenOut]

    @classmethod
    def of(cls, found: AnchoredHead) -> "AnchorsOut":
        witnesses = [one for one in found.anchors if one.kind is AnchorKind.WITNESS]
        stamps = [one for one in found.anchors if one.kind is AnchorKind.TIMESTAMP]
        own = HeadTokenOut(name=None, time=None, token=_base64(found.head.token))
        return cls(
            size=found.head.size,
            note=found.note.decode(),
            anchored_by=list(dict.fromkeys(one.name for one in found.anchors)),
            cosignatures=[
                CosignatureOut(name=one.name, time=print_time(one.time)) for one in witnesses
            ],
            tokens=[
                own,
                *(
                    HeadTokenOut(name=one.name, time=print_time(one.time), token=_base64(one.body))
                    for one in stamps
                ),
            ],
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
