"""The lab counts right: determinism, workers, and errors it must see."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.calibration import CalibrationPlan, calibrate
from quant_core.errors import ConfigError
from quant_core.worlds.dying_edge import DyingEdge
from quant_core.worlds.garch_t import GarchT
from quant_core.worlds.gross_edge import GrossEdge
from quant_core.worlds.leverage import Leverage
from quant_core.worlds.planted_lift import PlantedLift
from quant_core.worlds.random_walk import RandomWalk
from tests.calibration.research import short_spec

PLAN = CalibrationPlan(
    short_spec(),
    (RandomWalk(), GarchT(), Leverage(), PlantedLift(lift=0.2), DyingEdge(lift=0.2), GrossEdge(lift=0.2, cost_bps=3.0)),
    horizons=(1, 20),
    n_worlds=4,
    n_planted=8,
    lengths=(5_000, 1_250),
    n_resamples=99,
    n_waiting_paths=3,
    seed=3,
)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return calibrate(PLAN)


def rate(
    table: pl.DataFrame, world: str, measure: str, horizon: int, target: str = "continuation_n", bars: int = 5_000
) -> float:
    found = table.filter(
        pl.col("world").str.starts_with(world),
        split_bars=20_000 if "edge" in world or "planted" in world else bars,
        measure=measure,
        target=target,
        horizon_bars=horizon,
        event="any",
        condition="any",
    )
    return found["rate"].item()


def test_the_result_does_not_depend_on_the_number_of_workers(table: pl.DataFrame) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert_frame_equal(calibrate(PLAN, pool.map), table)


def test_every_simulation_has_a_seed_of_its_own() -> None:
    seeds = [task.seed for task in PLAN.tasks()]
    assert len(set(seeds)) == len(seeds) == 3 * 2 * 4 + 3 * 8
    other = replace(PLAN, seed=4)
    assert not {task.seed for task in other.tasks()} & set(seeds)


def test_the_textbook_interval_fails_and_the_shipped_one_does_not(table: pl.DataFrame) -> None:
    worlds = ("random_walk", "garch_t")
    # Both worlds together: with four paths of few cells one alone says little.
    assert sum(rate(table, world, "coverage_plain_n", 20) for world in worlds) / 2 < 0.85
    assert sum(rate(table, world, "coverage_wilson", 20) for world in worlds) / 2 > 0.85
    verdicts = table.filter(measure="coverage_wilson", horizon_bars=20, event="any", condition="any")["verdict"]
    assert set(verdicts) <= {"meets", "unclear", "misses"}


def test_planted_effects_are_found_and_dead_ones_not_confirmed(table: pl.DataFrame) -> None:
    assert rate(table, "planted_lift", "power_verdict", 1) == 1
    assert rate(table, "planted_lift", "replicated", 1) > 0.5
    assert rate(table, "dying_edge", "power_verdict", 1) == 1
    assert rate(table, "dying_edge", "replicated_by_chance", 1) < 0.5
    assert rate(table, "gross_edge", "power_gross", 1, "forward_return_n") > 0.5
    assert rate(table, "gross_edge", "clears_costs", 1, "forward_return_n") < 0.5


def test_pooled_rows_hold_every_trial_once(table: pl.DataFrame) -> None:
    wilson = table.filter(pl.col("world").str.starts_with("garch_t"), measure="coverage_wilson", horizon_bars=20)
    wilson = wilson.filter(split_bars=5_000)
    wilson = wilson.filter(target="continuation_n")
    fine = wilson.filter(pl.col("event") != "any", pl.col("condition") != "any")["n_trials"].sum()
    by_event = wilson.filter(pl.col("event") != "any", condition="any")["n_trials"].sum()
    assert wilson.filter(event="any", condition="any")["n_trials"].item() == fine == by_event


def test_every_length_is_measured_and_long_ones_less_often(table: pl.DataFrame) -> None:
    null = table.filter(pl.col("world").str.starts_with("garch_t"))
    assert set(null["split_bars"]) == {1_250, 5_000}
    assert rate(table, "garch_t", "coverage_wilson", 20, bars=1_250) > 0.8
    # 30 blocks of ten years of days: judged by the least n of D1, which is smaller than that of hours.
    n_min = {task.split_bars: task.spec.n_min for task in PLAN.tasks() if task.world == GarchT()}
    assert n_min == {1_250: 100, 5_000: 300}
    long = replace(PLAN, worlds=(GarchT(),), n_worlds=40, lengths=(5_000, 10_000, 50_000), n_waiting_paths=0)
    counts = pl.Series([task.split_bars for task in long.tasks()]).value_counts(sort=True)
    assert dict(counts.iter_rows()) == {5_000: 40, 10_000: 20, 50_000: 10}


def test_where_direction_is_no_fair_coin_only_what_is_true_is_measured(table: pl.DataFrame) -> None:
    leverage = table.filter(pl.col("world").str.starts_with("leverage"))
    sizes = leverage.filter(pl.col("measure") == "size", pl.col("target") != "forward_return_n")
    assert sizes.select("target", "horizon_bars").unique().rows() == [("continuation_n", 1)]
    assert {"any numeric"} == set(leverage.filter(target=pl.col("target"), horizon_bars=0)["target"])
    covered = leverage.filter(pl.col("measure") == "coverage_wilson", pl.col("event") == "any")
    by_condition = covered.filter(pl.col("condition") != "any").select("horizon_bars", "condition").unique()
    assert set(by_condition.filter(horizon_bars=20)["condition"]) == {"all"}
    assert set(by_condition.filter(horizon_bars=1)["condition"]) == {"all", "vol_tertile"}
    task = next(task for task in PLAN.tasks() if task.world == Leverage())
    twenty = [rate for (_, target), rate in task.rates.items() if target.startswith("continuation_n(horizon_bars=20")]
    assert min(twenty) > 0.505, "skewed to the left: more rises than falls over 20 bars"


def test_costs_are_seldom_cleared_where_there_is_no_edge(table: pl.DataFrame) -> None:
    claims = table.filter(measure="clears_cost_by_chance", event="any", condition="any")
    assert {"continuation_n", "touch_up_before_down", "forward_return_n"} >= set(claims["target"])
    assert claims["n_trials"].sum() > 500
    assert claims["rate"].max() < 0.2
    free = calibrate(replace(PLAN, worlds=(GarchT(),), cost_bps=0.0, lengths=(1_250,), n_worlds=8, n_waiting_paths=0))
    dear = calibrate(replace(PLAN, worlds=(GarchT(),), cost_bps=20.0, lengths=(1_250,), n_worlds=8, n_waiting_paths=0))
    hits = [
        rows.filter(measure="clears_cost_by_chance", event="any", condition="any")
        .select((pl.col("rate") * pl.col("n_trials")).sum())
        .item()
        for rows in (free, dear)
    ]
    assert hits[0] > hits[1], "without a cost chance alone clears it now and then"


@pytest.mark.parametrize("lengths", [(), (0,), (500, 500)])
def test_lengths_are_positive_and_different(lengths: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="lengths"):
        replace(PLAN, lengths=lengths).tasks()


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(ConfigError, match="calibration"):
        CalibrationPlan(PLAN.spec, ()).tasks()
