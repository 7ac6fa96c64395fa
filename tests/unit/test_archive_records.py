"""RFC 4998: what our records prove, until when, and what a reader refuses."""

import hashlib

import pytest
from archive_samples import (
    NOW,
    YEAR,
    Authority,
    data,
    leaves,
    records,
    rehashed,
    renewed_together,
)
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from signing import der
from signing.archive.errors import RecordEnded, RecordError, RecordUntrusted
from signing.archive.hash_tree import (
    SHA256,
    node,
    reduced,
    root_from,
    root_of,
    siblings,
    siblings_of_each,
)
from signing.archive.record import ArchiveTimeStamp, EvidenceRecord
from signing.archive.renewal import in_der, renewed, stamp_of
from signing.archive.verification import VerifiedRecord, verify_record

FIRST = Authority("First")
SECOND = Authority("Second", begins=NOW, ends=NOW + 4 * YEAR)
THIRD = Authority("Third", begins=NOW + 2 * YEAR, ends=NOW + 8 * YEAR)
ROOTS = [one.certificate for one in (FIRST, SECOND, THIRD)]


def check(record: EvidenceRecord | bytes, number: int = 0, **changes) -> VerifiedRecord:
    encoded = record if isinstance(record, bytes) else record.encode()
    settings = {"roots": ROOTS, "data": data(number)} | changes
    return verify_record(encoded, hashlib.sha256(data(number)).digest(), **settings)


def test_a_record_says_since_when_its_data_existed_and_until_when_that_can_be_checked() -> None:
    plain = records(5, FIRST)[3]
    found = check(plain, 3, at=NOW + YEAR)
    assert (found.time, found.stamps[-1].time) == (NOW, NOW)
    assert found.until == NOW + 2 * YEAR
    once = renewed_together([plain], SECOND, NOW + YEAR)[0]
    found = check(once, 3, at=NOW + 3 * YEAR)
    assert (found.time, found.stamps[-1].time) == (NOW, NOW + YEAR)
    assert found.until == NOW + 4 * YEAR
    assert [one.path[-1] for one in found.stamps] == ROOTS[:2]


def test_a_record_that_was_not_renewed_in_time_proves_nothing_any_more() -> None:
    plain = records(2, FIRST)[0]
    with pytest.raises(RecordEnded) as caught:
        check(plain, at=NOW + 3 * YEAR)
    assert caught.value.until == NOW + 2 * YEAR
    with pytest.raises(RecordError, match="too late"):
        check(renewed_together([plain], SECOND, NOW + 3 * YEAR)[0])


def test_a_renewal_from_before_what_it_renews_is_refused() -> None:
    late = records(2, SECOND, NOW + YEAR)[0]
    with pytest.raises(RecordError, match="before its time"):
        check(renewed_together([late], FIRST, NOW)[0])


def test_a_timestamp_from_the_future_and_one_of_a_stranger_are_refused() -> None:
    plain = records(2, FIRST)[0]
    with pytest.raises(RecordError, match="future"):
        check(plain, at=NOW - YEAR)
    with pytest.raises(RecordUntrusted, match="path"):
        check(plain, roots=[SECOND.certificate])


def test_every_changed_bit_of_a_record_is_noticed() -> None:
    good = renewed_together(records(3, FIRST), SECOND, NOW + YEAR)[1].encode()
    check(good, 1)
    for place in range(len(good)):
        with pytest.raises(RecordError):
            check(good[:place] + bytes((good[place] ^ 1,)) + good[place + 1 :], 1)


def test_a_record_is_refused_for_other_data() -> None:
    for some in (records(3, FIRST), records(1, FIRST)):
        with pytest.raises(RecordError):
            check(some[0], 2)
    with pytest.raises(RecordError, match="do not have the digest"):
        check(records(3, FIRST)[0], 0, data=data(1))


def test_a_new_chain_by_another_digest_needs_the_data_themselves() -> None:
    record = rehashed(records(3, FIRST), SECOND, NOW + YEAR)[2]
    assert check(record, 2).stamps[-1].time == NOW + YEAR
    with pytest.raises(RecordError, match="data are needed"):
        check(record, 2, data=None)


def test_a_new_chain_is_over_everything_before_it() -> None:
    first, other = (records(3, one)[0] for one in (FIRST, FIRST))
    grown = rehashed([first], SECOND, NOW + YEAR)[0]
    with pytest.raises(RecordError, match="other data"):
        check(EvidenceRecord(chains=(other.chains[0], grown.chains[1])))


def test_rounds_of_different_ages_are_renewed_under_one_timestamp() -> None:
    young = records(4, FIRST, NOW + YEAR / 2)[1]
    old = renewed_together(records(7, FIRST), FIRST, NOW + YEAR / 4)[2]
    again = renewed_together([young, old], SECOND, NOW + YEAR)
    assert again[0].stamps[-1].token == again[1].stamps[-1].token
    assert check(again[0], 1, at=NOW + 3 * YEAR).time == NOW + YEAR / 2
    assert len(check(again[1], 2, at=NOW + 3 * YEAR).stamps) == 3


@given(number=st.integers(1, 40), place=st.integers(0, 39))
def test_every_leaf_finds_the_root_by_its_reduced_tree(number: int, place: int) -> None:
    over, place = leaves(number), place % number
    tree = reduced((over[place],), siblings(over, place))
    assert root_from(tree, over[place], SHA256) == root_of(over)
    assert all(len(one) == 1 for one in tree[1:])
    assert siblings_of_each(over)[place] == siblings(over, place)
    if number > 1:
        with pytest.raises(RecordError, match="other data"):
            root_from(tree, b"\0" * 32, SHA256)


def test_a_node_takes_its_children_in_the_order_of_their_bytes() -> None:
    low, high = sorted(leaves(2))
    assert node(SHA256, (high, low)) == hashlib.sha256(low + high).digest()
    assert node(SHA256, (low,)) == low


def test_there_is_no_tree_over_nothing_and_no_leaf_beside_it() -> None:
    with pytest.raises(RecordError):
        root_of([])
    with pytest.raises(RecordError):
        siblings(leaves(2), 2)


def test_lists_of_other_makers_may_have_more_than_one_digest_a_node() -> None:
    over = leaves(5)
    tree = ((over[0],), (over[1], over[2]), (over[3],))
    above = node(SHA256, over[:3])
    token = FIRST.stamp(node(SHA256, (above, over[3])))
    check(EvidenceRecord(chains=((ArchiveTimeStamp(algorithm=SHA256, tree=tree, token=token),),)))


def _stamp(**changes) -> bytes:
    token = FIRST.stamp(leaves(1)[0])
    parts = {
        "algorithm": der.tlv(der.explicit(0), der.oid(SHA256)),
        "attributes": b"",
        "tree": b"",
        "token": token,
    } | changes
    return der.sequence(*parts.values())


def _record(**changes) -> bytes:
    parts = {
        "version": der.integer(1),
        "algorithms": der.sequence(der.sequence(der.oid(SHA256))),
        "more": b"",
        "chains": der.sequence(der.sequence(_stamp())),
        "end": b"",
    } | changes
    return der.sequence(*parts.values())


def test_records_as_other_programs_write_them_are_read() -> None:
    check(_record())
    check(_record(chains=der.sequence(der.sequence(_stamp(algorithm=b"")))))
    null = der.sequence(der.oid(SHA256), der.tlv(der.NULL))
    check(_record(algorithms=der.sequence(null)))


REFUSED = {
    "another version": {"version": der.integer(2)},
    "crypto infos": {"more": der.tlv(der.explicit(0))},
    "encryption": {"more": der.tlv(der.explicit(1))},
    "a digest that is not announced": {"algorithms": der.sequence()},
    "SHA-1": {"algorithms": der.sequence(der.sequence(der.oid("1.3.14.3.2.26")))},
    "parameters": {
        "algorithms": der.sequence(der.sequence(der.oid(SHA256), der.integer(1))),
    },
    "no chain": {"chains": der.sequence()},
    "an empty chain": {"chains": der.sequence(der.sequence())},
    "too many timestamps": {"chains": der.sequence(der.sequence(*[_stamp()] * 65))},
    "more after its end": {"end": der.integer(1)},
    "attributes": {
        "chains": der.sequence(der.sequence(_stamp(attributes=der.tlv(der.explicit(1))))),
    },
    "an empty tree": {
        "chains": der.sequence(der.sequence(_stamp(tree=der.tlv(der.explicit(2))))),
    },
    "an empty list": {
        "chains": der.sequence(der.sequence(_stamp(tree=der.tlv(der.explicit(2), der.sequence())))),
    },
    "a short digest": {
        "chains": der.sequence(
            der.sequence(
                _stamp(tree=der.tlv(der.explicit(2), der.sequence(der.octet_string(b"short"))))
            )
        ),
    },
    "a timestamp that is none": {
        "chains": der.sequence(der.sequence(_stamp(token=der.sequence(), algorithm=b""))),
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_of_another_form_is_refused(name: str) -> None:
    with pytest.raises(RecordError):
        check(_record(**REFUSED[name]))


def test_a_record_that_is_too_long_is_not_read() -> None:
    with pytest.raises(RecordError, match="more than"):
        check(b"\x30" * 1_048_577)


def test_one_chain_has_one_digest_algorithm() -> None:
    mixed = rehashed(records(1, FIRST), SECOND, NOW + YEAR)[0]
    with pytest.raises(RecordError, match="one digest algorithm"):
        EvidenceRecord(chains=(mixed.stamps,))


def test_a_token_with_unsorted_certificates_is_brought_into_the_order_of_der() -> None:
    token = FIRST.stamp(leaves(1)[0])
    root = FIRST.certificate.public_bytes(Encoding.DER)
    mixed = _with_certificates(token, lambda own: [*sorted([*own, root], reverse=True)])
    tidy = in_der(mixed)
    assert tidy == _with_certificates(token, lambda own: sorted([*own, root]))
    assert tidy != mixed
    assert in_der(tidy) == tidy
    over = leaves(1)
    check(EvidenceRecord(chains=((stamp_of(over, 0, tidy),),)))


def test_what_is_no_token_cannot_be_tidied() -> None:
    with pytest.raises(RecordError):
        in_der(b"\x30\x03\x02\x01\x01")


def test_a_renewal_adds_to_the_newest_chain() -> None:
    record = rehashed(records(1, FIRST), SECOND, NOW + YEAR)[0]
    again = renewed(record, (), b"token")
    assert [len(chain) for chain in again.chains] == [1, 2]


def _with_certificates(token: bytes, change) -> bytes:
    info = der.Reader(token).inside(der.SEQUENCE)
    kind = info.element(der.OID)
    fields = info.inside(der.explicit(0)).inside(der.SEQUENCE).elements()
    place = next(n for n, one in enumerate(fields) if one[0] == der.explicit(0))
    own = der.Reader(fields[place]).inside(der.explicit(0)).elements()
    fields[place] = der.tlv(der.explicit(0), *change(own))
    return der.sequence(kind, der.tlv(der.explicit(0), der.sequence(*fields)))
