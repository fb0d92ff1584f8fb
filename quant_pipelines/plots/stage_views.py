"""Stage views: the figures and tables of one partition in the web UI.

Put here: what a person wants to look at, per table.
Keep out: facts that every partition has (metadata.py), drawing (plots/), numbers of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import dagster as dg
import polars as pl

from quant_core.bars.coverage import gaps
from quant_core.tables import TABLES
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.mart_metadata import finding_labels, table_value
from quant_pipelines.plots import (
    as_markdown,
    coverage_heat_map,
    finding_intervals,
    price_chart,
    quality_counts,
    seasonal_profile,
    stability_map,
)
from quant_pipelines.raw.published_bars import load_bars

MAX_DRAWN_KEYS = 8
"""A run over more keys draws nothing: 400 keys would put 20 MB of pictures into the event log. The marts show all."""

_SHOWN_ROWS = 12
_FINDING_COLUMNS = (
    "event", "condition", "condition_value", "target", "n", "n_eff", "p_hat", "ci_low", "ci_high", "baseline",
    "lift_freq", "p_value", "q_value", "mde", "verdict", "break_even", "net_mean_bps", "clears_cost", "cost_side",
)  # fmt: skip

_BIN_COLUMNS = (
    "dimension", "bin", "metric_name", "n", "n_eff", "value", "ci_low", "ci_high", "baseline", "lift", "p_value",
    "q_value", "verdict", "stable",
)  # fmt: skip
_HEADLINES = ("p_up", "ret_mean")
_MAX_DRAWN_DIMENSIONS = 4

View = Callable[[Lake, PartitionKey], Mapping[str, dg.MetadataValue]]


def bars_view(lake: Lake, key: PartitionKey) -> Mapping[str, dg.MetadataValue]:
    """Price chart with gaps, coverage by month, quality counts, and the last bars."""
    bars = load_bars(lake, key).bars()
    missing = gaps(bars)
    coverage = lake.read("coverage", key).with_columns(symbol=pl.lit(key.symbol), timeframe=pl.lit(key.timeframe))
    chart = price_chart(bars.frame, missing, symbol=key.symbol, timeframe=key.timeframe)
    entries = {
        "price_chart": _picture(chart, "close with gaps"),
        "coverage_by_month": _picture(coverage_heat_map(coverage), "share of expected bars by month"),
        "last_bars": table_value(bars.frame.tail(_SHOWN_ROWS), _units("bars")),
        "n_gaps": dg.MetadataValue.int(missing.height),
    }
    if missing.height:
        longest = missing.sort("n_missing", descending=True).head(_SHOWN_ROWS)
        units = {"start": "UTC", "end": "UTC", "n_missing": "bars"}
        entries["longest_gaps"] = table_value(longest, units)
    return entries | quality_view(lake, key)


def quality_view(lake: Lake, key: PartitionKey) -> dict[str, dg.MetadataValue]:
    """What the quality checks found, as a figure and as a table."""
    quality = lake.read("quality", key)
    title = f"{key.symbol} {key.timeframe}: what the quality checks found"
    found = quality.filter(pl.col("n_rows") > 0)
    return {
        "quality_chart": _picture(quality_counts(quality, title=title), "quality counts"),
        "quality_findings": table_value(found, _units("quality")),
    }


def features_view(lake: Lake, key: PartitionKey) -> Mapping[str, dg.MetadataValue]:
    """Per feature: warm-up and missing values, range, last value."""
    series = lake.read("features", key).select(pl.selectors.numeric())
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


def market_stats_view(lake: Lake, key: PartitionKey) -> Mapping[str, dg.MetadataValue]:
    """The strongest out-of-sample cells of binary targets, as a figure and as a table; counts of the verdicts."""
    rows = lake.read("market_stats", key)
    pooled = rows.filter((pl.col("split") == "oos_pooled") & (pl.col("target_kind") == "binary"))
    strongest = pooled.sort("q_value", pl.col("lift_freq").abs(), descending=[False, True], nulls_last=True)
    title = f"{key.symbol} {key.timeframe}: strongest findings, all out-of-sample folds pooled"
    drawn = finding_labels(strongest.with_columns(symbol=pl.lit(key.symbol), timeframe=pl.lit(key.timeframe)))
    verdicts = (
        rows.group_by("split", "verdict").agg(pl.len().alias("n_cells")).sort("split", "verdict", nulls_last=True)
    )
    return {
        "strongest_findings": _picture(finding_intervals(drawn, title=title), "lift with intervals"),
        "top_findings": table_value(strongest.select(_FINDING_COLUMNS).head(25), _units("market_stats")),
        "verdicts": table_value(verdicts, {"split": "label", "verdict": "label", "n_cells": "count"}),
    }


def details_view(lake: Lake, key: PartitionKey) -> Mapping[str, dg.MetadataValue]:
    """What each opened cell counts, and its last bars."""
    details = lake.read("stats_details", key)
    cell = ("event", "condition", "condition_value", "target", "fold", "split")
    counted = details.group_by(cell, maintain_order=True).agg(
        pl.len().alias("n"), pl.col("value").sum().alias("sum"), pl.col("value").mean().alias("mean")
    )
    units = _units("stats_details") | {"n": "count", "sum": "unit of the target", "mean": "unit of the target"}
    last = details.sort("ts").tail(_SHOWN_ROWS).select("event", "condition_value", "target", "ts", "value", "observed")
    return {"cells": table_value(counted, units), "last_bars": table_value(last, units)}


def seasonality_view(lake: Lake, key: PartitionKey) -> Mapping[str, dg.MetadataValue]:
    """The headline metric by dimension, its lift year by year, and the bins that differ most from the others."""
    profile = lake.read("seasonality_profiles", key).filter(pl.col("split") == "all")
    stability = lake.read("seasonality_stability", key)
    metric = headline_metric(profile)
    entries: dict[str, dg.MetadataValue] = {}
    for dimension in profile["dimension"].unique(maintain_order=True).to_list()[:_MAX_DRAWN_DIMENSIONS]:
        mine = (pl.col("dimension") == dimension) & (pl.col("metric_name") == metric)
        title = f"{key.symbol} {key.timeframe}: {metric} by {dimension}"
        name = dimension.split("(")[0]
        entries[f"profile: {dimension}"] = _picture(seasonal_profile(profile.filter(mine), title=title), name)
        n_eff = dict(profile.filter(mine).select("bin", "n_eff").iter_rows())
        by_year = stability_map(stability.filter(mine), title=title, n_eff=n_eff)
        entries[f"by year: {dimension}"] = _picture(by_year, f"{name} years")
    return entries | {"top_bins": table_value(top_bins(profile).head(25), _units("seasonality_profiles"))}


def headline_metric(profile: pl.DataFrame) -> str:
    """The metric that heads a profile: p_up, else ret_mean, else the first one; "" for an empty profile."""
    names = profile["metric_name"].unique(maintain_order=True).to_list()
    return next((name for name in (*_HEADLINES, *names) if name in names), "")


def top_bins(profile: pl.DataFrame) -> pl.DataFrame:
    """The tested bins of a profile, smallest q-value first."""
    tested = profile.filter(pl.col("q_value").is_not_null())
    return tested.sort("q_value", "p_value", "dimension", "bin_order", "metric").select(_BIN_COLUMNS)


VIEWS: Mapping[str, View] = {
    "bars": bars_view,
    "features": features_view,
    "market_stats": market_stats_view,
    "stats_details": details_view,
    "seasonality_profiles": seasonality_view,
}


def _picture(image: bytes, alternative_text: str) -> dg.MetadataValue:
    return dg.MetadataValue.md(as_markdown(image, alternative_text))


def _units(table: str) -> dict[str, str]:
    """Column → unit of a declared table."""
    return {c.name: c.unit for c in TABLES[table].columns}
