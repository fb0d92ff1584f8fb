"""Masks as bits: bar i is bit i mod 64 of word i div 64.

Put here: packing of Boolean masks and of condition states into 64-bit words.
Keep out: counting (moments.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from quant_core.errors import DataContractError

WORD_BITS = 64

Words = NDArray[np.uint64]


def n_words(n_bars: int) -> int:
    """Words that hold a number of bars.

    >>> [n_words(n) for n in (0, 1, 64, 65)]
    [0, 1, 1, 2]
    """
    return -(-n_bars // WORD_BITS)


def pack_mask(mask: NDArray[np.bool_]) -> Words:
    """Pack one mask; shape (n_bars,) → (n_words,); the bits past the last bar are 0.

    Example, by hand: bars 0 and 2 are bits 1 and 4.

    >>> pack_mask(np.array([True, False, True])).tolist()
    [5]
    """
    packed = np.packbits(mask, bitorder="little")
    words = np.zeros(n_words(mask.size) * 8, dtype=np.uint8)
    words[: packed.size] = packed
    return words.view(np.uint64)


def pack_masks(masks: list[NDArray[np.bool_]], n_bars: int) -> Words:
    """Pack several masks of equal length; shape (n_masks, n_words)."""
    words = np.zeros((len(masks), n_words(n_bars)), dtype=np.uint64)
    for row, mask in enumerate(masks):
        words[row] = pack_mask(mask)
    return words


def pack_slots(codes: NDArray[np.integer[Any]], n_slots: int) -> Words:
    """Turn the state of every bar under several conditions into one mask per state, in one pass over the codes.

    Args:
        codes: (n_conditions, n_bars); the slot of each bar under each condition, ``n_slots`` where it has none.
            Conditions share no slot.
        n_slots: slots of all conditions together.

    Returns:
        (n_slots, n_words).

    Raises:
        DataContractError: a code is below 0 or above n_slots.

    Example, by hand: one condition with slots 0 and 1 over three bars, the last without a state.

    >>> pack_slots(np.array([[0, 1, 2]]), 2).tolist()
    [[1], [2]]
    """
    if codes.size and not (codes.min() >= 0 and codes.max() <= n_slots):
        raise DataContractError(
            f"Slots run from 0 to {n_slots} (none): found codes from {codes.min()} to {codes.max()}."
        )
    words = np.zeros((n_slots, n_words(codes.shape[1])), dtype=np.uint64)
    _pack_codes(np.ascontiguousarray(codes), words)
    return words


@njit(parallel=True, cache=True)
def _pack_codes(codes: NDArray[np.integer[Any]], words: Words) -> None:  # pragma: no cover - compiled
    """Set every bar's bit in its slot's mask; one thread per condition, which share no slot."""
    n_slots = words.shape[0]
    for c in prange(codes.shape[0]):
        for i in range(codes.shape[1]):
            slot = np.int64(codes[c, i])
            if slot < n_slots:
                words[slot, i >> 6] |= np.uint64(1) << np.uint64(i & 63)
