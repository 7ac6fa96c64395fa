"""The files inside a receipt, by names under which `tdh verify` finds them beside each other."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signing import timestamps
from signing.checkpoint import Checkpoint
from signing.errors import ProofError
from signing.receipt.messages import Material
from signing.tlog_proof import TlogProof

EVIDENCE = "evidence.xml"
PROOF = "evidence.tlog-proof"
RECORD = "evidence.ers"
ENVELOPE = "envelope.json"
STATEMENT = "receipt.json"
_HEAD = re.compile(r"checkpoint-[0-9]{1,19}(-[a-z0-9][a-z0-9._-]{0,63})?\.tsr")
_FITTING = re.compile(r"[^a-z0-9._-]+")

_KINDS = {
    EVIDENCE: ("text/xml", "data", "sealed evidence (EN 319 522)"),
    PROOF: ("text/plain", "supplement", "inclusion in the public log (C2SP tlog-proof)"),
    RECORD: ("application/octet-stream", "supplement", "evidence record (RFC 4998)"),
    ENVELOPE: ("application/json", "data", "the letter's envelope, whose digest is sealed"),
    STATEMENT: ("application/json", "source", "edition, and what the page says of the log"),
}
_ORDER = (EVIDENCE, PROOF, "", RECORD, ENVELOPE, STATEMENT)
_TOKEN = ("application/timestamp-reply", "supplement", "timestamp of the log's head (RFC 3161)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One file. `kind_of` knows its name, or it is none of a receipt's."""

    name: str
    data: bytes

    @property
    def kind(self) -> tuple[str, str, str]:
        """Media type, relationship (ISO 32000-2, 14.13) and description."""
        return _KINDS.get(self.name, _TOKEN)


def is_name(name: str) -> bool:
    """Whether a receipt may hold a file of this name."""
    return name in _KINDS or is_token(name)


def is_token(name: str) -> bool:
    """Whether this is the name of a timestamp over the log's head."""
    return _HEAD.fullmatch(name) is not None


def attachments_of(material: Material, statement: bytes) -> tuple[Attachment, ...]:
    """All files of a receipt, in their order. Raises ProofError for a proof that is none."""
    found = [(EVIDENCE, material.xml), (PROOF, material.proof)]
    found.extend(_tokens(material))
    found.extend(
        (name, data)
        for name, data in ((RECORD, material.record), (ENVELOPE, material.envelope))
        if data is not None
    )
    return tuple(
        Attachment(name=name, data=data) for name, data in (*found, (STATEMENT, statement))
    )


def in_order(files: Iterable[Attachment]) -> tuple[Attachment, ...]:
    """The files in the one order in which a receipt holds them."""
    return tuple(sorted(files, key=_place))


def _place(file: Attachment) -> tuple[int, str]:
    return _ORDER.index("" if is_token(file.name) else file.name), file.name


def single(files: Iterable[Attachment], name: str) -> bytes | None:
    """The file of this name; None where there is none."""
    return next((each.data for each in files if each.name == name), None)


def _tokens(material: Material) -> Iterator[tuple[str, bytes]]:
    size = claimed_head(TlogProof.parse(material.proof)).size
    used: set[str] = set()
    for number, token in enumerate(material.tokens, start=1):
        label = _FITTING.sub("-", token.name.lower()).strip(".-_")[:40]
        name = f"checkpoint-{size}-{label}.tsr" if label else f"checkpoint-{size}.tsr"
        if name in used:
            name = f"checkpoint-{size}-{number}.tsr"
        used.add(name)
        yield name, timestamps.reply(token.token)


def claimed_head(proof: TlogProof) -> Checkpoint:
    """The head in a proof, whoever signed it. Raises ProofError."""
    text, separator, _ = proof.checkpoint_note.rpartition(b"\n\n")
    if not separator:
        raise ProofError("the proof has no head")
    return Checkpoint.parse(text + b"\n")
