"""The log's tree, against a literal reading of RFC 6962, section 2.1."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.merkle import (
    EMPTY_ROOT,
    Frontier,
    MerkleError,
    Node,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    nodes_for_consistency,
    nodes_for_frontier,
    nodes_for_inclusion,
    root,
    verify_consistency,
    verify_inclusion,
)

SIZES = st.integers(min_value=1, max_value=150)


def entries(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries(size)]


# The definitions of the RFC, word for word: D is the list of entries, m and k as there.
def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d: list[bytes]) -> bytes:
    if not d:
        return hashlib.sha256().digest()
    if len(d) == 1:
        return hashlib.sha256(b"\0" + d[0]).digest()
    k = split(len(d))
    return hashlib.sha256(b"\1" + mth(d[:k]) + mth(d[k:])).digest()


def path(m: int, d: list[bytes]) -> list[bytes]:
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return [*path(m, d[:k]), mth(d[k:])]
    return [*path(m - k, d[k:]), mth(d[:k])]


def subproof(m: int, d: list[bytes], *, known: bool) -> list[bytes]:
    if m == len(d):
        return [] if known else [mth(d)]
    k = split(len(d))
    if m <= k:
        return [*subproof(m, d[:k], known=known), mth(d[k:])]
    return [*subproof(m - k, d[k:], known=False), mth(d[:k])]


class Store:
    """Complete nodes as a sequencer keeps them; gives out only what was asked for beforehand."""

    def __init__(self, size: int) -> None:
        self.frontier = Frontier.empty()
        self.nodes: dict[tuple[int, int], bytes] = {}
        for leaf in leaves(size):
            for node in self.frontier.append(leaf):
                self.nodes[node.level, node.number] = node.hash

    def only(self, positions):
        allowed = {tuple(position) for position in positions}
        assert len(allowed) == len(positions)

        def look_up(level: int, index: int) -> bytes:
            assert (level, index) in allowed
            return self.nodes[level, index]

        return look_up


def test_the_known_roots_of_the_reference_tree_come_out() -> None:
    # The eight leaves of Certificate Transparency's reference tests; the roots are public.
    known = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
    known.append("606162636465666768696a6b6c6d6e6f")
    hashes = [leaf_hash(bytes.fromhex(text)) for text in known]
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root([]) == EMPTY_ROOT
    assert (
        root(hashes[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert (
        root(hashes[:7]).hex() == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    )
    assert root(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(size=st.integers(min_value=0, max_value=150))
def test_every_root_is_that_of_the_definition(size: int) -> None:
    assert root(leaves(size)) == mth(entries(size))


@given(size=SIZES)
def test_the_frontier_yields_each_complete_node_once_and_with_its_hash(size: int) -> None:
    frontier = Frontier.empty()
    nodes = [node for leaf in leaves(size) for node in frontier.append(leaf)]
    expected = {
        (level, index): mth(entries(size)[index << level : (index + 1) << level])
        for level in range(size.bit_length())
        for index in range(size >> level)
    }
    assert len(nodes) == len(expected)
    assert {(node.level, node.number): node.hash for node in nodes} == expected


@given(size=SIZES, more=SIZES)
def test_a_frontier_loaded_from_the_store_continues_the_tree(size: int, more: int) -> None:
    store = Store(size)
    loaded = Frontier.load(size, store.only(nodes_for_frontier(size)))
    assert (loaded.size, loaded.root()) == (size, store.frontier.root())
    assert Frontier(size, loaded.edge).root() == loaded.root()
    for leaf in leaves(size + more)[size:]:
        loaded.append(leaf)
    assert loaded.root() == mth(entries(size + more))


def test_a_copy_of_a_frontier_grows_by_itself() -> None:
    frontier = Frontier.empty()
    frontier.append(leaf_hash(b"kept"))
    copy = frontier.copy()
    copy.append(leaf_hash(b"rolled back"))
    assert (frontier.size, frontier.root()) == (1, leaf_hash(b"kept"))


@given(data=st.data(), size=SIZES)
def test_inclusion_proofs_are_those_of_the_definition_and_verify(data, size: int) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    proof = inclusion_proof(index, size, Store(size).only(nodes_for_inclusion(index, size)))
    assert list(proof) == path(index, entries(size))
    verify_inclusion(index, size, leaf_hash(entries(size)[index]), proof, mth(entries(size)))


@given(data=st.data(), size=SIZES)
def test_consistency_proofs_are_those_of_the_definition_and_verify(data, size: int) -> None:
    old = data.draw(st.integers(min_value=1, max_value=size))
    proof = consistency_proof(old, size, Store(size).only(nodes_for_consistency(old, size)))
    assert list(proof) == subproof(old, entries(size), known=True)
    verify_consistency(old, mth(entries(old)), size, mth(entries(size)), proof)


@given(data=st.data(), size=SIZES)
def test_an_inclusion_proof_for_anything_else_fails(data, size: int) -> None:
    index = data.draw(st.integers(min_value=0, max_value=size - 1))
    other = data.draw(st.integers(min_value=0, max_value=size - 1))
    proof = path(index, entries(size))
    tree, leaf = mth(entries(size)), leaf_hash(entries(size)[index])
    wrong = [
        (index, size, leaf_hash(b"never logged"), proof, tree),
        (index, size, leaf, proof, hashlib.sha256(b"another root").digest()),
        (index, size, leaf, [*proof, tree], tree),
        (index, size, node_hash(leaf, leaf), proof, tree),
        (size, size, leaf, proof, tree),
        (-1, size, leaf, proof, tree),
        (index, size, leaf, [*proof, b"short"], tree),
    ]
    if proof:
        wrong.append((index, size, leaf, proof[:-1], tree))
        wrong.append((index, size, leaf, proof[1:], tree))
    if other != index:
        wrong.append((other, size, leaf, path(other, entries(size)), tree))
    for arguments in wrong:
        with pytest.raises(MerkleError):
            verify_inclusion(*arguments)


@given(data=st.data(), size=SIZES)
def test_a_consistency_proof_for_anything_else_fails(data, size: int) -> None:
    old = data.draw(st.integers(min_value=1, max_value=size))
    proof = subproof(old, entries(size), known=True)
    before, after = mth(entries(old)), mth(entries(size))
    stranger = hashlib.sha256(b"another root").digest()
    wrong = [
        (old, stranger, size, after, proof),
        (old, before, size, stranger, proof),
        (old, before, size, after, [*proof, stranger]),
        (size + 1, before, size, after, proof),
        (old, before[:-1], size, after, proof),
        (0, before, size, after, []),
        (0, EMPTY_ROOT, size, after, [stranger]),
    ]
    wrong += [(old, before, size, after, proof[:-1]), (old, before, size, after, [])][
        : 2 if proof else 0
    ]
    for arguments in wrong:
        with pytest.raises(MerkleError):
            verify_consistency(*arguments)


def test_a_rewritten_entry_is_seen_from_every_later_head() -> None:
    rewritten = [*entries(20)]
    rewritten[5] = b"back-dated"
    for size in range(7, 21):
        proof = subproof(7, rewritten[:size], known=True)
        with pytest.raises(MerkleError, match=r"old root|two roots"):
            verify_consistency(7, mth(entries(7)), size, mth(rewritten[:size]), proof)


def test_every_tree_extends_the_empty_one() -> None:
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    verify_consistency(0, EMPTY_ROOT, 5, mth(entries(5)), ())
    assert consistency_proof(0, 5, Store(5).only([])) == ()
    with pytest.raises(MerkleError, match="without leaves"):
        verify_consistency(0, EMPTY_ROOT, 0, leaf_hash(b""), ())


def test_heads_of_a_growing_log_chain_from_one_to_the_next() -> None:
    store = Store(40)
    heads = [(size, mth(entries(size))) for size in (1, 2, 3, 8, 13, 32, 33, 40)]
    for (old, old_root), (new, new_root) in pairwise(heads):
        proof = consistency_proof(old, new, store.only(nodes_for_consistency(old, new)))
        verify_consistency(old, old_root, new, new_root, proof)


def test_a_proof_in_a_huge_log_needs_few_nodes() -> None:
    size = 2**40 - 1
    assert len(nodes_for_inclusion(2**39 + 5, size)) < 40 * 40
    assert len(nodes_for_frontier(size)) == 40
    assert len(nodes_for_inclusion(3, 2**40)) == 40


@pytest.mark.parametrize("edge", [[], [b"\0" * 32], [b"\0" * 32, b"\0" * 31]])
def test_a_frontier_with_a_wrong_edge_is_refused(edge: list[bytes]) -> None:
    with pytest.raises(MerkleError):
        Frontier(3, edge)


def test_a_leaf_that_is_no_hash_is_refused() -> None:
    frontier = Frontier.empty()
    with pytest.raises(MerkleError):
        frontier.append(b"an entry instead of its hash")
    assert frontier.append(b"\1" * 32) == [Node(0, 0, b"\1" * 32)]


def test_impossible_sizes_are_refused() -> None:
    for make in (
        lambda: nodes_for_inclusion(5, 5),
        lambda: nodes_for_inclusion(-1, 5),
        lambda: nodes_for_consistency(6, 5),
        lambda: nodes_for_consistency(-1, 5),
        lambda: nodes_for_frontier(2**63),
    ):
        with pytest.raises(MerkleError):
            make()
