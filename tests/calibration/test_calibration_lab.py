"""The lab counts right: determinism, workers, and errors it must see."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.calibration import CalibrationPlan, calibrate
from quant_core.errors import ConfigError
from quant_core.worlds.dying_edge import DyingEdge
from quant_core.worlds.garch_t import GarchT
from quant_core.worlds.gross_edge import GrossEdge
from quant_core.worlds.planted_lift import PlantedLift
from quant_core.worlds.random_walk import RandomWalk
from tests.calibration.research import short_spec

PLAN = CalibrationPlan(
    short_spec(),
    (RandomWalk(), GarchT(), PlantedLift(lift=0.2), DyingEdge(lift=0.2), GrossEdge(lift=0.2, cost_bps=3.0)),
    horizons=(1, 20),
    n_worlds=4,
    n_planted=4,
    n_resamples=99,
    n_waiting_paths=3,
    seed=3,
)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return calibrate(PLAN)


def rate(table: pl.DataFrame, world: str, measure: str, horizon: int, target: str = "continuation_n") -> float:
    found = table.filter(
        pl.col("world").str.starts_with(world),
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
    assert len(set(seeds)) == len(seeds) == 5 * 4
    other = CalibrationPlan(PLAN.spec, PLAN.worlds, horizons=(1,), n_worlds=4, n_planted=4, seed=4)
    assert not {task.seed for task in other.tasks()} & set(seeds)


def test_the_textbook_interval_fails_and_the_shipped_one_does_not(table: pl.DataFrame) -> None:
    for world in ("random_walk", "garch_t"):
        assert rate(table, world, "coverage_plain_n", 20) < 0.85
        assert rate(table, world, "coverage_wilson", 20) > 0.85
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
    wilson = wilson.filter(target="continuation_n")
    fine = wilson.filter(pl.col("event") != "any", pl.col("condition") != "any")["n_trials"].sum()
    by_event = wilson.filter(pl.col("event") != "any", condition="any")["n_trials"].sum()
    assert wilson.filter(event="any", condition="any")["n_trials"].item() == fine == by_event


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(ConfigError, match="calibration"):
        CalibrationPlan(PLAN.spec, ()).tasks()
