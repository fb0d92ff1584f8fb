"""Masks as bits: bar i is bit i mod 64 of word i div 64.

Put here: packing of Boolean masks and of bin codes into 64-bit words.
Keep out: counting (moments.py).
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from quant_core.errors import DataContractError

WORD_BITS = 64
NO_BIN = 255

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


def pack_bins(codes: NDArray[np.uint8], n_bins: list[int]) -> Words:
    """Turn the bin codes of several conditions into one mask per bin, in one pass over the codes.

    Args:
        codes: (n_conditions, n_bars); the bin of each bar, or NO_BIN (255) where the label is null.
        n_bins: bins of each condition, at most 255.

    Returns:
        (sum of n_bins, n_words): the bins of the first condition, then of the second, …

    Raises:
        DataContractError: a code is neither NO_BIN nor below the condition's number of bins.

    Example, by hand: two bins over three bars, the last without label.

    >>> pack_bins(np.array([[0, 1, 255]], dtype=np.uint8), [2]).tolist()
    [[1], [2]]
    """
    for condition, count in zip(codes, n_bins, strict=True):
        bad = condition[(condition >= count) & (condition != NO_BIN)]
        if bad.size:
            raise DataContractError(f"A condition with {count} bins holds the bin code {int(bad[0])}.")
    offsets = np.concatenate([[0], np.cumsum(n_bins)]).astype(np.int64)
    words = np.zeros((int(offsets[-1]), n_words(codes.shape[1])), dtype=np.uint64)
    _pack_codes(np.ascontiguousarray(codes), offsets, words)
    return words


@njit(parallel=True, cache=True)
def _pack_codes(codes: NDArray[np.uint8], offsets: NDArray[np.int64], words: Words) -> None:
    """Set the bit of every labeled bar in its bin's mask; one thread per condition."""
    for c in prange(codes.shape[0]):
        for i in range(codes.shape[1]):
            code = codes[c, i]
            if code != 255:
                words[offsets[c] + code, i // 64] |= np.uint64(1) << np.uint64(i % 64)
