"""What a run writes before any work grows linearly with its keys: 10,000 keys with ten checks stay below 150 MB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.benchmarks.bench_event_cost import planned_bytes, postgres_instance, sqlite_instance
from tests.postgres.postgres_server import PostgresServer

SIZES = (100, 200, 400)
LARGE_KEYS, LARGE_BYTES = 10_000, 150e6


def _line(sizes: Sequence[int], values: Sequence[float]) -> tuple[float, float, float]:
    """(slope, intercept, largest relative deviation) of a straight line through the values."""
    slope, intercept = np.polyfit(sizes, values, 1)
    fitted = slope * np.asarray(sizes) + intercept
    return float(slope), float(intercept), float(np.max(np.abs(fitted / np.asarray(values) - 1.0)))


def _assert_linear(values: Sequence[float]) -> None:
    slope, intercept, deviation = _line(SIZES, values)
    assert deviation < 0.04, values
    assert slope * LARGE_KEYS + intercept < LARGE_BYTES, values


def test_the_line_notices_what_grows_with_the_square() -> None:
    """What Dagster's own storage writes: ten checks, a row per key, every row with all keys of 12 bytes."""
    with pytest.raises(AssertionError):
        _assert_linear([10 * n * (1200 + 12 * n) for n in SIZES])
    _assert_linear([10 * n * 1200 + 50_000 for n in SIZES])


def test_planned_events_on_sqlite_are_linear() -> None:
    grown = []
    for n_keys in SIZES:
        with sqlite_instance() as (instance, size_of):
            grown.append(planned_bytes(instance, n_keys, size_of))
    _assert_linear(grown)


@pytest.mark.postgres
def test_planned_events_on_postgres_are_linear(postgres_server: PostgresServer) -> None:
    grown = []
    for n_keys in SIZES:
        with postgres_instance(postgres_server) as (instance, size_of):
            grown.append(planned_bytes(instance, n_keys, size_of))
    _assert_linear(grown)
