"""The asset calibration: how often the shipped intervals, tests and verdicts err where the truth is known.

Put here: the Dagster asset.
Keep out: running and publishing (calibration_run.py), what is counted (quant_core.calibration).
"""

from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from quant_core.tables import TABLES
from quant_pipelines.calibration.calibration_run import (
    TABLE,
    CalibrationSettings,
    publish_calibration,
    run_calibration,
)
from quant_pipelines.lake.unpartitioned import table_path
from quant_pipelines.plots import as_markdown, calibration_rates
from quant_pipelines.resources import LakeResource, ResearchResource
from quant_pipelines.stages.metadata import table_value
from quant_pipelines.stages.stage import OWNERS

_TABLE = TABLES["calibration"]
_DEFAULTS = CalibrationSettings()


class CalibrationConfig(dg.Config):
    """Run config of the asset."""

    n_worlds: int = Field(_DEFAULTS.n_worlds, description="Simulations per world without an effect.")
    n_planted: int = Field(_DEFAULTS.n_planted, description="Simulations per world with a planted effect.")
    horizons: list[int] = Field(list(_DEFAULTS.horizons), description="Bars ahead.")
    lengths: list[int] = Field(list(_DEFAULTS.lengths), description="Bars of the training half, and of the test half.")
    planted_lengths: list[int] = Field(
        list(_DEFAULTS.planted_lengths), description="The same of worlds with a planted effect."
    )
    seed: int = Field(_DEFAULTS.seed, description="Seed of every simulation.")
    n_workers: int = Field(_DEFAULTS.n_workers, description="Processes; the result is the same for any number.")
    bootstrap_bars: str = Field(
        _DEFAULTS.bootstrap_bars, description="Partition whose bars are resampled; '' leaves that world out."
    )


_COLUMNS = [dg.TableColumn(c.name, str(c.dtype), f"[{c.unit}] {c.meaning}") for c in _TABLE.columns]
_SPEC = dg.AssetSpec(
    "calibration",
    deps=["bars"],
    description=f"{_TABLE.meaning} Simulated worlds go through compute_market_stats with the research spec's blocks.",
    owners=OWNERS,
    kinds={"parquet", "polars"},
    group_name="validation",
    metadata={"dagster/column_schema": dg.TableSchema(_COLUMNS)},
)


# A multi-asset of one, because only it can name its op: the job already has the asset's name.
@dg.multi_asset(name="calibration_lab", specs=[_SPEC])
def calibration(
    context: dg.AssetExecutionContext, config: CalibrationConfig, lake: LakeResource, research: ResearchResource
) -> dg.MaterializeResult[Any]:
    """Simulate, measure, publish."""
    settings = CalibrationSettings(
        config.n_worlds,
        config.n_planted,
        tuple(config.horizons),
        config.seed,
        config.n_workers,
        config.bootstrap_bars,
        tuple(config.lengths),
        tuple(config.planted_lengths),
    )
    opened, spec = lake.open(), research.load()
    table = run_calibration(opened, spec, settings, context.log.info)
    written = publish_calibration(opened, table, spec, settings)
    missed = table.filter(pl.col("verdict") == "misses")
    for row in missed.iter_rows(named=True):
        place = " ".join(
            str(row[c]) for c in ("world", "split_bars", "measure", "target", "horizon_bars", "event", "condition")
        )
        context.log.warning(f"misses its range: {place}: {row['rate']:.3f} ± {row['mc_se']:.3f}")
    pooled = table.filter(pl.col("event") == "any", pl.col("condition") == "any")
    return dg.MaterializeResult(
        asset_key="calibration",
        metadata={
            "figure": dg.MetadataValue.md(as_markdown(calibration_rates(table), "calibration_rates")),
            "dagster/row_count": dg.MetadataValue.int(table.height),
            "written": dg.MetadataValue.bool(written),
            "path": dg.MetadataValue.path(Path(opened.storage.locate(table_path(TABLE)))),
            "n_misses": dg.MetadataValue.int(missed.height),
            "seed": dg.MetadataValue.int(settings.seed),
            "spec_id": dg.MetadataValue.text(spec.spec_id),
            "rates": table_value(pooled, {c.name: c.unit for c in _TABLE.columns}),
        },
    )
