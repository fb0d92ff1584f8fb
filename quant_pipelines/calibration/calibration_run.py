"""One run of the calibration lab: its plan, its processes, its table in the lake.

Put here: which worlds a release is calibrated on, running them, publishing and reading the table.
Keep out: what is simulated and counted (quant_core.calibration), how it looks (calibration_table.py, plots/).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

import polars as pl

from quant_core.calibration import CalibrationPlan, calibrate
from quant_core.errors import ConfigError
from quant_core.spec import ResearchSpec
from quant_core.worlds import WORLDS, World
from quant_core.worlds.block_bootstrap import BlockBootstrap
from quant_core.worlds.planted_lift import PlantedLift
from quant_pipelines.calibration.processes import run_in_processes
from quant_pipelines.lake.code_version import code_version
from quant_pipelines.lake.facts import Facts, digest
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.lake.schemas import declared_version
from quant_pipelines.lake.unpartitioned import publish_table, read_table
from quant_pipelines.raw.published_bars import load_bars

TABLE = "calibration"
PLANTED_LIFTS = (0.05, 0.1, 0.15)


@dataclass(frozen=True)
class CalibrationSettings:
    """How large a calibration is.

    Attributes:
        n_worlds, n_planted: simulations per world and length without a planted effect up to 5,000 bars, and with one up
            to 20,000; of longer ones fewer in proportion.
        lengths, planted_lengths: bars of the training half, and of the test half, of either kind.
        horizons: bars ahead.
        seed: of every simulation.
        n_workers: processes; the result is the same for any number.
        bootstrap_bars: partition whose bars are resampled, ``SYMBOL|TIMEFRAME``; "" leaves that world out.
    """

    n_worlds: int = 200
    n_planted: int = 100
    horizons: tuple[int, ...] = (1, 5, 20, 60)
    seed: int = 20240229
    n_workers: int = 1
    bootstrap_bars: str = "SP500|D1"
    lengths: tuple[int, ...] = (1_250, 5_000, 50_000)
    planted_lengths: tuple[int, ...] = (5_000, 20_000, 50_000)


def release_worlds(lake: Lake, bootstrap_bars: str) -> tuple[World, ...]:
    """Every world of the catalog, ``planted_lift`` at three lifts, ``block_bootstrap`` fitted on real bars.

    Raises:
        LakeError: the bars to resample are not in the lake.
    """
    worlds: list[World] = []
    for world in WORLDS.values():
        if world is PlantedLift:
            worlds += [PlantedLift(lift=lift) for lift in PLANTED_LIFTS]
        elif world is BlockBootstrap:
            if bootstrap_bars:
                worlds.append(BlockBootstrap().fit(load_bars(lake, PartitionKey.parse(bootstrap_bars)).bars()))
        else:
            worlds.append(world())
    return tuple(worlds)


def run_calibration(
    lake: Lake, research: ResearchSpec, settings: CalibrationSettings, log: Callable[[str], object] = str
) -> pl.DataFrame:
    """The table ``calibration``, computed in ``n_workers`` processes, with progress lines.

    Raises:
        ConfigError: no process.
        LakeError: the bars to resample are not in the lake.
    """
    if settings.n_workers < 1:
        raise ConfigError.at("n_workers", expected="at least 1", found=settings.n_workers, next_step="Raise it.")
    if not settings.bootstrap_bars:
        log("bootstrap_bars is empty: the world block_bootstrap is left out")
    plan = CalibrationPlan(
        research.market_stats,
        release_worlds(lake, settings.bootstrap_bars),
        horizons=tuple(settings.horizons),
        n_worlds=settings.n_worlds,
        n_planted=settings.n_planted,
        lengths=settings.lengths,
        planted_lengths=settings.planted_lengths,
        seed=settings.seed,
    )
    return run_in_processes(partial(calibrate, plan), settings.n_workers, log, "worlds")


def publish_calibration(lake: Lake, table: pl.DataFrame, research: ResearchSpec, settings: CalibrationSettings) -> bool:
    """Write the table with its provenance, atomically; False when the lake holds exactly this already."""
    described = asdict(settings) | {"n_workers": None}
    inputs: list[object] = [described]
    if settings.bootstrap_bars:
        inputs.append(load_bars(lake, PartitionKey.parse(settings.bootstrap_bars)).provenance)
    version = digest(json.dumps(inputs, sort_keys=True).encode())
    facts = Facts(version, code_version("quant_core.calibration"), research.section_id("market_stats"), settings.seed)
    return publish_table(lake, TABLE, table, facts, schema_version=declared_version(TABLE))


def read_calibration(lake: Lake) -> pl.DataFrame:
    """The table of the last run.

    Raises:
        LakeError: the lab never ran.
        SchemaVersionError: it ran with another declaration of the table.
    """
    return read_table(lake, TABLE, schema_version=declared_version(TABLE), command="qe launch calibration")
