"""Policies of witnesses (c2sp.org/tlog-policy): who must have cosigned, and what is refused."""

import itertools

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from signing.checkpoint import NoteSigner
from signing.cosignature import CosignatureSigner
from signing.witness_policy import MAX_POLICY_BYTES, PolicyError, WitnessPolicy

LOG = NoteSigner(
    name="log.tdh.example/2026", private_key=Ed25519PrivateKey.from_private_bytes(b"l" * 32)
)
QUANTUM = MLDSA44PrivateKey.from_seed_bytes(b"q" * 32)


def witness(name: str) -> CosignatureSigner:
    key = Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"."))
    return CosignatureSigner(name=f"{name}.example", private_key=key)


WITNESSES = {name: witness(name) for name in ("x1", "x2", "x3", "y1", "y2", "y3")}
DEFINED = "".join(f"witness {name} {key.vkey}\n" for name, key in WITNESSES.items())


def parse(text: str) -> WitnessPolicy:
    return WitnessPolicy.parse(text.encode())


def met_by(policy: WitnessPolicy, *names: str) -> bool:
    return policy.is_met({f"{name}.example" for name in names})


def test_the_example_of_the_specification_means_what_it_says() -> None:
    policy = parse(
        f"log {LOG.vkey}\n\n{DEFINED}"
        "group X-witnesses 2 x1 x2 x3\n"
        "group Y-witnesses any y1 y2 y3\n"
        "group X-and-Y all X-witnesses Y-witnesses\n"
        "quorum X-and-Y\n"
    )
    assert policy.logs == (LOG.verifier,)
    assert policy.witnesses == tuple(key.verifier for key in WITNESSES.values())
    assert policy.asks_for_witnesses
    for count in range(7):
        for names in itertools.combinations(WITNESSES, count):
            xs = sum(name.startswith("x") for name in names)
            assert met_by(policy, *names) == (xs >= 2 and count > xs)
    assert not policy.is_met({"stranger.example", "x1", "X-witnesses", "X-and-Y"})


def test_a_single_witness_is_a_quorum() -> None:
    policy = parse(DEFINED + "quorum x2\n")
    assert met_by(policy, "x2")
    assert not met_by(policy, "x1", "y1")


def test_none_asks_for_nobody_and_says_so() -> None:
    policy = parse("quorum none\n")
    assert policy.is_met(())
    assert not policy.asks_for_witnesses
    assert (policy.logs, policy.witnesses) == ((), ())


def test_space_comments_and_urls_are_taken_as_the_format_has_them() -> None:
    policy = parse(
        f" \t\n# comment\n\t # ความเห็น\n\tlog\t{LOG.vkey}  https://log.example/ \n"
        f"witness \t พยาน  {WITNESSES['x1'].vkey} https://w.example/\n  quorum พยาน\t\n"
    )
    assert met_by(policy, "x1")


def test_names_are_octets() -> None:
    text = b"witness \xff " + WITNESSES["x1"].vkey.encode() + b"\nquorum \xff\n"
    assert WitnessPolicy.parse(text).is_met({"x1.example"})
    with pytest.raises(PolicyError, match="not defined"):
        WitnessPolicy.parse(text.replace(b"quorum \xff", b"quorum \xfe"))


def test_a_log_may_have_a_post_quantum_key() -> None:
    key = CosignatureSigner(name=LOG.name, private_key=QUANTUM)
    policy = parse(f"log {LOG.vkey}\nlog {key.vkey}\nquorum none\n")
    assert policy.logs == (LOG.verifier, key.verifier)


def test_at_least_thirty_two_of_each_kind_are_read() -> None:
    lines = [f"log {LOG.vkey}"]
    for number in range(32):
        key = Ed25519PrivateKey.from_private_bytes(bytes((number,)) * 32)
        log = NoteSigner(name=f"l{number}", private_key=key)
        other = Ed25519PrivateKey.from_private_bytes(bytes((number + 32,)) * 32)
        cosigner = CosignatureSigner(name=f"w{number}", private_key=other)
        below = f" g{number - 1}" if number else ""
        lines += [f"log {log.vkey}", f"witness w{number} {cosigner.vkey}"]
        lines.append(f"group g{number} all w{number}{below}")
    policy = parse("\n".join([*lines, "quorum g31", ""]))
    assert policy.is_met({f"w{number}" for number in range(32)})
    assert not policy.is_met({f"w{number}" for number in range(1, 32)})


X1 = WITNESSES["x1"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no quorum"),
        (DEFINED, "no quorum"),
        ("quorum none", "newline"),
        ("quorum none\nquorum none\n", "second quorum"),
        ("quorum\n", "no such line"),
        ("quorum none none\n", "no such line"),
        ("quorum x1\n" + DEFINED, "not defined"),
        (DEFINED + "quorum X1\n", "not defined"),
        ("Quorum none\n", "no such line"),
        ("quorum none\r\n", "control"),
        ("quorum none\x00\n", "control"),
        ("# \x7f\nquorum none\n", "control"),
        ("quorum\u00a0none\n", "no such line"),
        (f"log {X1.vkey}\nquorum none\n", "signs no log"),
        (f"log {LOG.vkey} https://a.example more\nquorum none\n", "no such line"),
        (f"log {LOG.vkey}\nlog {LOG.vkey}\nquorum none\n", "twice"),
        ("log nothing\nquorum none\n", "verifier key"),
        (f"witness w {LOG.vkey}\nquorum w\n", "no cosignatures"),
        (f"witness none {X1.vkey}\nquorum none\n", "defined already"),
        (f"witness a {X1.vkey}\nwitness b {X1.vkey}\nquorum a\n", "twice"),
        (f"witness a {X1.vkey}\nwitness a {WITNESSES['x2'].vkey}\nquorum a\n", "defined already"),
        (DEFINED + f"log {LOG.vkey[:-4]}AAA=\nquorum x1\n", "line 7"),
        (DEFINED + "group g 0 x1\nquorum g\n", "not 0"),
        (DEFINED + "group g 2 x1\nquorum g\n", "not 2"),
        (DEFINED + "group g 01 x1 x2\nquorum g\n", "not 01"),
        (DEFINED + "group g -1 x1 x2\nquorum g\n", "not -1"),
        (DEFINED + "group g 1\nquorum g\n", "no such line"),
        (DEFINED + "group g most x1 x2\nquorum g\n", "not most"),
        (DEFINED + "group g all x1 none\nquorum g\n", "not defined"),
        (DEFINED + "group g all x1 g\nquorum g\n", "not defined"),
        (DEFINED + "group g all x1 x1\nquorum g\n", "member already"),
        (DEFINED + "group g all x1\ngroup h any x1 x2\nquorum h\n", "member already"),
        (DEFINED + "group x1 all x2\nquorum x1\n", "defined already"),
        (DEFINED + "group none all x2\nquorum x1\n", "defined already"),
        ("#" * MAX_POLICY_BYTES + "\nquorum none\n", "at most"),
        ("".join(f"group g{n} any g{n + 1}\n" for n in range(300)) + "quorum none\n", "defined"),
    ],
)
def test_what_the_format_does_not_allow_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why):
        parse(text)


def test_a_key_is_the_same_under_another_name_and_type() -> None:
    renamed = CosignatureSigner(name="other.example", private_key=X1.private_key)
    as_log = NoteSigner(name="log.example", private_key=X1.private_key)
    for line in (f"witness b {renamed.vkey}\n", f"log {as_log.vkey}\n"):
        with pytest.raises(PolicyError, match="twice"):
            parse(f"witness a {X1.vkey}\n{line}quorum a\n")


def test_two_keys_of_one_name_cannot_be_told_apart_by_name_and_are_refused() -> None:
    twin = CosignatureSigner(name=X1.name, private_key=QUANTUM)
    with pytest.raises(PolicyError, match=r"named x1\.example"):
        parse(f"witness a {X1.vkey}\nwitness b {twin.vkey}\ngroup g all a b\nquorum g\n")


@pytest.mark.parametrize("kind", ["log", "witness", "group"])
def test_endless_policies_are_refused(kind: str) -> None:
    lines = {
        "log": lambda n, key: f"log {NoteSigner(name=f'l{n}', private_key=key).vkey}\n",
        "witness": lambda n, key: (
            f"witness w{n} {CosignatureSigner(name=f'w{n}', private_key=key).vkey}\n"
        ),
        "group": lambda n, key: f"group g{n} any {f'g{n - 1}' if n else 'x1'}\n",
    }[kind]
    numbered = (
        lines(number, Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big")))
        for number in range(300)
    )
    with pytest.raises(PolicyError, match="more than 256"):
        parse(DEFINED + "".join(numbered) + "quorum none\n")


@given(noise=st.binary(max_size=120))
def test_noise_is_refused_with_the_typed_error(noise: bytes) -> None:
    with pytest.raises(PolicyError):
        WitnessPolicy.parse(noise)
