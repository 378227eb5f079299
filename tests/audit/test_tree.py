from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.tree import (
    EMPTY_ROOT,
    CompactRange,
    consistency_proof,
    inclusion_proof,
    is_sound,
    leaf_hash,
    range_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# Leaves and roots of the reference tree used by implementations of RFC 6962.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (0, 1): [],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def hashes(size: int) -> list[bytes]:
    return [leaf_hash(str(one).encode()) for one in range(size)]


def recursive(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962 writes it down, for comparison."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + recursive(leaves[:k]) + recursive(leaves[k:])).digest()


def node_of(leaves: list[bytes]):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a local closure
    return lambda level, index: recursive(leaves[index << level : (index + 1) << level])


@pytest.mark.parametrize("size", range(9))
def test_roots_equal_the_reference(size: int) -> None:
    leaves = [leaf_hash(one) for one in LEAVES[:size]]
    tree = CompactRange()
    tree.extend(leaves)
    assert root_of(leaves).hex() == tree.root().hex() == ROOTS[size]


@pytest.mark.parametrize(("at", "expected"), INCLUSION.items())
def test_inclusion_proofs_equal_the_reference(at: tuple[int, int], expected: list[str]) -> None:
    index, size = at
    leaves = [leaf_hash(one) for one in LEAVES]
    proof = inclusion_proof(index, size, node_of(leaves))
    assert [one.hex() for one in proof] == expected
    assert verify_inclusion(leaves[index], index, size, proof, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("sizes", "expected"), CONSISTENCY.items())
def test_consistency_proofs_equal_the_reference(
    sizes: tuple[int, int], expected: list[str]
) -> None:
    old, new = sizes
    proof = consistency_proof(old, new, node_of([leaf_hash(one) for one in LEAVES]))
    assert [one.hex() for one in proof] == expected
    assert verify_consistency(old, new, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]), proof)


def test_all_proofs_of_small_trees_verify() -> None:
    leaves = hashes(33)
    node = node_of(leaves)
    for size in range(1, 34):
        root = recursive(leaves[:size])
        for index in range(size):
            assert verify_inclusion(
                leaves[index], index, size, inclusion_proof(index, size, node), root
            )
        for old in range(1, size + 1):
            proof = consistency_proof(old, size, node)
            assert verify_consistency(old, size, recursive(leaves[:old]), root, proof)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_changed_inclusion_proof_is_accepted(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes(size)
    proof = list(inclusion_proof(index, size, node_of(leaves)))
    leaf, root = leaves[index], recursive(leaves)
    kind = data.draw(
        st.sampled_from(["leaf", "index", "size", "root", "bit", "drop", "add", "swap"])
    )
    if kind == "leaf":
        leaf = leaf_hash(b"another")
    elif kind == "index":
        index = data.draw(st.integers(-2, size + 2).filter(lambda one: one != index))
    elif kind == "size":
        size = data.draw(st.integers(-1, 140).filter(lambda one: one != size))
        root = recursive(hashes(size)) if size > 0 else EMPTY_ROOT
    elif kind == "root":
        root = leaf_hash(root)
    elif kind == "bit" and proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    elif kind == "drop" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    elif kind == "swap" and len(proof) > 1:
        proof[0], proof[-1] = proof[-1], proof[0]
    else:
        proof.insert(
            data.draw(st.integers(0, len(proof))),
            data.draw(st.sampled_from([leaf, root, b"", bytes(31), bytes(32)])),
        )
    assert not verify_inclusion(leaf, index, size, proof, root)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_no_changed_consistency_proof_is_accepted(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 70))
    old = data.draw(st.integers(1, new))
    leaves = hashes(new)
    proof = list(consistency_proof(old, new, node_of(leaves)))
    old_root, new_root = recursive(leaves[:old]), recursive(leaves)
    kind = data.draw(st.sampled_from(["old root", "new root", "bit", "drop", "add", "fork"]))
    if kind == "old root":
        old_root = leaf_hash(old_root)
    elif kind == "new root":
        new_root = leaf_hash(new_root)
    elif kind == "fork":
        leaves[data.draw(st.integers(0, old - 1))] = leaf_hash(b"another")
        new_root = recursive(leaves)
        proof = list(consistency_proof(old, new, node_of(leaves)))
    elif kind == "bit" and proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    elif kind == "drop" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    else:
        proof.insert(data.draw(st.integers(0, len(proof))), bytes(32))
    assert not verify_consistency(old, new, old_root, new_root, proof)


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(0, 300))
def test_subtrees_and_leaves_build_the_same_tree(steps: list[int], start: int) -> None:
    leaves = hashes(start + 200)
    tree = CompactRange()
    tree.extend(leaves[:start])
    for level in steps:
        if tree.size % (1 << level) == 0:
            tree.append(recursive(leaves[tree.size : tree.size + (1 << level)]), level)
    assert tree.root() == recursive(leaves[: tree.size])
    assert is_sound(tree.size, tree.hashes, tree.root())
    assert range_root(0, tree.size, node_of(leaves)) == tree.root()


def test_impossible_states_are_refused() -> None:
    with pytest.raises(ValueError, match="hashes for"):
        CompactRange(3, [bytes(32)])
    tree = CompactRange(1, [bytes(32)])
    with pytest.raises(ValueError, match="subtree"):
        tree.append(bytes(32), 1)
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_proof(3, 3, node_of([]))
    with pytest.raises(ValueError, match="no consistency"):
        consistency_proof(0, 3, node_of([]))
    assert not is_sound(1, [bytes(31)], bytes(31))
    assert not is_sound(-1, [], EMPTY_ROOT)
    assert not is_sound(1, [], EMPTY_ROOT)


def test_proofs_longer_than_any_tree_are_refused() -> None:
    one = leaf_hash(b"")
    assert not verify_inclusion(one, 0, 1, [one], one)
    assert not verify_consistency(1, 2, one, one, [one, one, one])
    assert not verify_consistency(3, 5, one, one, [])
    assert not verify_consistency(0, 5, one, one, [])
