"""The audit at its bounds: the tolerance, missing values, the row at the cut, one-sided rows, the shortest slice."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from quant_core.errors import DataContractError
from quant_core.leak_audit.audit import Inputs, LeakAudit, compare_at_cuts, find_leaks
from quant_core.leak_audit.cuts import random_cuts

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = [START + timedelta(days=i) for i in range(8)]
CUT = DAYS[4]


def bars(n: int = 8) -> pl.DataFrame:
    ts = pl.Series("ts", DAYS[:n], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"ts": ts, "ts_close": ts, "n": list(range(n))})


def with_future(value: pl.Expr, instead: pl.Expr) -> Callable[[Inputs], pl.DataFrame]:
    """One value where all eight bars are known, another where some are not."""

    def compute(inputs: Inputs) -> pl.DataFrame:
        frame = inputs["bars"]
        return frame.with_columns(value=value if frame.height == 8 else instead)

    return compute


def columns(compute: Callable[[Inputs], pl.DataFrame], cut: datetime = CUT) -> list[str]:
    return [leak.column for leak in find_leaks(LeakAudit(compute), {"bars": bars()}, [cut])]


@pytest.mark.parametrize(
    ("value", "instead", "leaks"),
    [
        (1.0, 1.0 + 5e-10, False),
        (1.0, 1.0 + 5e-9, True),
        (1e6, 1e6 + 5e-4, False),  # the tolerance is a share of the value, whatever its size and sign
        (-1e6, -1e6 - 5e-4, False),
        (-1e6, -1e6 - 5e-3, True),
        (1e-6, 1.00001e-6, True),
        (1e-6, -1e-6, True),
        (0.0, 0.0, False),
        (0.0, 1e-12, True),
        (math.nan, math.nan, False),
        (math.nan, 1.0, True),
        (1.0, math.nan, True),
        (None, None, False),
        (None, 1.0, True),
        (1.0, None, True),
        (None, math.nan, True),
        (math.inf, math.inf, False),
        (math.inf, -math.inf, True),
        (1.0, math.inf, True),
        (1e9, 1e9 - 1, False),  # a difference of exactly the tolerance
    ],
)
def test_values_within_the_tolerance_are_the_same(value: float | None, instead: float | None, leaks: bool) -> None:
    compute = with_future(pl.lit(value, dtype=pl.Float64), pl.lit(instead, dtype=pl.Float64))
    assert columns(compute) == ["value"] * leaks


@pytest.mark.parametrize(("value", "instead"), [(3, 4), ("a", "b"), (True, False)])
def test_other_types_are_compared_exactly(value: object, instead: object) -> None:
    assert columns(with_future(pl.lit(value), pl.lit(instead))) == ["value"]
    assert columns(with_future(pl.lit(value), pl.lit(value))) == []


def test_the_row_decided_at_the_cut_is_compared_and_none_after_it() -> None:
    for day, leaks in ((3, True), (4, True), (5, False)):
        only = pl.col("n") == day
        compute = with_future(pl.when(only).then(1.0).otherwise(0.0), pl.lit(0.0))
        assert columns(compute) == ["value"] * leaks


def test_the_bar_known_at_the_cut_may_be_used() -> None:
    def last_known(inputs: Inputs) -> pl.DataFrame:
        frame = inputs["bars"]
        return frame.with_columns(value=pl.col("n").filter(pl.col("ts_close") <= CUT).max())

    assert columns(last_known) == []


@pytest.mark.parametrize(("in_full", "in_part"), [(True, False), (False, True)])
def test_a_row_that_appears_or_vanishes_is_a_leak_and_values_of_others_are_still_compared(
    in_full: bool, in_part: bool
) -> None:
    def compute(inputs: Inputs) -> pl.DataFrame:
        frame = inputs["bars"]
        is_full = frame.height == 8
        kept = frame if (in_full if is_full else in_part) else frame.filter(pl.col("n") != 2)
        return kept.with_columns(value=pl.lit(float(is_full)))

    leaks = find_leaks(LeakAudit(compute), {"bars": bars()}, [CUT])
    assert [(k.column, k.key, k.with_future, k.without_future) for k in leaks] == [
        ("row", (DAYS[2],), in_full, in_part),
        ("value", (DAYS[0],), 1.0, 0.0),
    ]


def test_values_are_counted_rows_of_both_sides_times_columns() -> None:
    def compute(inputs: Inputs) -> pl.DataFrame:
        frame = inputs["bars"]
        return frame.with_columns(twice=2 * pl.col("n")).filter((pl.col("n") != 2) | (pl.len() == 8))

    counted = compare_at_cuts(LeakAudit(compute), {"bars": bars()}, [DAYS[0], DAYS[4]])
    assert counted.n_values == (1 + 4) * 2
    assert [leak.column for leak in counted.leaks] == ["row"]


def test_a_column_is_reported_once_with_the_first_cut_that_shows_it() -> None:
    leaks = find_leaks(LeakAudit(with_future(pl.lit(1.0), pl.lit(2.0))), {"bars": bars()}, DAYS[2:6])
    assert [(leak.column, leak.cut) for leak in leaks] == [("value", DAYS[2])]


def test_leaks_carry_the_name_of_their_block() -> None:
    compute = with_future(pl.lit(1.0), pl.lit(2.0))
    names = [find_leaks(LeakAudit(compute, block=b), {"bars": bars()}, [CUT])[0].block for b in ("", "mean(3)")]
    assert names == ["value", "mean(3)"]


@pytest.mark.parametrize(("step", "expected"), [(1, (4, 6)), (2, (4, 7)), (3, (4, 8))])
def test_the_shortest_slice_holds_the_row_and_what_it_looks_at(step: int, expected: tuple[int, int]) -> None:
    def compute(inputs: Inputs) -> pl.DataFrame:
        return inputs["bars"].with_columns(value=pl.col("n").shift(-step)).filter(pl.col("n") == 4)

    leak = find_leaks(LeakAudit(compute), {"bars": bars()}, [CUT])[0]
    assert leak.slice_rows == {"bars": expected}


def test_every_input_is_shortened() -> None:
    def compute(inputs: Inputs) -> pl.DataFrame:
        other = inputs["other"].select("ts", after=pl.col("n").shift(-1))
        return inputs["bars"].join(other, on="ts", how="left").filter(pl.col("n") == 4)

    leak = find_leaks(LeakAudit(compute), {"bars": bars(), "other": bars()}, [CUT])[0]
    assert leak.slice_rows == {"bars": (4, 5), "other": (4, 6)}


def test_a_leak_that_a_second_run_does_not_show_keeps_all_its_rows() -> None:
    calls = []

    def compute(inputs: Inputs) -> pl.DataFrame:
        calls.append(1)
        return inputs["bars"].with_columns(value=pl.lit(float(len(calls) == 1)))

    leak = find_leaks(LeakAudit(compute), {"bars": bars()}, [CUT])[0]
    assert leak.slice_rows == {"bars": (0, 8)}


def test_cuts_are_distinct_instants_in_order_and_never_the_last() -> None:
    known = pl.Series([DAYS[3], DAYS[0], DAYS[3], DAYS[1], DAYS[2]])
    assert random_cuts(known, 9, seed=1) == DAYS[:3]
    assert len(random_cuts(known, 2, seed=1)) == 2
    assert random_cuts(known, 2, seed=1) == random_cuts(known, 2, seed=1)
    assert {tuple(random_cuts(known, 1, seed=s)) for s in range(30)} == {(day,) for day in DAYS[:3]}
    assert random_cuts(known.head(1), 3, seed=0) == []


@pytest.mark.parametrize(
    ("compute", "reason"),
    [
        (lambda inputs: inputs["bars"].drop("ts"), "must return the columns"),
        (lambda inputs: inputs["bars"].drop("ts_close"), "must return the columns"),
        (lambda inputs: inputs["bars"].with_columns(ts=pl.lit(START)), "repeats keys"),
    ],
    ids=["no key", "no decision", "two rows of one key"],
)
def test_results_that_cannot_be_compared_are_refused(compute: Callable[[Inputs], pl.DataFrame], reason: str) -> None:
    with pytest.raises(DataContractError, match=reason):
        find_leaks(LeakAudit(compute), {"bars": bars()}, [CUT])
