"""Every kernel against the slow readable reference beside it, on random input with holes, ties and empty bins."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.seasonality._cube import (
    cell_powers,
    cell_powers_reference,
    cell_shares,
    cluster_sums,
    covered_bars,
    moments_reference,
    roll_up,
    roll_up_reference,
)
from quant_core.seasonality._ranks import (
    quantile_ranks,
    rank_sweep,
    rank_sweep_reference,
    sort_with_cells,
    sort_with_cells_reference,
)

SEEDS = st.integers(0, 2**32 - 1)


def cells(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Values with ties, zeros of both signs and holes; cells; bins with -1; clusters; number of bins."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=n), int(rng.integers(0, 3))) * rng.choice([1e-5, 1.0, 1e6])
    values[rng.random(n) < 0.1] = np.nan
    cuts = np.unique(rng.integers(1, n, size=int(rng.integers(1, n // 2))))
    starts = np.concatenate(([0], cuts, [n])).astype(np.int64)
    n_bins = int(rng.integers(1, 9))
    codes = rng.integers(-1, n_bins, size=len(starts) - 1).astype(np.int32)
    clusters = np.cumsum(rng.random(len(codes)) < 0.2).astype(np.int64)
    return values, starts, codes, clusters - clusters[0], n_bins


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_cell_sums_equal_slicing(seed: int) -> None:
    values, starts, _, _, _ = cells(seed)
    shift = float(np.nanmean(values))
    got, expected = cell_powers(values, starts, shift), cell_powers_reference(values, starts, shift)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12 * np.abs(expected).max())
    threshold = np.nanquantile(values, [0.25, 0.9])
    for k, limit in enumerate(threshold):
        expected_shares = np.add.reduceat((values <= limit).astype(float), starts[:-1])
        assert np.array_equal(cell_shares(values, starts, threshold)[:, k], expected_shares)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_roll_up_equals_numpy(seed: int) -> None:
    values, starts, codes, _, n_bins = cells(seed)
    cube = cell_powers(values, starts, 0.0)
    np.testing.assert_allclose(roll_up(cube, codes, n_bins), roll_up_reference(cube, codes, n_bins), rtol=1e-12)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_cluster_moments_equal_dense_tables(seed: int) -> None:
    values, starts, codes, clusters, n_bins = cells(seed)
    cube = cell_powers(values, starts, float(np.nanmean(values)))
    columns = np.ascontiguousarray(cube[:, :3])
    sums = roll_up(cube, codes, n_bins)
    covered = sums[:, 0].astype(np.int64)
    for column in (1, 2):
        keep = {"squares": sums[:, 2], "covered": covered}
        got = cluster_sums(columns, codes, clusters, sums[:, 0]).moments(column, **keep)
        expected = moments_reference(columns, column, codes, clusters, **keep)
        # Sums of deviations may cancel to nothing: their rounding is relative to the sums of their sizes.
        sizes = moments_reference(np.abs(columns), column, codes, clusters, **keep)
        for f in fields(got):
            a, b, scale = (getattr(m, f.name) for m in (got, expected, sizes))
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12 * np.abs(scale).max(), err_msg=f.name)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 9))
def test_covered_bars_are_those_in_some_outcome_window(seed: int, window: int) -> None:
    values, starts, codes, _, n_bins = cells(seed)
    bins = np.repeat(codes, np.diff(starts))
    got = covered_bars(values, starts, codes, n_bins, window)
    for g in range(n_bins):
        inside = set()
        for i in np.flatnonzero((bins == g) & ~np.isnan(values)):
            inside.update(range(i + 1, i + window + 1))
        assert got[g] == len(inside)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_sorting_equals_stable_argsort(seed: int) -> None:
    values, starts, _, _, _ = cells(seed)
    got, expected = sort_with_cells(values, starts), sort_with_cells_reference(values, starts)
    assert np.array_equal(got.values, expected.values)
    distinct = np.flatnonzero(np.diff(expected.values, prepend=np.nan, append=np.nan) != 0)
    for a, b in pairwise(distinct):  # -0.0 and 0.0 are equal values, in either order
        assert sorted(got.cells[a:b]) == sorted(expected.cells[a:b])


@pytest.mark.parametrize("spread", [1e-12, 1e-7, 1.0])
def test_sorting_is_right_for_values_closer_than_the_high_digits(spread: float) -> None:
    values = 1.0 + spread * np.random.default_rng(8).permutation(np.arange(20_000.0))
    starts = np.arange(0, 20_001, 5)
    got, expected = sort_with_cells(values, starts), sort_with_cells_reference(values, starts)
    assert np.array_equal(got.values, expected.values)
    assert np.array_equal(got.cells, expected.cells)


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_rank_sweep_equals_selecting_each_bin_and_its_complement(seed: int) -> None:
    values, starts, codes, _, n_bins = cells(seed)
    ordered = sort_with_cells(values, starts)
    rng = np.random.default_rng(seed)
    inside, outside = (np.sort(rng.integers(0, len(ordered.values) + 5, (n_bins, k)), axis=1) for k in (5, 3))
    small = rng.random(n_bins) < 0.5
    inside[small], outside[small] = inside[small] // 8, outside[small] // 2
    got = rank_sweep(ordered.values, ordered.cells, codes, inside, outside)
    expected = rank_sweep_reference(ordered.values, ordered.cells, codes, inside, outside)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("q", [0.05, 0.25, 0.5, 0.9])
def test_quantile_ranks_give_numpy_quantiles(q: float) -> None:
    rng = np.random.default_rng(5)
    for n in range(1, 40):
        x = np.sort(rng.normal(size=n))
        low, high, weight = (v[0] for v in quantile_ranks(np.array([float(n)]), q))
        assert x[low] + (x[high] - x[low]) * weight == pytest.approx(np.quantile(x, q), rel=1e-12, abs=1e-12)
