"""Seasonality in a report: profiles with baselines, their years, and the bins that differ most.

Put here: the section's texts, tables and figures, per timeframe.
Keep out: bins, metrics, tests and verdicts (quant_core.seasonality).
"""

from __future__ import annotations

import polars as pl

from quant_core.seasonality.reading import READING_WORDS, headline_metric, reading_words
from quant_core.tables import TABLES
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.questions import one_bin_per_question
from quant_pipelines.plots import seasonal_profile, stability_map, svg
from quant_pipelines.report._document import Block, Column, Fold, Heading, Picture, Section, Table, Text, missing
from quant_pipelines.report._numbers import NONE, count, interval, number, probability, yes_no
from quant_pipelines.report.inputs import SymbolInputs

_MART = "mart__seasonality_profiles"
_MAX_ROWS = 15
_MAX_DRAWN_DIMENSIONS = 8
_MEANING_OF = {
    "own": "what the bars of a bin did themselves",
    "next": "what followed their close, which a signal can trade",
}
_BIN = ["dimension", "bin", "metric"]
_MEANINGS = {c.name: f"[{c.unit}] {c.meaning}" for c in TABLES["seasonality_profiles"].columns}


def seasonality_section(inputs: SymbolInputs) -> Section:
    """The section, timeframe by timeframe."""
    blocks: list[Block] = [
        Text(
            "A profile is computed over all bars, so by itself it is in sample: what counts is whether a bin found on "
            "the earlier half keeps its sign on the later one (stable) and is confirmed there (replicated), and in how "
            "many full years its lift has the same sign. The baseline of a bin leaves the bin out. Bins that part the "
            "same bars in the same way, such as yes and no of a flag, are one test and are counted once."
        )
    ]
    for key in inputs.keys:
        blocks += [Heading(str(key)), *_timeframe(inputs, key)]
    return Section("seasonality", "Seasonality", blocks)


def tested_bins(inputs: SymbolInputs, key: PartitionKey) -> pl.DataFrame | None:
    """The tested bins of a partition with global q and years, strongest first; None where there is no profile.

    Columns of ``seasonality_profiles``, and ``q_value_global``, ``n_years``, ``n_years_same``, which are null where the
    mart is missing or older than the profile. Bins that ask the same question are one row: that with the fewest bars.
    """
    profile = inputs.rows("seasonality_profiles", key)
    if profile is None:
        return None
    tested = profile.filter(pl.col("split") == "all", pl.col("q_value").is_not_null())
    added = {"q_value_global": pl.Float64, "n_years": pl.Int64, "n_years_same": pl.Int64}
    mart = inputs.mart(_MART, key, made_from="seasonality_profiles")
    if mart is None:
        joined = tested.with_columns(pl.lit(None, t).alias(name) for name, t in added.items())
    else:
        joined = tested.join(mart.select(*_BIN, *added), on=_BIN, how="left", maintain_order="left")
    return one_bin_per_question(joined).sort(
        "q_value_global", "q_value", "p_value", "dimension", "bin_order", "metric", nulls_last=True
    )


def _timeframe(inputs: SymbolInputs, key: PartitionKey) -> list[Block]:
    """Everything about one timeframe."""
    bins = tested_bins(inputs, key)
    command = f"qe launch seasonality '{key}'"
    if bins is None:
        return [missing("No seasonal profiles yet. Compute them with:", command)]
    blocks: list[Block] = []
    outdated = inputs.outdated("seasonality_profiles", key)
    if outdated:
        blocks.append(missing(f"These profiles were {outdated}. Refresh them with:", command))
    if bins.is_empty():
        return [*blocks, Text("No bin holds enough bars for a test.", "verdict"), *_pictures(inputs, key, bins)]
    if bins["q_value_global"].null_count() == bins.height:
        text = (
            "The correction over all symbols and timeframes is missing or older than these profiles. Compute it with:"
        )
        blocks.append(missing(text, "qe launch marts"))
    q_max = inputs.research.seasonality.spec.profile.q_max
    blocks += [Text(season_sentence(bins, q_max), "verdict"), *_bins_tables(bins)]
    return [*blocks, *_pictures(inputs, key, bins)]


def season_sentence(bins: pl.DataFrame, q_max: float) -> str:
    """What the reader should remember of a timeframe's seasonality."""
    found, n_low = bins.filter(verdict="significant"), int((bins["p_value"] <= 0.05).sum())
    chance = f"{count(n_low)} p-values are at most 0.05; chance alone gives about {count(0.05 * bins.height)}."
    if found.is_empty():
        return (
            f"Nothing is significant: of {count(bins.height)} tested bins none has q at or below {q_max:g} within its "
            f"metric. {chance} The profiles below show averages; read them as noise around the baseline."
        )
    stable, replicated = int(found["stable"].sum()), int(found["replicated"].sum())
    by_metric = found.group_by("reading", "metric_name").len()
    by_metric = by_metric.sort("reading", "len", "metric_name", descending=[True, True, False])
    metrics = ", ".join(f"{name} {count(n)}" for _, name, n in by_metric.iter_rows())
    n_short = found.filter(stability="too_few_years").height
    unknown = f" {count(n_short)} have too few full years to be found on the earlier half at all." if n_short else ""
    everywhere = int((bins["q_value_global"] <= q_max).sum())
    return (
        f"{count(found.height)} of {count(bins.height)} tested bins have q at or below {q_max:g} within their metric "
        f"({metrics}), {count(everywhere)} also over all symbols and timeframes. Found already on the "
        f"earlier half: {count(found['stable'].count())}; of these, sign kept on the later half: {count(stable)}, "
        f"confirmed there: {count(replicated)}.{unknown} {chance}"
    )


def _bins_tables(bins: pl.DataFrame) -> list[Block]:
    """The bins that differ most from the others: on their own bars, then on the next."""
    blocks: list[Block] = []
    for reading, words in READING_WORDS.items():
        mine = bins.filter(reading=reading)
        if mine.height:
            blocks += [Heading(f"{words[0].upper()}{words[1:]}: {_MEANING_OF[reading]}"), _bins_table(mine, words)]
    return blocks


def _bins_table(bins: pl.DataFrame, words: str) -> Table:
    """The bins of one reading that differ most from the others."""
    rows = [
        [
            row["dimension"],
            row["bin"],
            row["metric"],
            count(row["n"]),
            count(row["n_eff"]),
            number(row["tie_share"]),
            f"{number(row['value'])}\n{interval(row['ci_low'], row['ci_high'], digits=None)}",
            number(row["baseline"]),
            number(row["lift"], sign="+"),
            row["unit"],
            probability(row["q_value"]),
            probability(row["q_value_global"]),
            (row["verdict"] or NONE).replace("_", " "),
            (row["stability"] or NONE).replace("_", " "),
            yes_no(row["replicated"]),
            f"{row['n_years_same']}/{row['n_years']}" if row["n_years"] else NONE,
        ]
        for row in bins.head(_MAX_ROWS).iter_rows(named=True)
    ]
    forms = {"dimension": "id", "bin": "short", "metric": "id", "unit": "text"}
    named = ["dimension", "bin", "metric", "n", "n_eff", "tie_share", "value", "baseline", "lift", "unit", "q_value"]
    titles = {"value": "value [interval]", "q_value": "q", "tie_share": "ties"}
    columns = [Column(titles.get(c, c), _MEANINGS[c], forms.get(c, "number")) for c in named]  # pyright: ignore[reportArgumentType]
    columns.append(Column("global q", "Over the metric's bins of all symbols and timeframes.", "number"))
    columns += [Column(c, _MEANINGS[c], "short") for c in ("verdict", "stability", "replicated")]
    columns.append(
        Column(
            "years",
            "Full years whose lift has the sign of the lift over all bars, of all full years.",
            "number",
        )
    )
    caption = f"Bins that differ most from the others ({words})."
    return Table(columns, rows, caption, [v or "" for v in bins["verdict"].head(_MAX_ROWS)])


def _pictures(inputs: SymbolInputs, key: PartitionKey, bins: pl.DataFrame) -> list[Block]:
    """Per dimension the headline metric with its years, then the strongest other metric that was found."""
    profile = inputs.rows("seasonality_profiles", key)
    stability = inputs.rows("seasonality_stability", key)
    if profile is None or profile.is_empty():
        return [Text("The profile is empty: no dimension applies to this timeframe.")]
    whole, headline = profile.filter(split="all"), headline_metric(profile)
    strongest = bins["dimension"].unique(maintain_order=True).to_list()
    named = [*strongest, *(d for d in whole["dimension"].unique(maintain_order=True) if d not in strongest)]
    blocks: list[Block] = []
    for place, dimension in enumerate(named[:_MAX_DRAWN_DIMENSIONS]):
        found = bins.filter(dimension=dimension, verdict="significant")["metric_name"].unique(maintain_order=True)
        others = [name for name in found if name != headline][:1]
        drawn = [p for name in [headline, *others] for p in _metric_pictures(key, whole, stability, dimension, name)]
        # The strongest dimension stands open; the headline, which speaks of the own bar, stands before what was found.
        blocks += drawn if place == 0 else [Fold(f"{dimension}: {', '.join([headline, *others])}", drawn)]
    left_out = named[_MAX_DRAWN_DIMENSIONS:]
    if left_out:
        blocks.append(Text(f"Not drawn, because their bins differ less: {', '.join(left_out)}."))
    return blocks


def _metric_pictures(
    key: PartitionKey, profile: pl.DataFrame, stability: pl.DataFrame | None, dimension: str, metric: str
) -> list[Block]:
    """The profile of one metric in one dimension, and its lift year by year."""
    mine = (pl.col("dimension") == dimension) & (pl.col("metric_name") == metric)
    title, rows = f"{key.symbol} {key.timeframe}: {metric} by {dimension}", profile.filter(mine)
    caption = f"{metric} by {dimension} ({reading_words(rows)})"
    drawn: list[Block] = [Picture(seasonal_profile(rows, title=title, render=svg), caption)]
    if stability is not None:
        n_eff = dict(rows.select("bin", "n_eff").iter_rows())
        years = stability_map(stability.filter(mine), title=f"{title}, year by year", n_eff=n_eff, render=svg)
        drawn.append(Picture(years, f"{caption}, year by year"))
    return drawn


SECTIONS = {40: seasonality_section}
