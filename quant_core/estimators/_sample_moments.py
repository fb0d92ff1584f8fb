"""The moments of one sample, so that an estimator's arithmetic on cells serves a single sample too.

Put here: the door from Sample to BlockMoments.
Keep out: arithmetic on moments (quant_core/counting/block_moments.py).
"""

from __future__ import annotations

import numpy as np

from quant_core.counting.block_moments import BlockMoments, Counts, Floats, block_bars, moments_of_blocks
from quant_core.estimators.contract import Sample


def moments_of_sample(sample: Sample) -> BlockMoments:
    """The moments of one sample, as arrays of shape (1,)."""
    size = block_bars(sample.horizon)
    last = max(
        int(sample.all_positions[-1]) if len(sample.all_positions) else 0,
        int(sample.positions[-1]) if len(sample.positions) else 0,
    )
    n_blocks = last // size + 1

    def per_block(positions: Counts, weights: Floats | None = None) -> Counts:
        return np.bincount(positions // size, weights=weights, minlength=n_blocks)

    gaps = np.minimum(np.diff(sample.positions), sample.horizon)
    covered = int(gaps.sum()) + (sample.horizon if len(sample.positions) else 0)
    return moments_of_blocks(
        per_block(sample.positions)[:, None],
        per_block(sample.positions, sample.values)[:, None],
        per_block(sample.all_positions),
        per_block(sample.all_positions, sample.all_values),
        covered=np.array([covered]),
        squares=np.array([float(np.sum(sample.values**2))]),
    )
