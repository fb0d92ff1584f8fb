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
    """Five tables: the worst world by length, everything pooled, by condition, by event, and the planted effects.

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
            "### The worst world without an effect, by length",
            "",
            *_worst_worlds(null.filter(whole)),
            "",
            "### Worlds without an effect, all events and conditions pooled",
            "",
            *_pivot(null.filter(whole), ("measure", "target", "world", "split_bars")),
            "",
            "### The same by condition, all worlds, lengths, events and targets that are required to meet a range",
            "",
            *_worst(judged.filter(pl.col("event") == "any", pl.col("condition") != "any"), "condition"),
            "",
            "### The same by event",
            "",
            *_worst(judged.filter(pl.col("condition") == "any", pl.col("event") != "any"), "event"),
            "",
            "### Worlds with a planted effect: the planted cell",
            "",
            *_pivot(
                table.filter(planted & whole).with_columns(_planted_order()),
                ("world", "measure", "split_bars"),
                effect=True,
            ),
        ]
    )


def _worst_worlds(rows: pl.DataFrame) -> list[str]:
    """Per measure, target and horizon one line, per length one column: the rate farthest from what it should be.

    Farthest beyond its range, or from its nominal rate where no range is required.
    """
    beyond = pl.max_horizontal(pl.col("low") - pl.col("rate"), pl.col("rate") - pl.col("high"))
    ranked = rows.sort(pl.coalesce(beyond, (pl.col("rate") - pl.col("nominal")).abs()), descending=True)
    worst = ranked.unique(["measure", "target", "horizon_bars", "split_bars"], keep="first", maintain_order=True)
    lengths = worst["split_bars"].unique().sort().to_list()
    heads = ["measure", "target", "h", "required", *(f"{n:,} bars" for n in lengths)]
    lines = [_line(heads), _line(["---"] * len(heads))]
    by = ("measure", "target", "horizon_bars")
    for (measure, target, horizon), part in worst.sort(*by).group_by(*by, maintain_order=True):
        cells = {
            row["split_bars"]: f"{_cell(row, effect=False)} {_block(row['world'])}"
            for row in part.iter_rows(named=True)
        }
        place = [str(measure), str(target), str(horizon or "family"), _range(part.row(0, named=True))]
        lines.append(_line([*place, *(cells.get(n, "") for n in lengths)]))
    return lines


def _block(world: str) -> str:
    """A world's name without parameters.

    >>> _block("garch_t(alpha=0.08)")
    'garch_t'
    """
    return world.partition("(")[0]


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
    names = ["bars" if name == "split_bars" else name for name in by]
    lines = [_line([*names, "required", *heads, "worlds"]), _line(["---"] * (len(by) + len(heads) + 2))]
    order = [*by[:1], "rank", *by[1:]] if "rank" in rows.columns else list(by)
    for _, part in rows.sort(*order, "horizon_bars").group_by(*by, maintain_order=True):
        first = part.row(0, named=True)
        cells = {row["horizon_bars"]: _cell(row, effect=effect) for row in part.iter_rows(named=True)}
        lines.append(
            _line(
                [
                    *(f"{first[c]:,}" if c == "split_bars" else _short(str(first[c])) for c in by),
                    _range(first),
                    *(cells.get(h, "") for h in horizons),
                    f"{part['n_worlds'].max():,}",
                ]
            )
        )
    return lines


def _worst(rows: pl.DataFrame, by: str) -> list[str]:
    """Per measure and block: lowest and highest rate over worlds, lengths, targets and horizons, and the verdicts."""
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
        return f"≤ {_bound(high)}"
    return f"≥ {_bound(low)}" if high is None else f"{_bound(low)} … {_bound(high)}"


def _bound(rate: object) -> str:
    """A bound with as many digits as it has, at least two.

    >>> _bound(0.1), _bound(0.015)
    ('0.10', '0.015')
    """
    return f"{rate:.2f}" if f"{rate:.2f}" == f"{rate:g}".ljust(4, "0") else f"{rate:g}"


def _short(text: str) -> str:
    """A world's id without the parameters that are the same everywhere."""
    return text.replace("bar_vol=0.0005,", "").replace("(bar_vol=0.0005)", "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
