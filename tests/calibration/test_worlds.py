"""Worlds keep their contract, and what they say is true of them is true in a long simulation."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from quant_core.bars import Bars
from quant_core.errors import ConfigError
from quant_core.events.k_consecutive import KConsecutive
from quant_core.spec import parse_block
from quant_core.tables import TABLES
from quant_core.worlds import WORLDS, World
from quant_core.worlds._long_run import simulated_truth
from quant_core.worlds.block_bootstrap import BlockBootstrap
from quant_core.worlds.contract import LONG_RUN_BARS
from quant_core.worlds.dying_edge import DyingEdge
from quant_core.worlds.garch_t import GarchT
from quant_core.worlds.gross_edge import GrossEdge
from quant_core.worlds.planted_lift import PlantedLift
from quant_core.worlds.planted_season import PlantedSeason
from quant_core.worlds.random_walk import RandomWalk
from quant_core.worlds.session_volatility import SessionVolatility
from quant_pipelines.calibration.calibration_table import calibration_markdown


def ready(world: type[World]) -> World:
    """The world with its defaults; the bootstrap resamples a GARCH path."""
    return BlockBootstrap().fit(GarchT().simulate(3000, 5)) if world is BlockBootstrap else world()


@pytest.mark.parametrize("world", WORLDS.values(), ids=lambda w: w.__name__)
def test_equal_seeds_give_equal_bars_and_other_seeds_do_not(world: type[World]) -> None:
    simulated = ready(world)
    first, again, other = (simulated.simulate(500, seed) for seed in (1, 1, 2))
    assert_frame_equal(first.frame, again.frame)
    assert not first.frame.equals(other.frame)


@pytest.mark.parametrize("world", WORLDS.values(), ids=lambda w: w.__name__)
def test_bars_keep_the_table_contract(world: type[World]) -> None:
    bars = ready(world).simulate(1000, 3)
    TABLES["bars"].validate(bars.frame)
    prices = bars.frame
    assert (prices["high"] >= prices.select("open", "close").max_horizontal()).all()
    assert (prices["low"] <= prices.select("open", "close").min_horizontal()).all()
    assert len(bars) == 1000


@pytest.mark.parametrize("world", WORLDS.values(), ids=lambda w: w.__name__)
def test_ids_name_the_world_and_its_docstring_says_what_is_true(world: type[World]) -> None:
    assert parse_block(WORLDS, world().canonical) == world()
    assert "Truth:" in (world.__doc__ or "")
    assert ">>>" in (world.__doc__ or "")


@pytest.mark.parametrize("world", [w for w in WORLDS.values() if w().plant is None], ids=lambda w: w.__name__)
@pytest.mark.parametrize("horizon", [1, 20])
def test_nothing_predicts_direction_where_nothing_is_planted(world: type[World], horizon: int) -> None:
    simulated = ready(world)
    if simulated.fair_horizon is not None and horizon > simulated.fair_horizon:
        with pytest.raises(ConfigError, match="horizon from 1 to"):
            simulated.truth(horizon)
        return

    def after_a_streak(bars: Bars) -> np.ndarray:
        return KConsecutive(window_bars=3).mask(bars).fill_null(value=False).to_numpy()

    found = simulated_truth(simulated.simulate, after_a_streak, horizon, n_paths=30)
    assert simulated.truth(horizon).rate == simulated.truth(horizon).baseline == 0.5
    assert found.rate == pytest.approx(0.5, abs=4 * found.rate_se)
    assert 0 < found.rate_se < 0.01


@pytest.mark.parametrize(
    "world", [PlantedLift(), PlantedLift(lift=-0.2, window_bars=1, weekday=6), PlantedSeason()], ids=str
)
def test_exact_rates_of_planted_worlds_agree_with_a_long_simulation(world: PlantedLift | PlantedSeason) -> None:
    exact, found = world.truth(1), simulated_truth(world.simulate, world.in_cell, 1)
    assert exact.rate_se == 0
    assert exact.rate == pytest.approx(found.rate, abs=4 * found.rate_se)
    # The baseline of 2 million bars: its own standard error is about 0.0004.
    assert exact.baseline == pytest.approx(found.baseline, abs=0.0015)
    assert abs(exact.lift) > 20 * found.rate_se, "the check must be able to see the plant"


def test_the_lift_fades_over_longer_horizons_and_carries_its_error() -> None:
    truths = [PlantedLift().truth(h) for h in (1, 5, 20)]
    assert truths[0].rate > truths[1].rate > truths[2].rate > 0.5
    assert all(t.rate_se > 0 and "simulated" in t.provenance for t in truths[1:])


def test_a_dying_edge_is_there_before_its_end_and_gone_after_it() -> None:
    world, before, after = DyingEdge(), [], []
    assert world.truth(5) == PlantedLift().truth(5)
    for seed in range(30):
        bars = world.simulate(20_000, seed)
        close = bars.frame["close"].to_numpy()
        up, cell = close[1:] > close[:-1], world.in_cell(bars)[:-1]
        before.append(up[:9_990][cell[:9_990]].mean())
        after.append(up[10_000:][cell[10_000:]].mean())
    assert np.mean(before) == pytest.approx(0.6, abs=4 * np.std(before) / np.sqrt(30))
    assert np.mean(after) == pytest.approx(0.5, abs=4 * np.std(after) / np.sqrt(30))


def test_a_gross_edge_earns_what_it_says_and_less_than_it_costs() -> None:
    world, moves = GrossEdge(), []
    for seed in range(30):
        bars = world.simulate(20_000, seed)
        close = bars.frame["close"].to_numpy()
        moves.append(np.diff(close)[world.in_cell(bars)[:-1]] / close[0] * 1e4)
    gross = np.concatenate(moves)
    assert gross.mean() == pytest.approx(world.gross_bps, abs=4 * gross.std() / np.sqrt(len(gross)))
    assert world.net_bps < 0 < world.gross_bps


def test_volatility_clusters_where_it_should() -> None:
    def autocorrelation(world: World, lag: int) -> float:
        size = np.abs(np.diff(world.simulate(LONG_RUN_BARS, 1).frame["close"].to_numpy()))
        return float(np.corrcoef(size[lag:], size[:-lag])[0, 1])

    assert abs(autocorrelation(RandomWalk(), 1)) < 0.03
    assert autocorrelation(GarchT(), 1) > 0.08
    assert autocorrelation(SessionVolatility(), 24) > autocorrelation(SessionVolatility(), 12) + 0.03


def test_too_wild_a_world_and_too_little_real_data_are_refused() -> None:
    with pytest.raises(ConfigError, match="price"):
        RandomWalk(bar_vol=0.5).simulate(1000, 1)
    with pytest.raises(ConfigError, match="real bars"):
        BlockBootstrap().fit(Bars.of(close=[1.0, 2.0, 3.0]))
    with pytest.raises(ConfigError, match="fit"):
        BlockBootstrap().simulate(10, 1)
    with pytest.raises(ConfigError, match="horizon"):
        RandomWalk().truth(0)


@pytest.mark.parametrize("name", WORLDS)
def test_the_published_tables_tell_planted_worlds_by_what_they_declare(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also under a name that says nothing."""
    world = WORLDS[name]()

    def part_of(text: str) -> bool:
        rate = {
            "world": text, "split_bars": 5_000, "measure": "size", "target": "any", "horizon_bars": 1, "event": "any",
            "condition": "any", "effect": None, "nominal": None, "low": None, "high": None, "rate": 0.5, "mc_se": None,
            "n_worlds": 1, "n_trials": 1, "verdict": None,
        }  # fmt: skip
        page = calibration_markdown(pl.DataFrame([rate], schema=TABLES["calibration"].schema))
        before, after = page.split("### Worlds with a planted effect")
        shown = text.partition("(")[0]
        assert (shown in before) != (shown in after)
        return shown in after

    assert part_of(world.canonical) == (world.plant is not None)
    monkeypatch.setitem(WORLDS._blocks, "planted_lift_without", RandomWalk)
    monkeypatch.setitem(WORLDS._blocks, "quiet_market", PlantedLift)
    assert not part_of("planted_lift_without(bar_vol=0.001)")
    assert part_of("quiet_market(lift=0.2)")
