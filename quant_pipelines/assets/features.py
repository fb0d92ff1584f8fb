"""The stage features: the causal series of the research spec, one column per block.

Put here: the call of the core, and what people see of a partition.
Keep out: formulas (quant_core.features).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from quant_core.features import compute_features
from quant_core.tables import TABLES
from quant_pipelines.stages.metadata import table_value
from quant_pipelines.stages.stage import Made, Stage

if TYPE_CHECKING:
    import dagster as dg

    from quant_core.spec import ResearchSpec
    from quant_pipelines.stages.key_tables import KeyTables
    from quant_pipelines.stages.reader import Reader


def make(read: Reader, settings: ResearchSpec, _config: object) -> Made:
    """Compute every feature of the spec over the partition's bars."""
    features = settings.features
    return Made(
        {"features": compute_features(read.bars(), features)}, {"features": {f.canonical: f.unit for f in features}}
    )


def view(tables: KeyTables) -> Mapping[str, dg.MetadataValue[Any]]:
    """Per feature: warm-up and missing values, range, last value."""
    series = tables.rows("features").select(pl.selectors.numeric())
    summary = pl.DataFrame(
        {
            "feature": series.columns,
            "n_null": [series[c].null_count() for c in series.columns],
            "minimum": [series[c].min() for c in series.columns],
            "median": [series[c].median() for c in series.columns],
            "maximum": [series[c].max() for c in series.columns],
            "last": [series[c].last() for c in series.columns],
        },
        schema_overrides=dict.fromkeys(("minimum", "median", "maximum", "last"), pl.Float64),
    )
    unit = "unit of the feature"
    units = {"feature": "id", "n_null": "bars", "minimum": unit, "median": unit, "maximum": unit, "last": unit}
    return {"feature_summary": table_value(summary, units)}


VIEW = view
STAGE = Stage(
    name="features",
    description="Causal series of the research spec: the value at a bar uses that bar and earlier ones only.",
    table=TABLES["features"],
    reads=("bars",),
    section="features",
    make=make,
)
