"""The trees of a LightGBM model, read off its text and asked in compiled code: the same scores to the bit.

All nodes of a tree are asked of all rows, and each answer strikes out the leaves that it rules out (QuickScorer:
Lucchese et al., SIGIR 2015): more comparisons than on the way from root to leaf, but none waits for another.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.compiled import compiled

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints32 = NDArray[np.int32]
Bits = NDArray[np.bool_]
Masks = NDArray[np.uint32]

# LightGBM's include/LightGBM/tree.h: the bits of a decision's type
DEFAULT_LEFT, MISSING_SHIFT = 2, 2
MISSING_NONE, MISSING_ZERO = 0, 1
MOST_LEAVES = 32
ZERO = np.float32(1e-35)  # what is no larger LightGBM takes for 0
ALL = np.uint32(0xFFFFFFFF)
LANES = 8  # rows that are compared at once

# where the lowest of 32 bits stands (Leiserson et al. 1998)
_DE_BRUIJN = np.uint32(0x077CB531)
_LOWEST = np.zeros(32, np.int64)
_LOWEST[[(0x077CB531 << bit & 0xFFFFFFFF) >> 27 for bit in range(32)]] = np.arange(32)


class Trees(NamedTuple):
    """All trees' nodes in a row, `ends` where each tree's are over, and leaves, MOST_LEAVES a tree, from left to right.

    A row whose `feature` is above the `threshold` may still come to the leaves of the mask `right`, another to any.
    NaN counts as not above at a tree's nodes before `lost`, as above at those from there on.
    """

    feature: Ints32
    threshold: Floats32
    right: Masks
    lost: Ints32
    ends: Ints32
    leaf: Floats


def trees_of(text: str) -> Trees | None:
    """Those of a model's text; None where it decides otherwise than by numbers, or trees have more than MOST_LEAVES."""
    sections = text.split("\nend of trees")[0].split("\nTree=")
    if any(line.startswith("average_output") for line in sections[0].splitlines()):
        return None
    told = [dict(line.split("=", 1) for line in one.splitlines() if "=" in line) for one in sections[1:]]
    if any(int(one["num_cat"]) or int(one.get("is_linear", "0")) for one in told):
        return None
    if any(int(one["num_leaves"]) > MOST_LEAVES for one in told):
        return None
    nodes = {name: [np.array(one.get(name, "").split(), np.float64) for one in told] for name in _OF_NODES}
    leaf, right = np.zeros((len(told), MOST_LEAVES)), []
    for tree, one in enumerate(told):
        left_child, right_child = (
            nodes[f"{side}_child"][tree].astype(int).tolist() for side in ("left", "right")
        )
        order, masks = _from_left_to_right(left_child, right_child)
        leaf[tree, : len(order)] = np.array(one["leaf_value"].split(), np.float64)[order]
        right.append(np.array(masks, np.uint32))
    nothing = np.zeros(0)
    threshold = np.concatenate([nothing, *nodes["threshold"]])
    decision = np.concatenate([nothing, *nodes["decision_type"]]).astype(np.int64)
    missing = decision >> MISSING_SHIFT & 3
    if (missing == MISSING_ZERO).any():
        return None
    # where training saw no NaN it is taken for 0
    lost: Bits = np.where(missing == MISSING_NONE, threshold >= 0.0, decision & DEFAULT_LEFT != 0)
    sizes = [len(masks) for masks in right]
    ends, of_tree = np.cumsum(sizes, dtype=np.int32), np.repeat(np.arange(len(sizes)), sizes)
    sorting = np.lexsort((~lost, of_tree))  # a mask strikes out the same leaves in any order
    return Trees(
        feature=np.concatenate([nothing, *nodes["split_feature"]])[sorting].astype(np.int32),
        threshold=_rounded_down(threshold)[sorting],
        right=np.concatenate([np.zeros(0, np.uint32), *right])[sorting],
        lost=(ends - sizes + np.bincount(of_tree[lost], minlength=len(sizes))).astype(np.int32),
        ends=ends,
        leaf=leaf.ravel(),
    )


_OF_NODES = ("split_feature", "threshold", "decision_type", "left_child", "right_child")


def _from_left_to_right(left: list[int], right: list[int]) -> tuple[list[int], list[int]]:
    """A tree's leaves in that order, and by node the mask of all leaves but those on its left."""
    if not left:
        return [0], []
    order: list[int] = []
    masks = [0] * len(left)
    ahead: list[tuple[int, int]] = [
        (0, -1)
    ]  # a child, and where its node's own leaves begin once its left is done
    while ahead:
        child, first = ahead.pop()
        if first >= 0:  # all on the node's left are in order now
            masks[child] = int(ALL) & ~((1 << len(order)) - (1 << first))
            ahead.append((right[child], -1))
        elif child < 0:
            order.append(-1 - child)
        else:
            ahead += [(child, len(order)), (left[child], -1)]
    return order, masks


def _rounded_down(threshold: Floats) -> Floats32:
    """The largest number of 32 bits that is not above: a feature of 32 bits is above neither or both."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near).astype(np.float32)


@compiled
def scores_of(trees: Trees, rows: Floats32) -> Floats:
    """The sum of the leaves that each row falls into, tree by tree, shape (rows,)."""
    count, features = rows.shape
    width = (count + LANES - 1) // LANES * LANES
    columns = np.zeros((features, width), np.float32)
    for i in range(count):
        for j in range(features):
            if not abs(rows[i, j]) <= ZERO:  # NaN, too
                columns[j, i] = rows[i, j]
    scores, left = np.zeros(count), np.empty(width, np.uint32)
    start = 0
    for tree in range(len(trees.ends)):
        left[:] = ALL
        # a row by itself: the compiler takes eight lanes at once then, but not through two indices
        for node in range(start, trees.lost[tree]):
            column, threshold, mask = columns[trees.feature[node]], trees.threshold[node], trees.right[node]
            for i in range(width):
                left[i] &= mask if column[i] > threshold else ALL
        for node in range(trees.lost[tree], trees.ends[tree]):
            column, threshold, mask = columns[trees.feature[node]], trees.threshold[node], trees.right[node]
            for i in range(width):
                left[i] &= ALL if column[i] <= threshold else mask
        start = trees.ends[tree]
        for i in range(count):
            lowest = left[i] & (~left[i] + np.uint32(1))
            scores[i] += trees.leaf[
                MOST_LEAVES * tree + _LOWEST[np.uint32(lowest * _DE_BRUIJN) >> np.uint32(27)]
            ]
    return scores
