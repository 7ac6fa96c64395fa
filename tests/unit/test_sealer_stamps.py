"""What the sealer's desk says to a request for a timestamp, at any time one likes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from evidence_samples import NOW, VALIDITY
from test_sealer_desk import Office

from signing import certificates as made
from signing import cms, der
from signing.sealer.kernel_clock import KernelWord, kernel_problem
from signing.sealer.messages import Stamp, Stamped, StampRefused
from signing.sealer.serials import RANDOM_BITS
from signing.timestamp_messages import FailureInfo
from signing.timestamps import TimestampAuthority
from signing.tst_info import TstInfo, write_imprint

SECOND = timedelta(seconds=1)
DIGEST = bytes(range(32))
IMPRINT = write_imprint(DIGEST)


def stamp(**changes) -> Stamp:
    plain = Stamp(clock=NOW, imprint=IMPRINT, policy=None, nonce=None, cert_req=True)
    return replace(plain, **changes)


@pytest.fixture
def office(tmp_path):
    opened = Office(tmp_path)
    yield opened
    opened.close()


def said(office: Office, **changes) -> TstInfo:
    answer = office.desk.answer(stamp(**changes))
    assert isinstance(answer, Stamped), answer
    unit = office.unit.public_bytes(Encoding.DER)
    return TstInfo.decode(cms.open_signed_data(answer.token, known=[unit]).content)


def refused(office: Office, **changes) -> FailureInfo:
    answer = office.desk.answer(stamp(**changes))
    assert isinstance(answer, StampRefused), answer
    return answer.failure


@pytest.mark.parametrize("size", [32, 48, 64])
def test_a_token_says_what_was_asked_at_the_sealer_s_own_time(office, size) -> None:
    clock, imprint = NOW + 0.7 * SECOND, write_imprint(bytes(size))
    found = said(office, clock=clock, imprint=imprint, nonce=-7, policy="1.2.3")
    assert (found.time, found.imprint, found.digest) == (NOW, imprint, bytes(size))
    assert (found.nonce, found.policy, found.accuracy) == (-7, "1.2.3", SECOND)


def test_heads_and_requests_share_one_row_of_serial_numbers(office) -> None:
    counters = [said(office).serial >> RANDOM_BITS]
    office.head()
    counters.append(said(office).serial >> RANDOM_BITS)
    assert counters == [1, 3]


def test_certificates_come_only_where_they_are_asked_for(office) -> None:
    answer = office.desk.answer(stamp(cert_req=False))
    assert isinstance(answer, Stamped)
    with pytest.raises(cms.CmsError, match="not there"):
        cms.open_signed_data(answer.token)


@pytest.mark.parametrize("policy", [None, "1.2.3", "1.2.4"])
def test_offered_policies_are_served(office, policy) -> None:
    assert said(office, policy=policy).policy == (policy or "1.2.3")


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"policy": "1.2.5"}, FailureInfo.UNACCEPTED_POLICY),
        ({"policy": "no oid"}, FailureInfo.UNACCEPTED_POLICY),
        ({"clock": NOW + 1.01 * SECOND}, FailureInfo.TIME_NOT_AVAILABLE),
        ({"clock": NOW - 1.01 * SECOND}, FailureInfo.TIME_NOT_AVAILABLE),
        ({"imprint": b""}, FailureInfo.BAD_DATA_FORMAT),
        ({"imprint": IMPRINT + b"\0"}, FailureInfo.BAD_DATA_FORMAT),
        ({"imprint": write_imprint(bytes(48))[:-1]}, FailureInfo.BAD_DATA_FORMAT),
        (
            {
                "imprint": der.sequence(
                    der.sequence(der.oid("1.3.14.3.2.26")), der.octet_string(bytes(20))
                )
            },
            FailureInfo.BAD_ALGORITHM,
        ),
        ({"nonce": 2**255}, FailureInfo.BAD_DATA_FORMAT),
    ],
    ids=str,
)
def test_what_cannot_be_stamped_is_refused_by_its_failure(office, changes, failure) -> None:
    assert refused(office, **changes) is failure


def test_no_timestamp_without_a_clock_that_is_known_to_be_right(office) -> None:
    office.clock_problem = "the kernel's clock is not synchronised"
    assert refused(office) is FailureInfo.TIME_NOT_AVAILABLE
    office.head()  # the log goes on: its clock is the one that committer and sealer agree on
    office.clock_problem = None
    assert said(office).time == NOW


@pytest.mark.parametrize(
    ("start", "end", "lasts"),
    [
        (NOW - 3 * SECOND, NOW + 3 * SECOND, True),
        (NOW, VALIDITY.not_after, False),
        (VALIDITY.not_before, NOW, False),
        (VALIDITY.not_before, NOW - SECOND, False),
    ],
)
def test_a_unit_whose_certificate_does_not_cover_the_accuracy_stamps_nothing(
    tmp_path, start, end, lasts
) -> None:
    office = Office(tmp_path, made.Validity(not_before=start, not_after=end))
    if lasts:
        assert said(office).time == NOW
    else:
        assert refused(office) is FailureInfo.SYSTEM_FAILURE
    office.close()


@pytest.mark.parametrize(
    ("begin", "end", "lasts"),
    [
        (None, None, True),
        (NOW - 3 * SECOND, NOW + 3 * SECOND, True),
        (NOW, None, False),
        (None, NOW, False),
    ],
)
def test_the_key_s_own_usage_period_ends_a_unit(begin, end, lasts) -> None:
    key = made.new_p256_key()
    issuer = made.make_root(
        subject=made.Subject(common_name="Root"), key=key, serial=1, validity=VALIDITY
    )
    plain = made.make_leaf(
        issuer=issuer,
        subject=made.Subject(common_name="Unit"),
        public_key=key.public_key(),
        serial=2,
        validity=VALIDITY,
        use=made.LeafUse.TIMESTAMP,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(plain.subject)
        .issuer_name(plain.issuer)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(VALIDITY.not_before)
        .not_valid_after(VALIDITY.not_after)
        .add_extension(
            plain.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value, critical=True
        )
    )
    if begin or end:
        builder = builder.add_extension(x509.PrivateKeyUsagePeriod(begin, end), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    unit = TimestampAuthority(key=key, chain=[certificate], policy_oid="1.2", accuracy=SECOND)
    assert unit.lasts(NOW) == lasts


def test_the_kernel_s_word_decides_by_state_and_by_bound() -> None:
    def word(*, synchronised: bool, milliseconds: int) -> KernelWord:
        return KernelWord(synchronised=synchronised, most_off=timedelta(milliseconds=milliseconds))

    assert word(synchronised=True, milliseconds=1000).problem(SECOND) is None
    assert "1.001 s" in (word(synchronised=True, milliseconds=1001).problem(SECOND) or "")
    assert "not synchronised" in (word(synchronised=False, milliseconds=1).problem(SECOND) or "")


@pytest.mark.parametrize(
    ("state", "status", "synchronised"),
    [
        (0, 0x0001, True),  # TIME_OK, STA_PLL
        (1, 0x2011, True),  # a leap second is announced
        (5, 0x0001, False),  # TIME_ERROR
        (0, 0x0040, False),  # STA_UNSYNC
        (5, 0x0041, False),
    ],
)
def test_the_kernel_says_by_state_and_status_whether_its_clock_is_kept(
    state, status, synchronised
) -> None:
    word = KernelWord.of(state, status, 1500)
    assert word.synchronised == synchronised
    assert word.most_off == timedelta(milliseconds=1.5)


def test_a_kernel_that_does_not_answer_is_not_trusted() -> None:
    def silent() -> KernelWord:
        raise PermissionError(1, "Operation not permitted")

    assert "not permitted" in (kernel_problem(SECOND, silent)() or "")
    assert kernel_problem(SECOND, lambda: KernelWord(synchronised=True, most_off=SECOND))() is None
