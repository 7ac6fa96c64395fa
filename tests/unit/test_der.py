"""DER: one spelling of each value, and a typed refusal of everything else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing import der
from signing.der import DerError, Reader


@given(value=st.integers(min_value=-(2**200), max_value=2**200))
def test_integers_are_read_as_they_are_written(value: int) -> None:
    assert Reader(der.integer(value)).integer() == value


@pytest.mark.parametrize(
    ("value", "hexadecimal"),
    [(0, "020100"), (127, "02017f"), (128, "02020080"), (-128, "020180"), (-129, "0202ff7f")],
)
def test_integers_have_the_bytes_of_the_standard(value: int, hexadecimal: str) -> None:
    assert der.integer(value).hex() == hexadecimal


@given(
    first=st.integers(min_value=0, max_value=2),
    second=st.integers(min_value=0, max_value=39),
    rest=st.lists(st.integers(min_value=0, max_value=2**64), max_size=8),
)
def test_object_identifiers_are_read_as_they_are_written(first, second, rest) -> None:
    dotted = ".".join(map(str, (first, second, *rest)))
    assert Reader(der.oid(dotted)).oid() == dotted


def test_an_object_identifier_has_the_bytes_of_the_standard() -> None:
    assert der.oid("2.999.3").hex() == "0603883703"
    assert der.oid("1.2.840.113549").hex() == "06062a864886f70d"


@pytest.mark.parametrize("dotted", ["", "1", "3.1", "1.40", "1.02", "1.2.", "1.2.x", "1.2\n"])
def test_no_object_identifier_is_written_of_anything_else(dotted: str) -> None:
    with pytest.raises(DerError):
        der.oid(dotted)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC), b"20261122010203Z"),
        (datetime(2026, 11, 22, 1, 2, 3, 450_000, tzinfo=UTC), b"20261122010203.45Z"),
        (datetime(2026, 11, 22, 1, 2, 3, 1, tzinfo=UTC), b"20261122010203.000001Z"),
        (
            datetime(2026, 11, 22, 8, 2, 10, tzinfo=timezone(timedelta(hours=7))),
            b"20261122010210Z",
        ),
    ],
)
def test_times_are_utc_without_trailing_zeros(time: datetime, text: bytes) -> None:
    written = der.generalized_time(time)
    assert written == der.tlv(der.GENERALIZED_TIME, text)
    assert Reader(written).generalized_time() == time


@pytest.mark.parametrize(
    "text",
    [
        b"20261122010203",
        b"20261122010203.0Z",
        b"20261122010203.50Z",
        b"20261122010203.Z",
        b"20261122010203+0700",
        b"202611220102Z",
        b"20261322010203Z",
        b"20261122010260Z",
        b"00001122010203Z",
    ],
)
def test_times_in_another_form_are_refused(text: bytes) -> None:
    with pytest.raises(DerError):
        Reader(der.tlv(der.GENERALIZED_TIME, text)).generalized_time()


def test_lengths_take_their_shortest_form_at_each_border() -> None:
    for length, start in ((127, "047f"), (128, "048180"), (255, "0481ff"), (256, "04820100")):
        written = der.octet_string(bytes(length))
        assert written.hex().startswith(start)
        reader = Reader(written)
        assert reader.content(der.OCTET_STRING) == bytes(length)
        reader.finish()


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "04",  # no length
        "0401",  # no content
        "0480000000",  # indefinite
        "04810100",  # long form for a short length
        "0482000100",  # a leading zero
        "048500000001ff",  # too many length bytes
        "0484ffffffff00",  # longer than the data
        "1f810100",  # a tag of two bytes
    ],
)
def test_an_element_in_another_form_is_refused(encoded: str) -> None:
    with pytest.raises(DerError):
        Reader(bytes.fromhex(encoded)).element()


@pytest.mark.parametrize("content", ["", "0001", "ffff", "00"])
def test_an_integer_in_another_form_is_refused(content: str) -> None:
    encoded = der.tlv(der.INTEGER, bytes.fromhex(content))
    if content == "00":
        assert Reader(encoded).integer() == 0
        return
    with pytest.raises(DerError):
        Reader(encoded).integer()


@pytest.mark.parametrize("content", ["", "80", "8001", "2a80", "2a8001", "2a" * 65])
def test_an_object_identifier_in_another_form_is_refused(content: str) -> None:
    with pytest.raises(DerError):
        Reader(der.tlv(der.OID, bytes.fromhex(content))).oid()


def test_a_boolean_is_all_or_nothing() -> None:
    assert Reader(bytes.fromhex("0101ff")).boolean()
    assert not Reader(bytes.fromhex("010100")).boolean()
    with pytest.raises(DerError):
        Reader(bytes.fromhex("010101")).boolean()


def test_a_set_is_sorted_and_leftovers_are_refused() -> None:
    encoded = der.set_of([der.integer(300), der.integer(2), der.integer(1)])
    reader = Reader(encoded).inside(der.SET)
    assert [reader.integer(), reader.integer()] == [1, 2]
    with pytest.raises(DerError):
        reader.finish()
    with pytest.raises(DerError):
        reader.content(der.SEQUENCE)


def test_deep_nesting_costs_nothing() -> None:
    encoded = b""
    for _ in range(10_000):
        encoded = der.sequence(encoded)
    assert len(Reader(encoded).elements()) == 1


@given(noise=st.binary(max_size=60))
def test_noise_is_refused_with_the_typed_error_or_read_whole(noise: bytes) -> None:
    try:
        elements = Reader(noise).elements()
    except DerError:
        return
    assert b"".join(elements) == noise
