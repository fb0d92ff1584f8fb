"""The comparison of corrections as a run: its worlds, its processes, its tables as text.

Put here: which worlds the markets are, running the experiment with progress, markdown.
Keep out: what is drawn and measured (quant_core.calibration.families), options (cli/).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

from quant_core.calibration.families import FamiliesPlan, compare_families
from quant_core.worlds.garch_t import GarchT
from quant_core.worlds.planted_lift import PlantedLift
from quant_core.worlds.planted_season import PlantedSeason
from quant_core.worlds.random_walk import RandomWalk
from quant_core.worlds.regimes import Regimes
from quant_core.worlds.session_volatility import SessionVolatility
from quant_pipelines.calibration.processes import run_in_processes

PLANTED = (PlantedLift(lift=0.1), PlantedSeason(lift=0.05), PlantedLift(lift=0.15), PlantedSeason(lift=0.03))
NULL = (RandomWalk(), GarchT(), SessionVolatility(), Regimes())


def run_families(plan: FamiliesPlan, n_workers: int, log: Callable[[str], object]) -> pl.DataFrame:
    """The rates of all methods; equal for any number of processes.

    Raises:
        ConfigError: the plan is empty.
    """
    return run_in_processes(partial(compare_families, plan), n_workers, log, "settings and markets")


def families_markdown(table: pl.DataFrame) -> str:
    """Two tables: methods inside a family, and methods over a universe; a cell is mean ± Monte Carlo standard error."""
    family, universe = (table.filter(scope=scope) for scope in ("family", "universe"))
    return "\n".join(
        [
            "### Inside one family: the claim of one symbol and timeframe",
            "",
            *_lines(family, ("FDR", "fdp"), ("power", "power"), ("gain over the first", "gain")),
            "",
            "### Over a universe of families",
            "",
            *_lines(universe, ("FDR", "fdp"), ("FDR in claimed families", "fdp_selected"), ("power", "power")),
        ]
    )


def _lines(rows: pl.DataFrame, *measures: tuple[str, str]) -> list[str]:
    """One line per place and method."""
    heads = ["tests of", "bars", "families", "planted", "method", *(head for head, _ in measures), "universes"]
    lines = [_line(heads), _line(["---"] * len(heads))]
    for row in rows.iter_rows(named=True):
        share = (
            f"{row['planted_share']:.0%}"
            if row["source"] == "synthetic"
            else "a cell"
            if row["planted_share"]
            else "none"
        )
        figures = [_figure(row[name], row[f"{name}_se"]) for _, name in measures]
        place = [row["source"], f"{row['split_bars']:,}", str(row["n_families"]), share, row["method"]]
        lines.append(_line([*place, *figures, f"{row['n_universes']:,}"]))
    return lines


def _figure(mean: float | None, error: float | None) -> str:
    """A rate with its error.

    >>> _figure(0.1, 0.02), _figure(0.1, None), _figure(None, None)
    ('0.100 ± 0.020', '0.100', '–')
    """
    if mean is None:
        return "–"
    return f"{mean:.3f}" + (f" ± {error:.3f}" if error is not None else "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
