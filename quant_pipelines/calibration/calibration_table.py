"""The calibration table as text: what docs/calibration.md holds and ``qe calibration`` prints.

Put here: choosing and formatting rows.
Keep out: computing them (quant_core.calibration).
"""

from __future__ import annotations

import polars as pl

from quant_core.grammar import parse_block
from quant_core.worlds import WORLDS

_MARKS = {"meets": "", "unclear": " ?", "misses": " **!**"}
_PLANTED = (
    "coverage_planted",
    "power_p_value",
    "power_verdict",
    "replicated",
    "seasonal_coverage_planted",
    "seasonal_power_verdict",
    "power_gross",
    "clears_costs",
)


def calibration_markdown(table: pl.DataFrame) -> str:
    """Four tables: everything pooled, by condition, by event, and the planted effects.

    A cell is rate ± Monte Carlo standard error; ``?`` marks a rate outside its range by less than two of them, ``!`` by
    more.
    """
    worlds = table["world"].unique().to_list()
    planted = pl.col("world").is_in([w for w in worlds if parse_block(WORLDS, w).plant is not None])
    null = table.filter(~planted)
    whole = (pl.col("event") == "any") & (pl.col("condition") == "any")
    judged = null.filter(pl.col("verdict").is_not_null(), ~pl.col("measure").str.ends_with("false_discovery"))
    return "\n".join(
        [
            "### Worlds without an effect, all events and conditions pooled",
            "",
            *_pivot(null.filter(whole), ("measure", "target", "world")),
            "",
            "### The same by condition, all worlds, events and targets that are required to meet a range",
            "",
            *_worst(judged.filter(pl.col("event") == "any", pl.col("condition") != "any"), "condition"),
            "",
            "### The same by event",
            "",
            *_worst(judged.filter(pl.col("condition") == "any", pl.col("event") != "any"), "event"),
            "",
            "### Worlds with a planted effect: the planted cell",
            "",
            *_pivot(table.filter(planted & whole).with_columns(_planted_order()), ("world", "measure"), effect=True),
        ]
    )


def _planted_order() -> pl.Expr:
    """Measures of planted worlds in reading order."""
    rank = {name: i for i, name in enumerate(_PLANTED)}
    return pl.col("measure").replace_strict(rank, default=len(rank), return_dtype=pl.Int64).alias("rank")


def _cell(row: dict[str, object], *, effect: bool) -> str:
    """One rate with its error, and the true lift where there is one."""
    error = f" ± {row['mc_se']:.3f}" if row["mc_se"] is not None else ""
    lift = f" (lift {row['effect']:+.3f})" if effect and row["effect"] is not None else ""
    return f"{row['rate']:.3f}{error}{_MARKS.get(str(row['verdict']), '')}{lift}"


def _pivot(rows: pl.DataFrame, by: tuple[str, ...], *, effect: bool = False) -> list[str]:
    """One line per group, one column per horizon."""
    horizons = rows["horizon_bars"].unique().sort().to_list()
    heads = ["family" if h == 0 else f"h = {h}" for h in horizons]
    lines = [_line([*by, "required", *heads, "worlds"]), _line(["---"] * (len(by) + len(heads) + 2))]
    order = [*by[:1], "rank", *by[1:]] if "rank" in rows.columns else list(by)
    for _, part in rows.sort(*order, "horizon_bars").group_by(*by, maintain_order=True):
        first = part.row(0, named=True)
        cells = {row["horizon_bars"]: _cell(row, effect=effect) for row in part.iter_rows(named=True)}
        lines.append(
            _line(
                [
                    *(_short(str(first[c])) for c in by),
                    _range(first),
                    *(cells.get(h, "") for h in horizons),
                    f"{part['n_worlds'].max():,}",
                ]
            )
        )
    return lines


def _worst(rows: pl.DataFrame, by: str) -> list[str]:
    """Per measure and block: lowest and highest rate over worlds, targets and horizons, and the verdicts."""
    grouped = rows.group_by("measure", by).agg(
        pl.col("rate").min().alias("lowest"),
        pl.col("rate").max().alias("highest"),
        pl.col("mc_se").max().alias("largest error"),
        *((pl.col("verdict") == v).sum().alias(v) for v in _MARKS),
        pl.col("low").first(),
        pl.col("high").first(),
    )
    lines = [_line(["measure", by, "required", "lowest", "highest", "largest error", *_MARKS]), _line(["---"] * 9)]
    for row in grouped.sort("measure", by).iter_rows(named=True):
        numbers = [f"{row[c]:.3f}" if row[c] is not None else "" for c in ("lowest", "highest", "largest error")]
        lines.append(_line([row["measure"], row[by], _range(row), *numbers, *(str(row[v]) for v in _MARKS)]))
    return lines


def _range(row: dict[str, object]) -> str:
    """The required range of a rate."""
    low, high = row["low"], row["high"]
    if low is None and high is None:
        return "none"
    if low is None:
        return f"≤ {high:.2f}"
    return f"≥ {low:.2f}" if high is None else f"{low:.2f} … {high:.2f}"


def _short(text: str) -> str:
    """A world's id without the parameters that are the same everywhere."""
    return text.replace("bar_vol=0.0005,", "").replace("(bar_vol=0.0005)", "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
