"""What is checked without an evidence: a proof by its own entry, a timestamp by its data."""

from collections.abc import Sequence

from signing.der import DerError
from signing.errors import ProofError
from signing.log_entry import parse_entry
from signing.seal_check import Outcome
from signing.timestamps import token_of_reply, verify_token
from signing.tlog_proof import TlogProof
from signing.tst_info import TimestampError, TstInfo
from signing.verify import words
from signing.verify.head import (
    Terms,
    check_anchor,
    check_inclusion,
    check_signature,
    check_timestamp,
    open_token,
)
from signing.verify.report import CheckId, CheckLine, Text


def check_proof(data: bytes, tokens: Sequence[bytes], terms: Terms) -> tuple[CheckLine, ...]:
    """A proof alone: that the log holds the entry that the proof brings, whatever it stands for."""
    try:
        proof = TlogProof.parse(data)
        if proof.extra is not None:
            parse_entry(proof.extra)
    except ProofError as exc:
        return (_line(CheckId.SCHEMA, Outcome.FAIL, words.PROOF_SCHEMA_BROKEN.of(why=exc)),)
    inclusion = _line(CheckId.INCLUSION, Outcome.UNKNOWN, words.INCLUSION_UNREAD)
    if proof.extra is not None:
        inclusion = check_inclusion(proof, proof.extra)
    stamped, _ = check_timestamp(proof, tokens, terms, None)
    return (
        _line(CheckId.SCHEMA, Outcome.PASS, words.PROOF_SCHEMA_HOLDS),
        inclusion,
        check_signature(proof, terms, None),
        check_anchor(terms),
        stamped,
    )


def token_in(data: bytes) -> bytes:
    """The token in a file that has either a token or an authority's whole reply."""
    try:
        return token_of_reply(data)
    except ProofError:
        return data


def check_token(
    data: bytes, data_digest: bytes | None, data_name: str, terms: Terms
) -> tuple[CheckLine, ...]:
    """A timestamp alone: its form, that it is for the data beside it, and whose it is."""
    token = token_in(data)
    try:
        info = open_token(token)
    except (DerError, TimestampError) as exc:
        return (
            _line(CheckId.SCHEMA, Outcome.FAIL, words.TOKEN_SCHEMA_BROKEN.of(why=exc)),
            _line(CheckId.DIGEST, Outcome.UNKNOWN, words.TOKEN_UNREAD),
            _line(CheckId.TIMESTAMP, Outcome.UNKNOWN, words.TOKEN_UNREAD),
        )
    except ProofError as exc:
        return (
            _line(CheckId.SCHEMA, Outcome.PASS, words.TOKEN_SCHEMA_HOLDS),
            _line(CheckId.DIGEST, Outcome.UNKNOWN, words.TOKEN_UNREAD),
            _line(CheckId.TIMESTAMP, Outcome.FAIL, words.TIMESTAMP_BROKEN.of(why=exc)),
        )
    return (
        _line(CheckId.SCHEMA, Outcome.PASS, words.TOKEN_SCHEMA_HOLDS),
        _token_digest(info, data_digest, data_name),
        _token_signer(token, info, terms),
    )


def _token_digest(info: TstInfo, digest: bytes | None, name: str) -> CheckLine:
    if digest is None:
        return _line(CheckId.DIGEST, Outcome.UNKNOWN, words.TOKEN_NO_DATA.of(name=name))
    if digest != info.digest:
        return _line(CheckId.DIGEST, Outcome.FAIL, words.TOKEN_DIGEST_OTHER.of(name=name))
    return _line(CheckId.DIGEST, Outcome.PASS, words.TOKEN_DIGEST_HOLDS.of(name=name))


def _token_signer(token: bytes, info: TstInfo, terms: Terms) -> CheckLine:
    if not terms.trust.tsa_roots:
        return _line(CheckId.TIMESTAMP, Outcome.UNKNOWN, words.TIMESTAMP_NO_ROOTS)
    try:
        found = verify_token(token, info.digest, terms.trust.tsa_roots)
    except TimestampError as exc:
        return _line(CheckId.TIMESTAMP, Outcome.FAIL, words.TIMESTAMP_BROKEN.of(why=exc))
    time = found.time.isoformat()
    if found.time > terms.at:
        return _line(CheckId.TIMESTAMP, Outcome.UNKNOWN, words.TIMESTAMP_FUTURE.of(time=time))
    return _line(CheckId.TIMESTAMP, Outcome.PASS, words.TIMESTAMP_HOLDS.of(time=time))


def _line(id_: CheckId, outcome: Outcome, text: Text) -> CheckLine:
    return CheckLine(id=id_, outcome=outcome, text=text)
