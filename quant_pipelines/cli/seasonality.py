"""seasonality: seasonal profiles, filtered by symbol, timeframe, dimension and metric.

Put here: how bins look in a terminal.
Keep out: choosing them (reading/seasonal_bins.py), the profiles (quant_core.seasonality) and their correction
(sql/marts).
"""

from __future__ import annotations

import argparse
from typing import Any

import polars as pl
from rich.console import Console, RenderableType

from quant_core.seasonality.reading import READING_WORDS
from quant_pipelines.cli._findings_table import q_text
from quant_pipelines.cli._session import Session, listed
from quant_pipelines.cli._wide_table import wide_table
from quant_pipelines.lake.lake import Lake
from quant_pipelines.reading.seasonal_bins import seasonal_bins, strongest_bins

_CAPTION = (
    "n: bars of the bin; n_eff: independent observations they amount to; own bar: what the bars of the bin did, next "
    "bar: what followed their close; ties: share of bars left out because the price did not move; "
    "baseline: the bars in other bins; q: corrected for the metric's bins of all symbols and timeframes; verdict: "
    "within the bin's own symbol and timeframe; stability: whether the sign of the earlier half held on the later one, "
    "or why that is unknown; years: full ones whose lift has the sign of the whole. Fractions, never percent."
)
_NUMBERS = ("n", "n_eff", "value [ci]", "ties", "baseline", "lift", "q", "years")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Filters."""
    parser.add_argument("--symbols", "--symbol", help="comma-separated symbols (default all)")
    parser.add_argument("--timeframes", "--timeframe", help="comma-separated timeframes (default all)")
    parser.add_argument("--dimension", help="calendar dimension by name or canonical id, for example dow")
    parser.add_argument("--metric", help="metric by short name, for example next_p_up, next_ret_mean or amp_mean")
    parser.add_argument("--significant", action="store_true", help="only bins significant over all symbols")
    parser.add_argument("--limit", type=int, default=40, help="bins to print (default 40)")


def command(options: argparse.Namespace, console: Console) -> int:
    """Print bins: a dimension in calendar order, without one the smallest q first."""
    session = Session(console)
    bins = asked_bins(session.lake, options, q_max=_q_max(session))
    title = f"{min(options.limit, bins.height):,} of {bins.height:,} bins"
    console.print(bins_view(bins.head(options.limit), title, console.width))
    return 0


def print_strongest_bins(session: Session, console: Console, *, limit: int) -> None:
    """Print the bins with the smallest q over all symbols, and how many were tested and found."""
    q_max = _q_max(session)
    tested = strongest_bins(session.lake, q_max=q_max)
    title = f"Strongest of {tested.rows.height:,} tested bins (all bars): {tested.n_found:,} with q at most {q_max:g}"
    console.print(bins_view(tested.rows.head(limit), title, console.width))


def _q_max(session: Session) -> float:
    """The false-discovery rate of seasonal bins in the research spec."""
    return float(session.inputs.research.seasonality.spec.profile.q_max)


def asked_bins(lake: Lake, options: argparse.Namespace, *, q_max: float) -> pl.DataFrame:
    """The bins that the options ask for, in the order of printing."""
    return seasonal_bins(
        lake,
        metric=options.metric,
        dimension=options.dimension,
        symbols=listed(options.symbols),
        timeframes=listed(options.timeframes),
        q_max=q_max if options.significant else None,
    )


def bins_view(bins: pl.DataFrame, title: str, width: int) -> RenderableType:
    """The bins as a table where the terminal is wide enough for one, else as two lines each."""
    rows = [bin_cells(row) for row in bins.iter_rows(named=True)]
    lines: list[str] = []
    for texts in rows:
        metric, n, n_eff, value, ties, baseline, lift, q, years, verdict, stability = texts[2:]
        numbers = f"{metric}  n {n} (eff {n_eff})  {value} vs {baseline}  lift {lift}  ties {ties}  q {q}"
        lines.append(f"{numbers}  years {years}  {verdict}  {stability}")
    return wide_table(
        ["partition", "bin", "metric", *_NUMBERS, "verdict", "stability"],
        rows,
        lines,
        title=title,
        caption=_CAPTION,
        width=width,
        verdicts=bins["verdict"].to_list(),
        left=["metric", "verdict", "stability"],
    )


def bin_cells(row: dict[str, Any]) -> list[str]:
    """The texts of one bin: place, bin, metric with its reading, numbers, verdict, stability; a dash stands for null.

    >>> bin_cells({"symbol": "S", "timeframe": "D1", "dimension": "dow(zone=session)", "bin": "0",
    ...            "metric_name": "next_p_up", "reading": "next", "n": 1200, "n_eff": 800.4, "value": 0.5,
    ...            "tie_share": 0.02, "ci_low": 0.45, "ci_high": 0.55,
    ...            "baseline": 0.53, "lift": -0.03, "q_value_global": None, "n_years": 9, "n_years_same": 7,
    ...            "verdict": None, "stability": None})[1:]
    ['dow(zone=session) = 0', 'next_p_up, next bar', '1,200', '800', '0.5 [0.45, 0.55]', '0.02', '0.53', '-0.03', '–', \
'7/9', '–', '–']
    """
    interval = "" if row["ci_low"] is None else f" [{_number(row['ci_low'])}, {_number(row['ci_high'])}]"
    return [
        f"{row['symbol']} {row['timeframe']}",
        f"{row['dimension']} = {row['bin']}",
        f"{row['metric_name']}, {READING_WORDS[row['reading']]}",
        f"{row['n']:,}",
        "–" if row["n_eff"] is None else f"{row['n_eff']:,.0f}",
        _number(row["value"]) + interval,
        _number(row["tie_share"]),
        _number(row["baseline"]),
        _number(row["lift"], sign="+"),
        q_text(row["q_value_global"]),
        f"{row['n_years_same']}/{row['n_years']}",
        row["verdict"] or "–",
        row["stability"] or "–",
    ]


def _number(value: float | None, sign: str = "") -> str:
    # Significant digits: a mean return of a bar is a few ten-thousandths.
    return "–" if value is None else f"{value:{sign}.3g}"
