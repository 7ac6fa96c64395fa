"""What is checked without an evidence: a proof by its own entry, a timestamp by its data."""

from collections.abc import Collection, Sequence

from signing.archive.errors import RecordError
from signing.archive.record import EvidenceRecord
from signing.checkpoint import NoteError, split_note
from signing.der import DerError
from signing.errors import ProofError
from signing.log_entry import parse_entry
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.tst_info import TimestampError, TstInfo
from signing.verify import time_words, words
from signing.verify.beside import token_in
from signing.verify.evidence import ProvenEntry
from signing.verify.head import (
    check_anchor,
    check_inclusion,
    check_signature,
    check_timestamps,
    claimed_head,
)
from signing.verify.record import check_record
from signing.verify.report import CheckId, CheckLine, Text
from signing.verify.spoken import moment
from signing.verify.terms import Terms
from signing.verify.voices import Stamp, hear, hear_token, open_token


def check_proof(
    data: bytes, tokens: Sequence[bytes], terms: Terms
) -> tuple[tuple[CheckLine, ...], ProvenEntry | None]:
    """A proof alone: that the log holds the entry that the proof brings, whatever it stands for.

    Also what a trusted head was shown to hold, to be compared with other heads.
    """
    entry = None
    try:
        proof = TlogProof.parse(data)
        if proof.extra is not None:
            entry = parse_entry(proof.extra)
    except ProofError as exc:
        return (_line(CheckId.SCHEMA, Outcome.FAIL, words.PROOF_SCHEMA_BROKEN.of(why=exc)),), None
    note, event_time = proof.checkpoint_note, None if entry is None else entry.time
    inclusion = _line(CheckId.INCLUSION, Outcome.UNKNOWN, words.INCLUSION_UNREAD)
    if proof.extra is not None:
        inclusion = check_inclusion(proof, proof.extra)
    voices = hear(note, tokens, terms)
    signature = check_signature(note, terms, voices, None)
    proven = None
    if proof.extra is not None and inclusion.outcome is signature.outcome is Outcome.PASS:
        proven = ProvenEntry(proof=proof, entry=proof.extra)
    lines = (
        _line(CheckId.SCHEMA, Outcome.PASS, words.PROOF_SCHEMA_HOLDS),
        inclusion,
        signature,
        check_anchor(note, terms, voices, event_time),
        *check_timestamps(voices, event_time),
    )
    return lines, proven


def check_head(note: bytes, tokens: Sequence[bytes], terms: Terms) -> tuple[CheckLine, ...]:
    """A head of a log alone: who signed it, and who else vouches for it."""
    try:
        claimed_head(note)
        split_note(note)
    except NoteError as exc:
        return (_line(CheckId.SCHEMA, Outcome.FAIL, words.HEAD_SCHEMA_BROKEN.of(why=exc)),)
    voices = hear(note, tokens, terms)
    return (
        _line(CheckId.SCHEMA, Outcome.PASS, words.HEAD_SCHEMA_HOLDS),
        check_signature(note, terms, voices, None),
        check_anchor(note, terms, voices, None),
        *check_timestamps(voices, None),
    )


def check_record_alone(
    data: bytes, evidence: bytes | None, name: str, terms: Terms
) -> tuple[CheckLine, ...]:
    """An archive record alone (RFC 4998): its form, and that it is for the data beside it."""
    try:
        EvidenceRecord.parse(data)
    except RecordError as exc:
        return (_line(CheckId.SCHEMA, Outcome.FAIL, time_words.RECORD_SCHEMA_BROKEN.of(why=exc)),)
    schema = _line(CheckId.SCHEMA, Outcome.PASS, time_words.RECORD_SCHEMA_HOLDS)
    if evidence is None:
        text = time_words.TOKEN_NO_DATA.of(name=name)
        return schema, _line(CheckId.DIGEST, Outcome.UNKNOWN, text)
    found = check_record(data, evidence, terms, None).line
    return schema, _line(CheckId.TIMESTAMP, found.outcome, found.text)


def check_token(
    data: bytes, digests: Collection[bytes], data_name: str, terms: Terms
) -> tuple[CheckLine, ...]:
    """A timestamp alone: its form, that it is for the data beside it, and whose it is.

    `digests` are what a timestamp of the data may be over; none where the data is not there.
    """
    token = token_in(data)
    try:
        info = open_token(token)
    except (DerError, TimestampError) as exc:
        return (
            _line(CheckId.SCHEMA, Outcome.FAIL, time_words.TOKEN_SCHEMA_BROKEN.of(why=exc)),
            _line(CheckId.DIGEST, Outcome.UNKNOWN, time_words.TOKEN_UNREAD),
            _line(CheckId.TIMESTAMP, Outcome.UNKNOWN, time_words.TOKEN_UNREAD),
        )
    except ProofError as exc:
        return (
            _line(CheckId.SCHEMA, Outcome.PASS, time_words.TOKEN_SCHEMA_HOLDS),
            _line(CheckId.DIGEST, Outcome.UNKNOWN, time_words.TOKEN_UNREAD),
            _line(CheckId.TIMESTAMP, Outcome.FAIL, time_words.TIMESTAMP_BROKEN.of(why=exc)),
        )
    return (
        _line(CheckId.SCHEMA, Outcome.PASS, time_words.TOKEN_SCHEMA_HOLDS),
        _token_digest(info, digests, data_name),
        _token_signer(token, info, terms),
    )


def _token_digest(info: TstInfo, digests: Collection[bytes], name: str) -> CheckLine:
    if not digests:
        return _line(CheckId.DIGEST, Outcome.UNKNOWN, time_words.TOKEN_NO_DATA.of(name=name))
    if info.digest not in digests:
        return _line(CheckId.DIGEST, Outcome.FAIL, time_words.TOKEN_DIGEST_OTHER.of(name=name))
    return _line(CheckId.DIGEST, Outcome.PASS, time_words.TOKEN_DIGEST_HOLDS.of(name=name))


def _token_signer(token: bytes, info: TstInfo, terms: Terms) -> CheckLine:
    found = hear_token(token, info.digest, terms)
    if isinstance(found, Stamp):
        said = time_words.TOKEN_OUTSIDE if found.outside else time_words.TOKEN_OWN
        text = said.of(name=found.name, time=moment(found.time), until=moment(found.until))
        return _line(CheckId.TIMESTAMP, Outcome.PASS, text)
    outcome = Outcome.FAIL if found.wrong else Outcome.UNKNOWN
    return _line(CheckId.TIMESTAMP, outcome, found.text)


def _line(id_: CheckId, outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=id_, outcome=outcome, text=text)
