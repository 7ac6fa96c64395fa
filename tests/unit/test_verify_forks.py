"""A split view caught offline: two heads of one log that cannot both be true, in any two files."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.checkpoint import Checkpoint
from signing.merkle import Frontier, inclusion_proof, leaf_hash
from signing.seal_check import Outcome
from signing.tlog_proof import TlogProof
from signing.trust_file import TRUST_NOBODY
from signing.verify import CheckId, Kind, Result, verify_files
from signing.verify.forks import SeenHead, find_forks, seen_in_proof
from tests.bundle_samples import BundlingOperator
from tests.proof_samples import AT, CITIZEN, COMPANY, Operator

FAIL = Outcome.FAIL


def twin(operator: Operator) -> Operator:
    """The same operator with the same keys, who shows another log to somebody else."""
    other = Operator(origin=operator.signer.name)
    other.keys, other.issuer, other.signer = operator.keys, operator.issuer, operator.signer
    return other


@pytest.fixture
def operator():
    operator = Operator()
    operator.delivery(1, COMPANY, "basic")
    return operator


def forked(report) -> list[bool]:
    return [
        any("FORKED" in check.text.en for check in file.checks if check.outcome is FAIL)
        for file in report.files
    ]


def test_two_heads_of_one_size_show_the_fork_and_name_both_files(operator, tmp_path):
    liar = twin(operator)
    liar.delivery(2, COMPANY, "basic")
    mine = operator.write(tmp_path / "mine")[0]
    yours = liar.write(tmp_path / "yours")[0]
    for path in (mine, yours):  # each alone is perfect
        assert verify_files([path], operator.trust, AT).result is Result.VALID
    report = verify_files([mine, yours], operator.trust, AT)
    assert report.result is Result.INVALID
    assert forked(report) == [True, True]
    for file in report.files:
        (line,) = [check for check in file.checks if "FORKED" in check.text.en]
        assert line.id is CheckId.CHECKPOINT
        assert str(mine) in line.text.en
        assert str(yours) in line.text.en
        assert "both of 3 entries" in line.text.en
        assert "แยกเป็นสองฉบับ" in line.text.th


def test_heads_of_different_sizes_show_it_by_what_their_proofs_bring(operator, tmp_path):
    liar = twin(operator)
    liar.delivery(2, COMPANY, "basic")
    liar.delivery(3, CITIZEN, "consent")
    mine = operator.write(tmp_path / "mine")[0]
    yours = liar.write(tmp_path / "yours", liar.logged[0])[0]
    report = verify_files([mine, yours], operator.trust, AT)
    assert forked(report) == [True, True]


def test_proofs_and_tokens_of_heads_show_it_too(operator, tmp_path):
    liar = twin(operator)
    liar.delivery(2, COMPANY, "basic")
    proof = operator.write(tmp_path / "mine")[0].with_suffix(".tlog-proof")
    liar.write(tmp_path / "yours")
    token = tmp_path / "yours" / "checkpoint.tsr"
    trust = replace(operator.trust, tsa_roots=(*operator.trust.tsa_roots, *liar.trust.tsa_roots))
    report = verify_files([proof, token], trust, AT)
    assert forked(report) == [True, True]
    assert verify_files([token], trust, AT).result is Result.VALID


def test_a_bundle_and_a_file_show_it_too(tmp_path):
    bundling = BundlingOperator(tmp_path / "keys")
    bundle = bundling.write(tmp_path / "a.asice")
    liar = twin(bundling.operator)
    liar.delivery(2, COMPANY, "basic")
    path = liar.write(tmp_path / "yours")[0]
    trust = replace(bundling.trust, tsa_roots=(*bundling.trust.tsa_roots, *liar.trust.tsa_roots))
    assert verify_files([bundle], trust, AT).result is Result.VALID
    report = verify_files([bundle, path], trust, AT)
    assert forked(report) == [True, True]


def test_a_saved_head_shows_it_and_every_file_under_a_forked_head_is_named(operator, tmp_path):
    """An auditor keeps the head that he saw; whoever has a file of the other log is told."""
    liar = twin(operator)
    liar.delivery(2, COMPANY, "basic")
    saved = tmp_path / "seen-yesterday"
    saved.write_bytes(liar.head())
    mine = operator.write(tmp_path / "mine")
    file = verify_files([saved], operator.trust, AT).files[0]
    assert (file.kind, file.result) == (Kind.PROOF, Result.VALID)
    report = verify_files([saved, *mine], operator.trust, AT)
    assert forked(report) == [True] * 4
    assert report.files[1].checks[0].text.en.startswith("THE LOG IS FORKED")
    saved.write_bytes(liar.head().replace(b"\n3\n", b"\n4\n"))
    file = verify_files([saved], operator.trust, AT).files[0]
    assert file.result is Result.INVALID


def test_an_honest_log_that_grows_is_no_fork(operator, tmp_path):
    early = operator.write(tmp_path / "early")
    operator.delivery(2, CITIZEN, "consent")
    late = operator.write(tmp_path / "late")
    report = verify_files([*early, *late], operator.trust, AT)
    assert report.result is Result.VALID
    assert not any(forked(report))


def test_nobody_but_the_log_can_accuse_it(operator, tmp_path):
    """Heads under another key, or another log's, say nothing of this one."""
    mine = operator.write(tmp_path / "mine")[0]
    stranger = Operator()
    stranger.delivery(2, COMPANY, "basic")
    theirs = stranger.write(tmp_path / "theirs")[0]
    other = Operator(origin="another.example/log")
    other.delivery(3, COMPANY, "basic")
    another = other.write(tmp_path / "another")[0]
    trust = replace(
        operator.trust,
        seal_roots=(*operator.trust.seal_roots, *other.trust.seal_roots),
        logs=(*operator.trust.logs, *other.trust.logs),
    )
    report = verify_files([mine, theirs, another], trust, AT)
    assert not any(forked(report))
    assert [file.result for file in report.files] == [Result.VALID, Result.INVALID, Result.VALID]
    assert not any(forked(verify_files([mine, theirs], TRUST_NOBODY, AT)))


# --- the comparison itself -----------------------------------------------------------------------


def grown(entries: list[bytes]):
    """The tree's complete nodes and its root."""
    frontier, nodes = Frontier.empty(), {}
    for entry in entries:
        for node in frontier.append(leaf_hash(entry)):
            nodes[node.level, node.number] = node.hash
    return nodes, frontier.root()


def seen(entries: list[bytes], index: int, file: str) -> SeenHead:
    nodes, root = grown(entries)
    hashes = inclusion_proof(index, len(entries), lambda level, number: nodes[level, number])
    head = Checkpoint(origin="log.example", size=len(entries), root=root)
    note = head.text() + b"\nsignatures are not looked at here\n"
    return seen_in_proof(
        file, TlogProof(index=index, hashes=hashes, checkpoint_note=note), entries[index]
    )


ENTRIES = [f"entry {number}".encode() for number in range(40)]
SIZE = st.integers(1, len(ENTRIES))


@given(st.lists(st.tuples(SIZE, SIZE), min_size=1, max_size=6))
def test_proofs_of_one_log_never_contradict_each_other(places):
    heads = [
        seen(ENTRIES[:size], index % size, str(number))
        for number, (size, index) in enumerate(places)
    ]
    assert find_forks(heads) == []
    nodes, _ = grown(ENTRIES)
    for head in heads:
        assert all(nodes[position] == value for position, value in head.nodes)


@settings(max_examples=50)
@given(SIZE, SIZE, st.data())
def test_a_leaf_that_differs_shows_where_the_proofs_reach_it(first, second, data):
    changed = data.draw(st.integers(0, min(first, second) - 1))
    other = [*ENTRIES[:changed], b"another", *ENTRIES[changed + 1 :]]
    index = data.draw(st.integers(0, second - 1))
    mine = seen(ENTRIES[:first], changed, "mine")
    yours = seen(other[:second], index, "yours")
    common = {position for position, _ in mine.nodes} & {position for position, _ in yours.nodes}
    forks = find_forks([mine, yours])
    if first == second or any(changed >> level == number for level, number in common):
        assert forks
        assert set(forks[0].files) == {"mine", "yours"}


def test_a_small_head_is_compared_with_the_nodes_of_a_large_one():
    """No node is common, but the small head's root follows from the large one's proofs."""
    large = [seen(ENTRIES[:8], index, f"large {index}") for index in (0, 4)]
    lying = Checkpoint(origin="log.example", size=5, root=bytes(32))
    forks = find_forks([*large, SeenHead(file="small", head=lying)])
    assert [fork.files for fork in forks] == [("large 0", "small"), ("large 4", "small")]
    honest = Checkpoint(origin="log.example", size=5, root=grown(ENTRIES[:5])[1])
    assert find_forks([*large, SeenHead(file="small", head=honest)]) == []
