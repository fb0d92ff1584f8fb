"""The comparison of corrections: universes are what they say, rates are counted right, and what ships is best."""

from __future__ import annotations

import argparse
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.calibration._methods import judged, methods, rates_of_methods
from quant_core.calibration._universes import Setting, Universe, synthetic_universe
from quant_core.calibration.families import FamiliesPlan, compare_families
from quant_core.errors import ConfigError
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.worlds.planted_season import PlantedSeason
from quant_core.worlds.random_walk import RandomWalk
from quant_pipelines.calibration.families_run import families_markdown, run_families
from quant_pipelines.cli import families as command
from tests.calibration.research import short_spec

PLAN = FamiliesPlan(
    short_spec(),
    (PlantedSeason(lift=0.2),),
    (RandomWalk(),),
    lengths=(5_000,),
    n_families=(10,),
    planted_shares=(0.0, 0.2),
    n_universes=60,
    lab_lengths=(10_000,),
    n_lab_universes=2,
    lab_families=5,
    seed=11,
)


@pytest.fixture(scope="module")
def table() -> pl.DataFrame:
    return compare_families(PLAN)


def row_of(table: pl.DataFrame, method: str, **place: object) -> dict[str, float]:
    return table.filter(pl.col("method").str.starts_with(method), **place).row(0, named=True)  # pyright: ignore[reportArgumentType]


def test_synthetic_p_values_are_uniform_without_an_effect_and_dependent_inside_a_batch() -> None:
    rng, setting = np.random.default_rng(3), Setting(5_000, 4, 0.0)
    universes = [synthetic_universe(setting, rng) for _ in range(100)]
    p = np.concatenate([u.p_values for u in universes])
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.003)
    assert all(u.is_null.all() and not u.is_planted.any() for u in universes)
    sizes = np.concatenate([np.bincount(u.families) for u in universes])
    assert sizes.min() < 150
    assert sizes.max() > 400
    hits = (p <= 0.05).reshape(-1, 10)
    both = np.mean([hits[:, i] & hits[:, j] for i in range(10) for j in range(i)])
    assert both > 1.5 * 0.05**2, "tests of a batch err together"


def test_synthetic_effects_have_the_power_of_their_size() -> None:
    rng, setting = np.random.default_rng(4), Setting(5_000, 5, 0.3, lift=0.1)
    universe = synthetic_universe(setting, rng)
    assert set(universe.families[universe.is_planted]) == {0}, "a fifth of five families"
    many = [synthetic_universe(setting, rng) for _ in range(200)]
    n_eff = np.concatenate([u.n_eff[u.is_planted] for u in many])
    p = np.concatenate([u.p_values[u.is_planted] for u in many])
    near = (n_eff > 180) & (n_eff < 220)
    # z = 2·0.1·√200 = 2.83: P(|Z + 2.83| > 1.96) = 0.807.
    assert np.mean(p[near] <= 0.05) == pytest.approx(0.807, abs=0.03)
    assert n_eff.min() >= 15
    assert n_eff.max() <= 1_250


def test_rates_are_counted_by_hand() -> None:
    """Two families: the first finds one planted and one null test, the second one null test."""
    universe = Universe(
        p_values=np.array([1e-9, 1e-9, 0.9, 1e-9, 0.9]),
        n_eff=np.full(5, 100.0),
        families=np.array([0, 0, 0, 1, 1]),
        is_planted=np.array([True, False, True, False, False]),
        is_null=np.array([False, True, False, True, True]),
    )
    place = {"source": "s", "split_bars": 1, "n_families": 2, "planted_share": 0.5}
    rows = pl.concat([judged(universe, 0.1, "universe", place | {"index": i}) for i in range(2)])
    assert set(rows["method"]) == set(methods("universe"))
    assert set(rows["fdp"]) == {2 / 3}
    assert set(rows["fdp_selected"]) == {(1 / 2 + 1) / 2}
    assert set(rows["power"]) == {0.5}
    assert set(rows["n_found"]) == {3}
    rates = rates_of_methods([rows])
    assert rates["n_universes"].to_list() == [2] * len(methods("universe"))
    assert rates["gain"].to_list() == [0.0] * rates.height
    assert rates["fdp_se"].to_list() == [0.0] * rates.height
    unknown = replace(universe, is_null=np.zeros(5, dtype=np.bool_), is_planted=np.zeros(5, dtype=np.bool_))
    blank = judged(unknown, 0.1, "family", place | {"index": 0})
    assert blank.select("fdp", "fdp_selected", "power").null_count().row(0) == (blank.height,) * 3


def test_the_result_does_not_depend_on_the_number_of_workers(table: pl.DataFrame) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert_frame_equal(compare_families(PLAN, pool.map), table)


def test_families_alone_err_over_a_universe_and_what_ships_does_not(table: pl.DataFrame) -> None:
    place = {"scope": "universe", "source": "synthetic", "planted_share": 0.0}
    assert row_of(table, "benjamini_hochberg", **place)["fdp"] > 0.3
    shipped = row_of(table, "selected_families", **place)
    assert shipped["fdp"] <= 0.1 + 3 * shipped["fdp_se"]
    place["planted_share"] = 0.2
    shipped, pooled = (row_of(table, name, **place) for name in ("selected_families", "pooled_families"))
    assert shipped["fdp"] <= 0.1
    assert shipped["fdp_selected"] <= 0.1 + 3 * shipped["fdp_selected_se"]
    # Pooled, the discoveries of planted families pay for false ones in families where nothing is.
    assert pooled["fdp_selected"] > 0.3
    assert shipped["power"] > pooled["power"] - 0.02


def test_every_method_keeps_its_rate_inside_a_family(table: pl.DataFrame) -> None:
    inside = table.filter(scope="family", source="synthetic")
    assert set(inside["method"]) == set(methods("family"))
    assert inside.filter(pl.col("fdp") > 0.1 + 3 * pl.col("fdp_se")).is_empty()


def test_markets_go_through_the_pipeline_with_their_truth(table: pl.DataFrame) -> None:
    markets = table.filter(source="markets")
    planted, null = (row_of(markets, "benjamini_hochberg", scope="family", planted_share=s) for s in (1.0, 0.0))
    assert (planted["n_universes"], null["n_universes"]) == (2, 8)
    assert planted["power"] == 1
    assert planted["fdp"] is None, "in a planted market no test is known to be null"
    assert null["power"] is None
    assert row_of(markets, "selected_families", scope="universe")["power"] == 1


@pytest.mark.parametrize("wrong", [{"n_universes": 0}, {"lengths": ()}, {"planted": ()}])
def test_an_empty_plan_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="families"):
        replace(PLAN, **wrong).parts()  # pyright: ignore[reportArgumentType]


def test_the_command_prints_both_tables_with_errors() -> None:
    parser = argparse.ArgumentParser()
    command.add_options(parser)
    options = parser.parse_args(["--universes", "3", "--markets", "0", "--seed", "2"])
    research = argparse.Namespace(market_stats=MarketStatsSpec((), (), fdr=0.2))
    plan = command.plan_of(options, research)  # pyright: ignore[reportArgumentType]
    assert (plan.n_universes, plan.n_lab_universes, plan.seed, plan.spec.fdr) == (3, 0, 2, 0.2)
    lines: list[str] = []
    text = families_markdown(run_families(plan, 1, lambda line: lines.append(str(line))))
    assert text.count("### ") == 2
    for name in ("weighted_benjamini_hochberg", "selected_families", "| 50,000 |", " ± "):
        assert name in text
    assert lines, "progress is shown"
