"""The tree against RFC 6962's own words, a naive implementation, and wrong proofs of every kind."""

from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigstore._internal.merkle import _chain_border_right, _chain_inner, _decomp_inclusion_proof

from exchange.wire.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofRefused,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)

SIZES_MAX = 300


def naive_root(leaves):
    """MTH of RFC 6962 section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m, leaves):
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m, leaves, whole):
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


def node_of(leaves):
    nodes = {(0, i): leaf_hash(leaf) for i, leaf in enumerate(leaves)}
    level, count = 0, len(leaves)
    while count > 1:
        level, count = level + 1, count // 2
        for i in range(count):
            nodes[level, i] = node_hash(nodes[level - 1, 2 * i], nodes[level - 1, 2 * i + 1])
    return lambda at, index: nodes[at, index]


LEAVES = [b"entry %d" % i for i in range(SIZES_MAX)]
NODE = node_of(LEAVES)
ROOTS = [naive_root(LEAVES[:size]) for size in range(SIZES_MAX + 1)]


def test_the_known_tree_of_the_certificate_transparency_project_has_its_known_roots():
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    known = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    leaves = [bytes.fromhex(one) for one in inputs]
    for size, root in known.items():
        assert root_hash(size, node_of(leaves[:size])).hex() == root


def test_the_seven_leaf_example_of_the_rfc_has_the_paths_the_rfc_draws():
    a, b, c, d, e, f, j = (leaf_hash(bytes([i])) for i in range(7))
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, l = node_hash(g, h), node_hash(i, j)  # noqa: E741 - the letters of the RFC
    node = node_of([bytes([i]) for i in range(7)])
    assert inclusion_proof(0, 7, node) == [b, h, l]
    assert inclusion_proof(3, 7, node) == [c, g, l]
    assert inclusion_proof(4, 7, node) == [f, j, k]
    assert inclusion_proof(6, 7, node) == [i, k]
    assert consistency_proof(3, 7, node) == [c, d, g, l]
    assert consistency_proof(4, 7, node) == [l]
    assert consistency_proof(6, 7, node) == [i, j, k]


def test_the_frontier_and_the_builder_agree_with_the_naive_root_at_every_size():
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT
    for size, leaf in enumerate(LEAVES, start=1):
        frontier.add(leaf_hash(leaf))
        assert frontier.root() == root_hash(size, NODE) == ROOTS[size]


def test_every_pair_of_sizes_has_the_naive_consistency_proof_and_it_verifies():
    for new in range(1, SIZES_MAX + 1):
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, NODE)
            verify_consistency(old, new, proof, ROOTS[old], ROOTS[new])
            if new % 13 == 0 or new < 20:
                assert proof == naive_subproof(old, LEAVES[:new], True)


def test_every_pair_of_sizes_refuses_a_proof_with_another_root_or_a_damaged_or_missing_step():
    for new in range(2, SIZES_MAX + 1, 7):
        for old in range(1, new):
            proof = consistency_proof(old, new, NODE)
            wrong = [
                (old, new, proof[:-1], ROOTS[old], ROOTS[new]),
                (old, new, [*proof, ROOTS[1]], ROOTS[old], ROOTS[new]),
                (old, new, [proof[0][::-1], *proof[1:]], ROOTS[old], ROOTS[new]),
                (old, new, proof, ROOTS[old - 1], ROOTS[new]),
                (old, new, proof, ROOTS[old], ROOTS[new - 1] if new - 1 != old else ROOTS[0]),
                (new, old, proof, ROOTS[new], ROOTS[old]),
            ]
            for case in wrong:
                with pytest.raises(ProofRefused):
                    verify_consistency(*case)


def test_every_leaf_of_every_size_has_the_naive_path_and_only_it_verifies():
    for size in range(1, 70):
        for index in range(size):
            proof = inclusion_proof(index, size, NODE)
            assert proof == naive_path(index, LEAVES[:size])
            verify_inclusion(index, size, leaf_hash(LEAVES[index]), proof, ROOTS[size])
            for case in (
                (index, size, leaf_hash(b"other"), proof, ROOTS[size]),
                (index, size, leaf_hash(LEAVES[index]), [*proof, ROOTS[1]], ROOTS[size]),
                (index, size, leaf_hash(LEAVES[index]), proof, ROOTS[size - 1]),
                (size, size, leaf_hash(LEAVES[index]), proof, ROOTS[size]),
            ):
                with pytest.raises(ProofRefused):
                    verify_inclusion(*case)


def test_the_empty_tree_is_a_prefix_of_every_tree_and_proves_nothing_else():
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(0, 5, [], EMPTY_ROOT, ROOTS[5])
    for case in ((0, 5, [], ROOTS[1], ROOTS[5]), (0, 0, [], EMPTY_ROOT, ROOTS[1]), (0, 0, [], ROOTS[1], ROOTS[1])):
        with pytest.raises(ProofRefused):
            verify_consistency(*case)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=300), st.data())
def test_random_trees_prove_every_leaf_and_every_prefix(leaves, data):
    node, size = node_of(leaves), len(leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    root = naive_root(leaves)
    assert root_hash(size, node) == root
    verify_inclusion(index, size, leaf_hash(leaves[index]), inclusion_proof(index, size, node), root)
    verify_consistency(old, size, consistency_proof(old, size, node), naive_root(leaves[:old]), root)


@given(st.integers(1, 200), st.integers(1, 200), st.lists(st.binary(min_size=32, max_size=32), max_size=9))
def test_random_hashes_never_prove_a_prefix(old, new, proof):
    if old == new:
        return
    with pytest.raises(ProofRefused):
        verify_consistency(old, new, proof, sha256(b"old").digest(), sha256(b"new").digest())


def test_an_independent_implementation_has_the_same_roots_and_paths():
    other = pymerkle.InmemoryTree(algorithm="sha256")
    for leaf in LEAVES:
        other.append_entry(leaf)
    for size in (1, 2, 3, 7, 64, 100, SIZES_MAX):
        assert other.get_root(size) == ROOTS[size]
    for index in range(0, 100, 7):
        theirs = other.prove_inclusion(index + 1, 100).path  # It counts from one and includes the leaf itself.
        assert [bytes(step) for step in theirs[1:]] == inclusion_proof(index, 100, NODE)


def test_the_verifier_of_a_public_transparency_log_accepts_our_inclusion_proofs():
    for index in range(0, SIZES_MAX - 5, 23):
        size, leaf = SIZES_MAX - index % 5, leaf_hash(LEAVES[index])
        proof = inclusion_proof(index, size, NODE)
        inner, border = _decomp_inclusion_proof(index, size)
        chained = _chain_border_right(_chain_inner(leaf, proof[:inner], index), proof[inner:])
        assert len(proof) == inner + border
        assert chained == ROOTS[size]
