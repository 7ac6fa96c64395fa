"""The operator's terms: each setting reaches the policy, and terms that contradict are refused."""

from dataclasses import fields
from datetime import timedelta

import pytest

from tdh.config import Config, PolicyConfig, load
from tdh.domain.errors import InvalidValue
from tdh.domain.lifecycle import ConsignmentMode
from tdh.domain.policies import Policy

UNITS = {"seconds": 1, "days": 86400}


def test_what_nobody_set_is_the_domain_s_own() -> None:
    assert Config().policy.policy() == Policy()


@pytest.mark.parametrize("setting", [one.name for one in fields(PolicyConfig) if one.name != "id"])
def test_each_setting_reaches_the_policy_in_its_unit(setting: str) -> None:
    chosen = {"expiry_grace_seconds": 240, "accept_within_most_days": 61}.get(setting, 20)
    policy = load({f"TDH_POLICY__{setting.upper()}": str(chosen)}).policy.policy()

    name, _, unit = setting.rpartition("_")
    if unit in UNITS:
        assert getattr(policy, name) == timedelta(seconds=chosen * UNITS[unit])
    else:
        assert getattr(policy, setting) == chosen


def test_no_term_of_the_domain_is_out_of_the_operator_s_reach() -> None:
    names = (one.name for one in fields(PolicyConfig))
    reached = {name.removesuffix("_seconds").removesuffix("_days") for name in names}
    assert reached == {one.name for one in fields(Policy)}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"expiry_grace_seconds": 119}, "expiry_grace_seconds"),
        ({"accept_within_days": 61}, "accept_within_most_days"),
        ({"accept_within_days": 0.5}, "accept_within_least_seconds"),
        ({"accept_within_least_seconds": 0}, "accept_within_least_seconds"),
        ({"accept_within_most_days": 14}, "accept_within_most_days"),
        ({"forward_within_days": 0}, "forward_within_days"),
        ({"holding_days": -1}, "holding_days"),
        ({"recipients_most": 0}, "recipients_most"),
        ({"recipients_most": 1001}, "recipients_most"),
        ({"documents_most": 1001}, "documents_most"),
    ],
    ids=str,
)
def test_terms_that_cannot_be_are_refused_by_name(changes: dict[str, float], named: str) -> None:
    with pytest.raises(InvalidValue, match=named):
        PolicyConfig(**changes).policy()  # type: ignore[arg-type]  # counts and terms in one table


def test_a_term_beyond_the_operator_s_longest_is_refused() -> None:
    policy = PolicyConfig(accept_within_most_days=20).policy()

    assert policy.term(ConsignmentMode.CONSENT, timedelta(days=20)) == timedelta(days=20)
    with pytest.raises(InvalidValue, match="must lie between"):
        policy.term(ConsignmentMode.CONSENT, timedelta(days=20, seconds=1))
