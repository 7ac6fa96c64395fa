"""The rules of intake: every setting against every finding."""

import re
from dataclasses import replace

import pytest

from tdh.domain import intake_policy as rules
from tdh.domain.intake_policy import (
    EnclosureRule,
    Mismatch,
    ScannerDown,
    SenderRules,
    SignerRule,
)
from tdh.domain.scanning import ScanFinding, ScanOutcome
from tdh.domain.signers import SenderMatch
from tdh.domain.verdicts import Indication, Reason, SubIndication
from tests.builders import verdict

THAI = re.compile("[ก-๛]")


def judged(indication: Indication, code: str):
    return replace(verdict(indication), reason=Reason(code=code, th="", en=""))


PASSED = verdict()
UNSIGNED = judged(Indication.NO_SIGNATURE, "no-signature")
NO_KIND = judged(Indication.NO_SIGNATURE, "not-a-signed-kind")
ONLY_STAMPED = judged(Indication.NO_SIGNATURE, "only-a-timestamp")
BROKEN = judged(Indication.TOTAL_FAILED, "changed-after-signing")
UNCLEAR = judged(Indication.INDETERMINATE, "unknown-root")
MALFORMED_AS_MAIN = replace(
    judged(Indication.TOTAL_FAILED, "not-a-signed-kind"),
    sub_indication=SubIndication.FORMAT_FAILURE,
)
ANY, LENIENT, STRICT = EnclosureRule.ANY, EnclosureRule.UNSIGNED_OR_VALID, EnclosureRule.VALID
ENCLOSURES = [
    *((ANY, one, None) for one in (PASSED, UNSIGNED, NO_KIND, ONLY_STAMPED, BROKEN, UNCLEAR, None)),
    (LENIENT, PASSED, None),
    (LENIENT, UNSIGNED, None),
    (LENIENT, NO_KIND, None),
    (LENIENT, ONLY_STAMPED, rules.ENCLOSURE_NOT_VALID),
    (LENIENT, BROKEN, rules.ENCLOSURE_NOT_VALID),
    (LENIENT, UNCLEAR, rules.ENCLOSURE_NOT_VALID),
    (LENIENT, None, rules.ENCLOSURE_NOT_JUDGED),
    (STRICT, PASSED, None),
    (STRICT, UNSIGNED, rules.ENCLOSURE_UNSIGNED),
    (STRICT, NO_KIND, rules.ENCLOSURE_UNSIGNED),
    (STRICT, ONLY_STAMPED, rules.ENCLOSURE_NOT_VALID),
    (STRICT, BROKEN, rules.ENCLOSURE_NOT_VALID),
    (STRICT, UNCLEAR, rules.ENCLOSURE_NOT_VALID),
    (STRICT, None, rules.ENCLOSURE_NOT_JUDGED),
]


@pytest.mark.parametrize(("rule", "found", "problem"), ENCLOSURES)
def test_an_enclosure_is_as_its_rule_wants_or_refused_by_name(rule, found, problem) -> None:
    assert SenderRules(enclosures=rule).enclosure_problem(found) is problem


def test_a_file_of_no_signed_kind_is_malformed_as_a_letter_and_unsigned_as_an_enclosure() -> None:
    found = rules.as_enclosure(MALFORMED_AS_MAIN)
    assert (found.indication, found.sub_indication) == (Indication.NO_SIGNATURE, None)
    assert found.reason is MALFORMED_AS_MAIN.reason
    for one in (PASSED, UNSIGNED, ONLY_STAMPED, BROKEN, UNCLEAR):
        assert rules.as_enclosure(one) == one


WANTED = {
    SignerRule.ANY: {*SenderMatch, None},
    SignerRule.SAME_ORGANISATION: {SenderMatch.SAME_PERSON, SenderMatch.SAME_ORGANISATION},
    SignerRule.SAME_PERSON: {SenderMatch.SAME_PERSON},
}


@pytest.mark.parametrize("rule", SignerRule)
@pytest.mark.parametrize("match", [*SenderMatch, None])
def test_a_signer_who_is_not_wanted_is_refused_or_only_marked(rule, match) -> None:
    wanted = match in WANTED[rule]
    strict, lenient = (
        SenderRules(signer=rule, mismatch=one) for one in (Mismatch.REFUSE, Mismatch.MARK)
    )
    assert strict.is_signer_wanted(match) is lenient.is_signer_wanted(match) is wanted
    assert strict.signer_problem(match) is (None if wanted else rules.SIGNER_IS_NOT_SENDER)
    assert lenient.signer_problem(match) is None


@pytest.mark.parametrize(
    ("outcome", "down", "problem"),
    [
        *((ScanOutcome.CLEAN, one, None) for one in ScannerDown),
        *((ScanOutcome.FOUND, one, rules.MALWARE_FOUND) for one in ScannerDown),
        *((ScanOutcome.INCOMPLETE, one, rules.SCAN_INCOMPLETE) for one in ScannerDown),
        (ScanOutcome.UNAVAILABLE, ScannerDown.WAIT, None),
        (ScanOutcome.UNAVAILABLE, ScannerDown.REFUSE, rules.NOT_SCANNED),
    ],
)
def test_only_what_was_scanned_clean_comes_in(outcome, down, problem) -> None:
    finding = ScanFinding(outcome=outcome, name="x", engine="y")
    assert SenderRules(scanner_down=down).scan_problem(finding) is problem


def test_every_reason_has_a_name_of_its_own_and_a_sentence_in_each_language() -> None:
    assert len({one.code for one in rules.REASONS}) == len(rules.REASONS)
    for one in rules.REASONS:
        assert re.fullmatch("[a-z-]+", one.code)
        assert THAI.search(one.th)
        assert not THAI.search(one.en)
        assert one.en.endswith(".")
