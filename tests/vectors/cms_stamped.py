"""Messages of a signer whose certificate was revoked since, with a timestamp that would save them.

Each timestamp has one fault, so it must not count, and the message stays refused.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from asn1crypto import cms as asn1_cms
from asn1crypto import core, tsp

from tests.pki.make import JUDGED_AT, REVOKED_AT, SIGNED_AT, Pki, TestSigner, shared_pki
from tests.vectors import cms_signers, cms_writing
from tests.vectors.cms import CONTENT
from tests.vectors.cms_writing import Recipe, attribute, signed

Maker = Callable[[Pki], bytes]
VECTORS: dict[str, Maker] = {}
"""By the fault of the timestamp; the judge says `certificate-revoked` of every one."""


def stamped(maker: Maker) -> Maker:
    """Enter a message under its function's name."""
    VECTORS[maker.__name__.replace("_", "-")] = maker
    return maker


@cache
def units() -> dict[str, TestSigner]:
    return cms_signers.faulty_units(shared_pki())


def _by(pki: Pki, fault: str) -> bytes:
    reply = pki.timestamp(SIGNED_AT, by=units()[fault])
    return signed(CONTENT, pki.signers["revoked"], recipe=Recipe(timestamp=reply))


def _value(pki: Pki) -> tuple[bytes, bytes]:
    """A message without a timestamp, and the value that one would stand over."""
    message = signed(CONTENT, pki.signers["revoked"])
    return message, cms_writing.asn1_cms_info(message)["signature"].native


def _added(message: bytes, token: core.Asn1Value) -> bytes:
    return cms_writing.with_unsigned(message, attribute("signature_time_stamp_token", token))


# --- over the signature --------------------------------------------------------------------------


@stamped
def unit_for_more_than_timestamps(pki: Pki) -> bytes:
    return _by(pki, "purpose not alone")


@stamped
def unit_of_a_stranger(pki: Pki) -> bytes:
    return _by(pki, "stranger's")


@stamped
def unit_revoked(pki: Pki) -> bytes:
    return _by(pki, "revoked")


@stamped
def token_over_something_else(pki: Pki) -> bytes:
    message, _ = _value(pki)
    return _added(message, cms_writing.token(pki.timestamp(SIGNED_AT), b"another value"))


@stamped
def token_over_a_weak_digest(pki: Pki) -> bytes:
    message, value = _value(pki)
    return _added(message, cms_writing.token(pki.timestamp(SIGNED_AT), value, digest="sha1"))


@stamped
def token_altered(pki: Pki) -> bytes:
    message, value = _value(pki)
    token = cms_writing.token(pki.timestamp(SIGNED_AT), value).dump()
    altered = token[:-1] + bytes([token[-1] ^ 1])
    return _added(message, asn1_cms.ContentInfo.load(altered))


@stamped
def token_with_another_time_written_into_it(pki: Pki) -> bytes:
    """From after the revocation; its time was set back, its signature left."""
    message, value = _value(pki)
    token = cms_writing.token(pki.timestamp(REVOKED_AT + timedelta(days=30)), value).dump()
    late = (REVOKED_AT + timedelta(days=30)).strftime("%Y%m%d%H%M%SZ").encode()
    early = SIGNED_AT.strftime("%Y%m%d%H%M%SZ").encode()
    assert token.count(late) == 1
    return _added(message, asn1_cms.ContentInfo.load(token.replace(late, early)))


@stamped
def token_of_two_signers(pki: Pki) -> bytes:
    message, value = _value(pki)
    token = cms_writing.token(pki.timestamp(SIGNED_AT), value)
    infos = token["content"]["signer_infos"]
    infos.append(infos[0].copy())
    return _added(message, asn1_cms.ContentInfo.load(token.dump(force=True)))


# --- over the archive ----------------------------------------------------------------------------


@stamped
def archive_over_other_content(pki: Pki) -> bytes:
    message = signed(CONTENT, pki.signers["revoked"])
    return cms_writing.archived(message, CONTENT + b"!", pki.timestamp(SIGNED_AT))


@stamped
def archive_that_lists_what_is_not_there(pki: Pki) -> bytes:
    """A certificate that its index lists was taken away."""
    signer, more = pki.signers["revoked"], pki.signers["rsa"].chain[0]
    info = cms_writing.signer_info(CONTENT, signer, Recipe())
    full = cms_writing.message(CONTENT, [info], [*signer.chain, more])
    whole = asn1_cms.ContentInfo.load(cms_writing.archived(full, CONTENT, pki.timestamp(SIGNED_AT)))
    del whole["content"]["certificates"][2]
    return whole.dump(force=True)


# --- as documents of their own -------------------------------------------------------------------


def token_file_of_other_content(pki: Pki) -> bytes:
    return cms_writing.token(pki.timestamp(SIGNED_AT), CONTENT + b"!").dump()


def token_file_from_the_future(pki: Pki) -> bytes:
    return cms_writing.token(pki.timestamp(JUDGED_AT + timedelta(days=1)), CONTENT).dump()


def token_file_of_a_faulty_unit(pki: Pki) -> bytes:
    reply = pki.timestamp(SIGNED_AT, by=units()["purpose not alone"])
    return cms_writing.token(reply, CONTENT).dump()


def reply_that_was_not_granted(pki: Pki) -> bytes:
    """A refusal that holds a token all the same."""
    token = cms_writing.token(pki.timestamp(SIGNED_AT), CONTENT)
    return tsp.TimeStampResp({"status": {"status": "rejection"}, "time_stamp_token": token}).dump()
