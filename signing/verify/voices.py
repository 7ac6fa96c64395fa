"""Who says when a head of the log was there: witnesses' cosignatures, authorities' timestamps.

Only what may be believed under the terms of the check is taken: by a known key that is in nobody
else's hands, from no later than the time of the check, and still checkable then. A timestamp is
over the head as the log signed it (`signing.checkpoint.without_cosignatures`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signing import cms
from signing.archive.verification import checkable_until
from signing.checkpoint import NoteError, split_note, without_cosignatures
from signing.cosignature import CosignatureVerifier, Cosigner, cosigners
from signing.errors import ProofError
from signing.timestamps import VerifiedTimestamp, verify_token
from signing.tst_info import TST_INFO, TimestampError, TstInfo
from signing.verify import time_words, words
from signing.verify.report import Text
from signing.verify.spoken import Spoken, listed, moment, name_of, plain
from signing.verify.terms import Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A timestamp that is believed."""

    name: str
    """Whose, for people."""
    time: datetime
    by: datetime
    """When the data existed for certain: the time and its accuracy."""
    until: datetime
    """Until when this can be checked."""
    outside: bool
    """By an authority that is not the operator's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """A timestamp that is not believed."""

    text: Text
    wrong: bool = False
    """It leads to nobody who is trusted, or is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Somebody's word, believed, that something existed."""

    name: Spoken
    time: datetime
    """When it existed for certain."""
    outside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """All who vouch for one head."""

    cosigners: tuple[Cosigner, ...] = ()
    """The earliest first."""
    stamps: tuple[Stamp, ...] = ()
    """The operator's own first."""
    not_believed: tuple[Text, ...] = ()
    """Why timestamps over this head do not count."""
    witness_lost: Text | None = None
    """Why a witness's cosignature does not count."""
    broken: NoteError | None = None
    """A known witness's line that does not verify."""

    def outsiders(self) -> list[Spoken]:
        """Each outsider with the time, for people."""
        witnesses = [
            words.BY_WITNESS.of(name=each.name, time=moment(each.time)) for each in self.cosigners
        ]
        authorities = [
            words.BY_AUTHORITY.of(name=each.name, time=moment(each.time))
            for each in self.stamps
            if each.outside
        ]
        return [*witnesses, *authorities]

    def vouched(self, terms: Terms) -> tuple[Vouched, ...]:
        """Since when the head existed, by whose word; witnesses from when they were enough."""
        found = [vouched_by(each, record=False) for each in self.stamps]
        names = list[str]()
        for each in self.cosigners:
            names.append(each.name)
            if terms.is_enough(names):
                name = listed([words.BY_WITNESSES.of(name=one) for one in names])
                found.append(Vouched(name=name, time=each.time, outside=True))
                break
        return tuple(found)


def vouched_by(stamp: Stamp, *, record: bool) -> Vouched:
    """A timestamp's word, on a head or on the evidence itself (`record`)."""
    said = words.BY_OUTSIDE_AUTHORITY if stamp.outside else words.BY_OWN_AUTHORITY
    name = (words.BY_RECORD if record else said).of(name=stamp.name)
    return Vouched(name=name, time=stamp.by, outside=stamp.outside)


def earliest(vouched: Iterable[Vouched]) -> Vouched | None:
    """Who saw it first."""
    return min(vouched, key=lambda each: each.time, default=None)


def outsider_before(vouched: Iterable[Vouched], since: datetime) -> Vouched | None:
    """The first outsider who saw it before a key was in other hands."""
    return earliest(each for each in vouched if each.outside and each.time < since)


def hear(note: bytes, tokens: Sequence[bytes], terms: Terms) -> Voices:
    """Who vouches for the head in a note. Never raises for what is wrong with the files."""
    witnesses, lost, broken = _cosigners(note, terms)
    heard = _tokens(note, tokens, terms)
    stamps = {each: None for each in heard if isinstance(each, Stamp)}
    return Voices(
        cosigners=witnesses,
        stamps=tuple(sorted(stamps, key=lambda each: (each.outside, each.time))),
        not_believed=tuple(each.text for each in heard if isinstance(each, Unheard)),
        witness_lost=lost,
        broken=broken,
    )


def hear_token(token: bytes, imprint: bytes, terms: Terms) -> Stamp | Unheard:
    """Whether one timestamp over these data is believed."""
    if not terms.trust.all_tsa_roots:
        return Unheard(text=time_words.TIMESTAMP_NO_ROOTS)
    try:
        found, outside = _verified(token, imprint, terms)
    except TimestampError as exc:
        return Unheard(text=time_words.TIMESTAMP_UNTRUSTED.of(why=exc), wrong=True)
    stamp = stamp_of(found, outside=outside)
    if stamp.time > terms.at:
        return Unheard(text=time_words.TIMESTAMP_FUTURE.of(time=moment(stamp.time)))
    since = terms.in_other_hands(found.path)
    if since is not None:
        text = time_words.TIMESTAMP_COMPROMISED.of(name=stamp.name, since=moment(since))
        return Unheard(text=text)
    if terms.at > stamp.until:
        text = time_words.TIMESTAMP_ENDED.of(name=stamp.name, until=moment(stamp.until))
        return Unheard(text=text)
    return stamp


def stamp_of(found: VerifiedTimestamp, *, outside: bool) -> Stamp:
    """What a verified timestamp says, as far as it matters here."""
    return Stamp(
        name=name_of(found.signer),
        time=found.time,
        by=_after(found.time, found.accuracy or timedelta()),
        until=checkable_until(found),
        outside=outside,
    )


def _after(time: datetime, accuracy: timedelta) -> datetime:
    last = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
    return time + accuracy if time < last - accuracy else last


def open_token(token: bytes) -> TstInfo:
    """What a token says, its signature checked but its signer not trusted. Raises ProofError."""
    signed = cms.open_signed_data(token)
    if signed.content_type != TST_INFO:
        raise TimestampError("the signed data is no timestamp")
    return TstInfo.decode(signed.content)


def _verified(token: bytes, imprint: bytes, terms: Terms) -> tuple[VerifiedTimestamp, bool]:
    """The token, and whether it leads to an outsider's root. Raises TimestampError."""
    if terms.trust.outside_tsa_roots:
        try:
            found = verify_token(token, imprint, terms.trust.outside_tsa_roots)
        except TimestampError:
            if not terms.trust.tsa_roots:
                raise
        else:
            if terms.is_outside(found.path):
                return found, True
    return verify_token(token, imprint, terms.trust.tsa_roots), False


def _tokens(note: bytes, tokens: Sequence[bytes], terms: Terms) -> list[Stamp | Unheard]:
    """Those over this very head; others neither help nor harm."""
    try:
        imprint = hashlib.sha256(without_cosignatures(note)).digest()
    except NoteError:
        return []  # the check of the head says so
    fitting = dict.fromkeys(token for token in tokens if _is_over(token, imprint))
    return [hear_token(token, imprint, terms) for token in fitting]


def _is_over(token: bytes, imprint: bytes) -> bool:
    if imprint not in token:  # spares the signatures of all other heads' timestamps
        return False
    try:
        return open_token(token).digest == imprint
    except ProofError:
        return False


def _cosigners(
    note: bytes, terms: Terms
) -> tuple[tuple[Cosigner, ...], Text | None, NoteError | None]:
    """Whose cosignatures count, why one does not, and what is wrong with one."""
    try:
        _, lines = split_note(note)
    except NoteError:
        return (), None, None  # the check of the head says so
    named = {(name, key_id) for name, key_id, _ in lines}
    known = [each for each in terms.witnesses if (each.name, each.key_id) in named]
    sound, lost = list[CosignatureVerifier](), None
    for witness in known:
        since = terms.key_in_other_hands(witness)
        if since is None:
            sound.append(witness)
        else:
            name = plain(witness.name)
            lost = words.ANCHOR_COMPROMISED.of(name=name, since=moment(since))
    try:
        found = cosigners(note, sound)
    except NoteError as exc:
        return (), None, exc
    for each in found:
        if each.time > terms.at:
            lost = words.ANCHOR_FUTURE.of(name=plain(each.name), time=moment(each.time))
    return tuple(each for each in found if each.time <= terms.at), lost, None
