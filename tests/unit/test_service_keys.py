"""Keys as the log tells of them: entries, periods, and what lies outside of a period."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from evidence_samples import NOW, sealing_keys

from signing import certificates as made
from signing.compromise import name_of_verifier
from signing.cosignature import CosignatureSigner
from signing.log_entry import operation_entry, parse_operation_entry
from signing.private_keys import spki_digest
from signing.seal_check import Outcome
from signing.service_certificates import check_certificates
from signing.service_keys import (
    KeyPeriods,
    ServiceKeyError,
    compromised,
    in_service,
    key_of_certificates,
    key_of_pem,
    key_of_vkey,
    retired,
)
from signing.trust_file import TrustFile
from tdh.audit.key_check import KeyCheck
from tdh.domain.service_keys import (
    Compromise,
    KeyUse,
    RecordedKey,
    Retirement,
    ServiceKey,
    problem_with,
)
from tests.proof_samples import Operator

HOUR = timedelta(hours=1)
KEYS = sealing_keys()
SEAL = key_of_certificates(KeyUse.SEAL, KEYS.seal.certificates)
OTHER = replace(SEAL, key=b"o" * 32)
WHOLE = NOW.replace(microsecond=0)


def periods(*entries: bytes) -> KeyPeriods:
    found = KeyPeriods()
    for index, entry in enumerate(entries):
        found.add(index, parse_operation_entry(entry))
    return found


def test_a_key_is_named_by_its_public_key_and_ends_with_its_chain() -> None:
    keys = sealing_keys(intermediate=True)
    key = key_of_certificates(KeyUse.SEAL, keys.seal.certificates)

    assert key.key == spki_digest(keys.seal.chain[0].public_key())
    assert key.ends_at == min(one.not_valid_after_utc for one in keys.seal.chain)
    assert key_of_pem(KeyUse.SEAL, made.pem(*keys.seal.chain)) == key


def test_a_log_s_key_has_the_name_that_trust_files_use() -> None:
    ed25519 = Operator().signer.verifier
    ml_dsa = CosignatureSigner(name="log.example", private_key=MLDSA44PrivateKey.generate())

    assert key_of_vkey(ed25519.vkey).use is KeyUse.LOG
    assert key_of_vkey(ed25519.vkey).key.hex() == name_of_verifier(ed25519)
    assert key_of_vkey(ml_dsa.verifier.vkey).use is KeyUse.LOG_MLDSA
    assert key_of_vkey(ml_dsa.verifier.vkey).key.hex() == name_of_verifier(ml_dsa.verifier)


@pytest.mark.parametrize("vkey", ["", "a+b+c", "a+00000000+Ag==", "a+00000000+AQ==", "a"])
def test_a_verifier_key_that_is_none_is_refused(vkey) -> None:
    with pytest.raises(ServiceKeyError):
        key_of_vkey(vkey)


def test_certificates_that_are_none_are_refused() -> None:
    for chain in ((), (b"x",)):
        with pytest.raises(ServiceKeyError):
            key_of_certificates(KeyUse.SEAL, chain)
    with pytest.raises(ServiceKeyError):
        key_of_pem(KeyUse.SEAL, b"x")


def test_the_entries_say_what_the_public_needs() -> None:
    assert in_service(SEAL, NOW).decode().splitlines() == [
        "tdh-operation/v1",
        "key-in-service",
        "2026-11-22T09:30Z",
        "use seal",
        f"key sha-256 {SEAL.key.hex()}",
        f"certificate sha-256 {SEAL.certificate.hex()}",
        f"ends {SEAL.ends_at:%Y-%m-%dT%H:%M:%SZ}",
    ]
    word = Compromise(key=SEAL.key, since=WHOLE, reason="a thief")
    assert b"thief" not in compromised(word, NOW)


def test_the_log_alone_says_when_each_key_served() -> None:
    end = Retirement(use=KeyUse.SEAL, key=SEAL.key, at=WHOLE + HOUR)
    found = periods(
        in_service(SEAL, NOW), b"tdh-operation/v1\ntrust-store\n2026-11-22T09:30Z\n",
        in_service(OTHER, NOW + HOUR), retired(end, NOW + HOUR),
    )  # fmt: skip

    def problem(key: ServiceKey, index: int | None, later: timedelta) -> str | None:
        return found.problem(KeyUse.SEAL, key.key, index=index, time=WHOLE + later)

    assert problem(SEAL, 1, timedelta()) is None
    assert problem(SEAL, 9, HOUR) is None
    assert "after it was retired" in problem(SEAL, 9, HOUR + timedelta(seconds=1))
    assert "before the log named it" in problem(OTHER, 1, timedelta())
    assert problem(OTHER, 3, HOUR) is None
    assert problem(OTHER, None, HOUR) is None
    assert "never named in service" in problem(replace(SEAL, key=b"x" * 32), 9, HOUR)
    assert "never named" in found.problem(KeyUse.LOG, SEAL.key, index=9, time=NOW)
    assert [line.split(" in service")[0] for line in found.lines()] == [
        f"seal {SEAL.key.hex()[:16]}",
        f"seal {OTHER.key.hex()[:16]}",
    ]


def test_what_a_compromised_key_made_since_is_told_and_no_broken_rule() -> None:
    word = Compromise(key=SEAL.key, since=WHOLE - HOUR, reason="lost")
    later = replace(word, since=WHOLE + HOUR)
    entries = (in_service(SEAL, NOW), compromised(later, NOW), compromised(word, NOW))
    found, check = periods(*entries), KeyCheck()
    for index, entry in enumerate(entries):
        check.operation(index, entry)
    check.sealed("evd_1", KEYS.seal.chain[0], NOW, 3)
    before = WHOLE - HOUR - timedelta(seconds=1)

    assert "compromised since" in found.doubt(KeyUse.SEAL, SEAL.key, WHOLE)
    assert found.doubt(KeyUse.SEAL, SEAL.key, before) is None
    assert found.doubt(KeyUse.SEAL, OTHER.key, WHOLE) is None
    assert any("COMPROMISED" in line for line in found.lines())
    assert (check.done().problems, len(check.tally.notes)) == (0, 1)


def test_what_lies_before_the_first_word_about_keys_is_of_an_older_time() -> None:
    found = KeyPeriods()
    found.add(7, parse_operation_entry(in_service(SEAL, NOW)))

    assert found.problem(KeyUse.SEAL, SEAL.key, index=3, time=WHOLE) is None
    assert found.problem(KeyUse.SEAL, OTHER.key, index=3, time=WHOLE) is not None


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("use", "seal")],
        [("use", "stamp"), ("key", "sha-256 " + "0" * 64)],
        [("use", "seal"), ("key", "0" * 64)],
        [("use", "seal"), ("key", "sha-256 " + "0" * 64), ("certificate", "x")],
    ],
)
def test_a_malformed_operation_about_keys_is_a_finding(fields) -> None:
    check = KeyCheck()
    check.operation(4, operation_entry("key-in-service", NOW, fields))
    check.operation(5, operation_entry("key-retired", NOW, fields))

    assert check.done().problems == 2
    assert "entry 4" in check.tally.examples[0]


def test_a_seal_by_a_key_that_the_log_never_named_is_a_finding() -> None:
    check = KeyCheck()
    check.operation(0, in_service(SEAL, NOW))
    check.sealed("evd_1", KEYS.seal.chain[0], NOW, 1)
    check.sealed("evd_2", sealing_keys().seal.chain[0], NOW, 2)

    tally = check.done()
    assert (tally.checked, tally.problems) == (2, 1)
    assert tally.examples[0].startswith("evd_2: made by the seal key")


def test_a_log_that_names_no_key_tells_nothing_of_seals() -> None:
    check = KeyCheck()
    check.sealed("evd_1", KEYS.seal.chain[0], NOW, 1)

    assert check.done().done().outcome is Outcome.UNKNOWN


def test_a_key_that_was_given_up_signs_nothing() -> None:
    known = RecordedKey(key=SEAL, in_service_at=NOW)
    lost = replace(known, compromised_since=NOW, reason="lost")
    ending = replace(known, retires_at=NOW + HOUR)

    assert problem_with(SEAL, [], NOW) is None
    assert problem_with(SEAL, [known, replace(known, key=OTHER)], NOW) is None
    assert problem_with(SEAL, [ending], NOW) is None
    assert "retired" in problem_with(SEAL, [ending], NOW + HOUR)
    assert "lost" in problem_with(replace(SEAL, use=KeyUse.RECEIPT), [lost], NOW)
    assert "ended" in problem_with(SEAL, [], SEAL.ends_at + HOUR)


def certificate(key, use=made.LeafUse.SIGN_DOCUMENTS, **changes) -> tuple[bytes, TrustFile]:
    keys = sealing_keys(key, use=use, **changes)
    pem = made.pem(*keys.seal.chain)
    return pem, TrustFile(seal_roots=(keys.root,), tsa_roots=(keys.root,))


def test_a_certificate_that_may_serve_is_taken() -> None:
    for use, leaf in (
        (KeyUse.SEAL, made.LeafUse.SIGN_DOCUMENTS),
        (KeyUse.TIMESTAMP, made.LeafUse.TIMESTAMP),
        (KeyUse.RECEIPT, made.LeafUse.SIGN_RECEIPTS),
    ):
        pem, trust = certificate(made.new_p256_key(), leaf)
        check_certificates(use, pem, trust, NOW)
        for other in {KeyUse.SEAL, KeyUse.TIMESTAMP, KeyUse.RECEIPT} - {use}:
            with pytest.raises(ServiceKeyError):
                check_certificates(other, pem, trust, NOW)


def test_a_certificate_that_may_not_serve_is_refused() -> None:
    pem, trust = certificate(made.new_p256_key(), intermediate=True)
    first = b"-----END CERTIFICATE-----\n"
    alone = pem[: pem.index(first) + len(first)]
    for bad, problem, at in (
        (pem, "ended at", NOW + timedelta(days=4 * 365)),
        (pem, "begins at", NOW - timedelta(days=4)),
        (alone, "no path", NOW),
        (b"x", "no certificates", NOW),
    ):
        with pytest.raises(ServiceKeyError, match=problem):
            check_certificates(KeyUse.SEAL, bad, trust, at)
    with pytest.raises(ServiceKeyError, match="no path"):
        check_certificates(KeyUse.SEAL, pem, certificate(made.new_p256_key())[1], NOW)
    with pytest.raises(ServiceKeyError, match="has no certificate"):
        check_certificates(KeyUse.LOG, pem, trust, NOW)
    with pytest.raises(ServiceKeyError, match="has no seal_roots"):
        check_certificates(KeyUse.SEAL, pem, TrustFile(), NOW)


def test_what_is_wrong_with_a_certificate_is_one_plain_sentence_of_ours() -> None:
    seal, unit, receipt = (
        certificate(made.new_p256_key(), leaf)
        for leaf in (
            made.LeafUse.SIGN_DOCUMENTS,
            made.LeafUse.TIMESTAMP,
            made.LeafUse.SIGN_RECEIPTS,
        )
    )
    (root,) = seal[1].seal_roots
    strange = certificate(made.new_p256_key())[1]
    for use, (pem, trust), problem in (
        (KeyUse.SEAL, unit, "a timestamping unit's is no seal's"),
        (KeyUse.SEAL, receipt, "document signing, RFC 9336) is no seal's"),
        (KeyUse.SEAL, (made.pem(root), seal[1]), "an authority's own"),
        (KeyUse.RECEIPT, seal, "lacks document signing (RFC 9336)"),
        (KeyUse.TIMESTAMP, seal, "must be its only extended key usage, and critical"),
        (KeyUse.SEAL, (seal[0], strange), "no path from it to any of the seal_roots"),
        (KeyUse.TIMESTAMP, (unit[0], strange), "no path from it to any of the tsa_roots"),
    ):
        with pytest.raises(ServiceKeyError, match=re.escape(problem)) as refused:
            check_certificates(use, pem, trust, NOW)
        said = str(refused.value)
        assert said.startswith(f"the certificate cannot serve as {use}: ")
        for word in ("validation", "candidate", "Error", "<", "extension validator"):
            assert word not in said


def test_a_word_that_is_no_verifier_key_is_told_as_such() -> None:
    for vkey in ("garbage", "", "a+00000000+AQ=="):
        with pytest.raises(ServiceKeyError, match="is no verifier key"):
            key_of_vkey(vkey)
