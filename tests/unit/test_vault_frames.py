"""The encrypted form of a document: it comes back whole, or not at all."""

import itertools
import os
import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.vault.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    PREFIX_BYTES,
    TAG_BYTES,
    Binding,
    Encryptor,
    ReadAt,
    decrypt_frames,
    frame_spans,
)
from storage.vault.stored import DataKey, KeyId
from tdh.domain.errors import IntegrityFailure, StorageUnavailable
from tdh.domain.identifiers import LetterId

KEY = DataKey(bytes(range(32)))
PREFIX = b"prefix!"
BINDING = Binding(letter=LetterId("ltr_one"), document=3, key=KeyId("2026-11-standard"))
SEALED_FRAME = FRAME_BYTES + TAG_BYTES

near_borders = st.builds(
    lambda frames, delta: max(0, frames * FRAME_BYTES + delta),
    st.integers(0, 3),
    st.integers(-3, 3),
)
sizes = st.one_of(st.integers(0, 64), near_borders)


def document(size: int) -> bytes:
    return random.Random(size).randbytes(size)  # noqa: S311 - test data, the same in each run


def encrypt(plain: bytes, *, binding: Binding = BINDING, prefix: bytes = PREFIX) -> bytes:
    encryptor = Encryptor(KEY, binding, prefix)
    return b"".join([*encryptor.update(plain), *encryptor.finish()])


def reader(sealed: bytes) -> ReadAt:
    return lambda offset, length: sealed[offset : offset + length]


def decrypt(sealed: bytes, *, binding: Binding = BINDING, length: int | None = None) -> bytes:
    recorded = len(sealed) if length is None else length
    return b"".join(decrypt_frames([reader(sealed)], recorded, key=KEY, binding=binding))


@settings(deadline=None, max_examples=60)
@given(size=sizes, cuts=st.lists(st.integers(0, 4 * FRAME_BYTES), max_size=6))
def test_a_document_of_any_size_in_any_pieces_comes_back(size: int, cuts: list[int]) -> None:
    plain = document(size)
    places = [0, *sorted(min(cut, size) for cut in cuts), size]
    encryptor = Encryptor(KEY, BINDING, PREFIX)
    chunks: list[bytes] = []
    for start, end in itertools.pairwise(places):
        chunks += encryptor.update(plain[start:end])
    sealed = b"".join([*chunks, *encryptor.finish()])
    assert decrypt(sealed) == plain
    assert sealed == encrypt(plain), "the pieces in which it came make no difference"


def test_the_format_is_what_the_docstring_says() -> None:
    plain = document(FRAME_BYTES + 5)
    sealed = encrypt(plain)
    associated = b"tdh-vault-frame\x01\x00\x00\x00\x03\x00\x07\x00\x10ltr_one2026-11-standard"
    assert sealed[:HEADER_BYTES] == b"\x01" + PREFIX
    first, second = sealed[HEADER_BYTES : HEADER_BYTES + SEALED_FRAME], sealed[-5 - TAG_BYTES :]
    cipher = AESGCM(KEY)
    assert cipher.decrypt(PREFIX + b"\0\0\0\0\0", first, associated) == plain[:FRAME_BYTES]
    assert cipher.decrypt(PREFIX + b"\0\0\0\1\1", second, associated) == plain[FRAME_BYTES:]
    assert len(sealed) == HEADER_BYTES + len(first) + len(second)


@settings(deadline=None, max_examples=120)
@given(size=sizes, data=st.data())
def test_a_flipped_bit_anywhere_is_found(size: int, data: st.DataObject) -> None:
    sealed = bytearray(encrypt(document(size)))
    place = data.draw(
        st.one_of(
            st.integers(0, min(len(sealed), HEADER_BYTES + TAG_BYTES) - 1),
            st.integers(0, len(sealed) - 1),
        )
    )
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(IntegrityFailure):
        decrypt(bytes(sealed))


@settings(deadline=None, max_examples=80)
@given(size=sizes, data=st.data())
def test_a_shortened_document_is_found_whatever_length_is_recorded(
    size: int, data: st.DataObject
) -> None:
    sealed = encrypt(document(size))
    shorter = data.draw(
        st.one_of(
            st.integers(0, len(sealed) - 1),
            st.sampled_from([s.offset for s in frame_spans(len(sealed))]),
        )
    )
    with pytest.raises(IntegrityFailure):
        decrypt(sealed[:shorter])
    with pytest.raises(IntegrityFailure):
        decrypt(sealed[:shorter], length=len(sealed))


@settings(deadline=None, max_examples=30)
@given(size=sizes, more=st.integers(1, 40))
def test_bytes_after_the_end_are_found(size: int, more: int) -> None:
    sealed = encrypt(document(size))
    with pytest.raises(IntegrityFailure):
        decrypt(sealed + bytes(more))
    with pytest.raises(IntegrityFailure):
        decrypt(sealed + sealed[HEADER_BYTES:])


def frames_of(sealed: bytes) -> list[bytes]:
    return [sealed[s.offset : s.offset + s.length] for s in frame_spans(len(sealed))]


@pytest.mark.parametrize(
    "order", [(1, 0, 2), (0, 2, 1), (2, 1, 0), (0, 0, 2), (0, 1, 1), (0, 2), (1, 2), (0, 1)]
)
def test_frames_moved_repeated_or_left_out_are_found(order: tuple[int, ...]) -> None:
    sealed = encrypt(document(3 * FRAME_BYTES))
    frames = frames_of(sealed)
    forged = sealed[:HEADER_BYTES] + b"".join(frames[number] for number in order)
    with pytest.raises(IntegrityFailure):
        decrypt(forged)


def test_a_frame_of_another_document_under_the_same_key_is_found() -> None:
    other = Binding(letter=BINDING.letter, document=4, key=BINDING.key)
    mine = encrypt(document(2 * FRAME_BYTES))
    theirs = encrypt(document(2 * FRAME_BYTES), binding=other)
    forged = mine[:HEADER_BYTES] + frames_of(mine)[0] + frames_of(theirs)[1]
    with pytest.raises(IntegrityFailure):
        decrypt(forged)


@pytest.mark.parametrize(
    "binding",
    [
        Binding(letter=LetterId("ltr_two"), document=3, key=BINDING.key),
        Binding(letter=BINDING.letter, document=4, key=BINDING.key),
        Binding(letter=BINDING.letter, document=3, key=KeyId("2026-12-standard")),
        Binding(letter=LetterId("ltr_one2"), document=3, key=KeyId("026-11-standard")),
    ],
)
def test_ciphertext_opens_only_as_what_it_was_bound_to(binding: Binding) -> None:
    sealed = encrypt(b"for one letter only")
    with pytest.raises(IntegrityFailure):
        decrypt(sealed, binding=binding)


def test_ciphertext_does_not_open_under_another_key() -> None:
    sealed = encrypt(b"secret")
    with pytest.raises(IntegrityFailure):
        list(decrypt_frames([reader(sealed)], len(sealed), key=DataKey(bytes(32)), binding=BINDING))


def test_nothing_of_a_damaged_frame_is_given_out() -> None:
    sealed = bytearray(encrypt(document(3 * FRAME_BYTES)))
    sealed[HEADER_BYTES + SEALED_FRAME + 10] ^= 1
    given_out = []
    with pytest.raises(IntegrityFailure):
        given_out.extend(
            decrypt_frames([reader(bytes(sealed))], len(sealed), key=KEY, binding=BINDING)
        )
    frames = decrypt_frames([reader(bytes(sealed))], len(sealed), key=KEY, binding=BINDING)
    assert next(frames) == document(3 * FRAME_BYTES)[:FRAME_BYTES]
    with pytest.raises(IntegrityFailure):
        next(frames)


def test_two_copies_with_different_damage_give_the_whole_document() -> None:
    plain = document(3 * FRAME_BYTES)
    one, two = bytearray(encrypt(plain)), bytearray(encrypt(plain))
    one[HEADER_BYTES + 7] ^= 1
    two[-1] ^= 1
    copies = [reader(bytes(one)), reader(bytes(two))]
    assert b"".join(decrypt_frames(copies, len(one), key=KEY, binding=BINDING)) == plain


def test_a_copy_that_cannot_be_asked_is_no_proof_of_damage() -> None:
    sealed = encrypt(b"kept")
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])

    def unreachable(offset: int, length: int) -> bytes:
        raise StorageUnavailable("no such disk at the moment")

    for copies in ([reader(damaged), unreachable], [unreachable, reader(damaged)]):
        with pytest.raises(StorageUnavailable):
            list(decrypt_frames(copies, len(sealed), key=KEY, binding=BINDING))
    copies = [unreachable, reader(sealed)]
    assert list(decrypt_frames(copies, len(sealed), key=KEY, binding=BINDING)) == [b"kept"]


def test_a_finished_document_takes_nothing_more() -> None:
    encryptor = Encryptor(KEY, BINDING, os.urandom(PREFIX_BYTES))
    encryptor.finish()
    with pytest.raises(RuntimeError):
        encryptor.update(b"late")
    with pytest.raises(RuntimeError):
        encryptor.finish()
