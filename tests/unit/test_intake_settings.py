"""The operator's rules of intake: each setting reaches its class of senders, and no other."""

import pytest

from tdh.config import Config, ConfigError, load
from tdh.domain.identifiers import PartyId
from tdh.domain.intake_policy import (
    EnclosureRule,
    IntakePolicy,
    Mismatch,
    ScannerDown,
    SenderRules,
    SignerRule,
)

SENDERS = {
    "agency": PartyId("th-agency:mdes"),
    "business": PartyId("th-tax-id:0105536000315"),
    "citizen": PartyId("th-citizen-id:1101700230708"),
}
CHOSEN = {
    "enclosures": EnclosureRule.VALID,
    "signer": SignerRule.ANY,
    "mismatch": Mismatch.REFUSE,
    "scanner_down": ScannerDown.REFUSE,
}


def test_what_nobody_set_is_the_domain_s_own() -> None:
    assert Config().intake() == IntakePolicy()


@pytest.mark.parametrize("of", SENDERS)
@pytest.mark.parametrize("setting", CHOSEN)
def test_each_setting_reaches_its_class_and_no_other(of: str, setting: str) -> None:
    policy = load({f"TDH_INTAKE_{of.upper()}__{setting.upper()}": CHOSEN[setting]}).intake()

    for name, sender in SENDERS.items():
        default = IntakePolicy().rules_for(sender)
        rules = policy.rules_for(sender)
        changed = {one for one in CHOSEN if getattr(rules, one) != getattr(default, one)}
        assert changed == ({setting} if name == of else set())
        if name == of:
            assert getattr(rules, setting) is CHOSEN[setting]


def test_citizens_sign_for_themselves_and_others_for_their_organisation() -> None:
    policy = IntakePolicy()
    assert policy.rules_for(SENDERS["citizen"]).signer is SignerRule.SAME_PERSON
    assert policy.rules_for(SENDERS["agency"]) == policy.rules_for(SENDERS["business"])
    assert policy.rules_for(SENDERS["agency"]) == SenderRules()


def test_a_word_that_no_rule_has_is_refused_by_the_name_of_its_setting() -> None:
    with pytest.raises(ConfigError, match=r"intake_citizen\.signer"):
        load({"TDH_INTAKE_CITIZEN__SIGNER": "somebody"})
