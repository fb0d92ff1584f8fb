"""Findings: the strongest answers of market_stats over all symbols and timeframes.

Put here: choosing and ordering rows of ``mart__market_stats_top``, one per question, and how many there are.
Keep out: ranking and correction (the mart's SELECT), sentences (marts/sentences.py), and how findings look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from quant_core.catalog import Catalog
from quant_core.conditions import CONDITIONS
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.events import EVENTS
from quant_core.grammar import parse_block
from quant_core.targets import TARGETS
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.query import read_mart
from quant_pipelines.marts.questions import one_per_question, with_twins
from quant_pipelines.reading.claims import claimed, scope_of
from quant_pipelines.reading.partitions import of_partitions

Order = Literal["q_value", "lift_freq", "lift_bayes", "net"]

RANKS: Mapping[Order, str] = {
    "q_value": "rank",
    "lift_freq": "rank_lift_freq",
    "lift_bayes": "rank_lift_bayes",
    "net": "rank_net",
}
"""What findings are ordered by → the column of the mart that holds this order."""

_CATALOGS: Mapping[str, Catalog[Any]] = {"event": EVENTS, "condition": CONDITIONS, "target": TARGETS}


@dataclass(frozen=True)
class Findings:
    """The answers about rates and means that were asked for, strongest first.

    Attributes:
        rows: of ``mart__market_stats_top``, one per question, with ``twins``: the other cells that ask it.
        scope: whose tests q and verdicts pay for.
        n_cells: cells of the split, the partitions and the blocks asked for, whatever their verdict.
        n_tested: questions that were tested.
        n_by_verdict: questions by verdict, most frequent first; "" for those without one.
        n_paying: questions that are significant and whose trade clears its cost.
        has_cost: whether the spec says what trading costs.
        n_detectable: tested questions that could have been found at all: some possible lift is, with the spec's power,
            at the first step of their family.
        median_mde: half of the detectable questions about rates show lifts of this size or smaller, a fraction; None
            without any.
    """

    rows: pl.DataFrame
    scope: str
    n_cells: int
    n_tested: int
    n_by_verdict: Mapping[str, int]
    n_paying: int
    has_cost: bool
    n_detectable: int
    median_mde: float | None


def strongest_findings(
    lake: Lake,
    *,
    by: Order = "q_value",
    split: str = "oos_pooled",
    significant_only: bool = False,
    clears_cost_only: bool = False,
    symbols: Sequence[str] = (),
    timeframes: Sequence[str] = (),
    event: str | None = None,
    condition: str | None = None,
    target: str | None = None,
) -> Findings:
    """The answers about rates and means: smallest corrected q-value, largest absolute lift or largest net first.

    Lifts of means are in the unit of their target, so an order by lift has the rates first.

    Args:
        lake: where the mart is.
        by: what they are ordered by.
        split: of the cells.
        significant_only: leaves out what is not significant: over all symbols and timeframes, or in the one asked for.
        clears_cost_only: leaves out what does not clear its cost.
        symbols: all where empty.
        timeframes: all where empty.
        event: id, a bare name for every parameter; None: all.
        condition: as ``event``; ``all`` for events without one.
        target: as ``event``.

    Raises:
        LakeError: the mart was never built, or from another schema.
        UnknownNameError: no cell has the event, condition or target.
    """
    mart = claimed(of_partitions(read_mart("mart__market_stats_top", lake), symbols, timeframes))
    cells = mart.filter(pl.col("split") == split)
    chosen = with_twins(cells)
    for column, asked in (("event", event), ("condition", condition), ("target", target)):
        if asked is not None:
            chosen = chosen.filter(pl.col(column).is_in(ids_of(column, asked, cells[column])))
    # Within one symbol and timeframe the mart's rank follows the own q but for ties of the correction over all.
    order = ["q_value_global", RANKS[by]] if by == "q_value" else [RANKS[by]]
    found = one_per_question(chosen.sort(order, nulls_last=True))
    counts = found["verdict_global"].value_counts(sort=True)
    is_found = pl.col("verdict_global") == "significant"
    rows = found.filter(is_found) if significant_only else found
    detectable = found.filter(pl.col("q_value_global").is_not_null(), pl.col("mde").is_not_null())
    lifts = detectable.filter(target_kind="binary")["mde"].to_numpy()
    return Findings(
        rows.filter(pl.col("clears_cost")) if clears_cost_only else rows,
        scope_of(mart),
        chosen.height,
        found["q_value_global"].count(),
        {verdict or "": n for verdict, n in counts.iter_rows()},
        found.filter(is_found, pl.col("clears_cost")).height,
        chosen["cost_bps"].count() > 0,
        n_detectable=detectable.height,
        median_mde=float(np.median(lifts)) if len(lifts) else None,
    )


def ids_of(family: str, name: str, known: pl.Series) -> list[str]:
    """The known ids that a name stands for: itself, a bare name's with any parameters, or one with defaults filled in.

    Raises:
        UnknownNameError: it stands for none.

    >>> known = pl.Series(["gap_up(min_gap=0.0)", "k_consecutive(window_bars=3,direction=up)", "inside_bar"])
    >>> ids_of("event", "inside_bar", known), ids_of("event", "k_consecutive", known)
    (['inside_bar'], ['k_consecutive(window_bars=3,direction=up)'])
    >>> ids_of("event", "k_consecutive(window_bars=3)", known)
    ['k_consecutive(window_bars=3,direction=up)']
    >>> ids_of("event", "insid_bar", known)
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No event of these findings is called 'insid_bar'. Did you mean 'inside_bar'?
    """
    ids: list[str] = known.unique().sort().to_list()
    bare = [i for i in ids if i == name or i.split("(")[0] == name]
    if bare:
        return bare
    try:
        full = parse_block(_CATALOGS[family], name).canonical
    except ConfigError:
        full = name
    if full in ids:
        return [full]
    # A misspelled name is near a bare name, a wrong parameter near an id.
    names = ids if "(" in name else sorted({i.split("(")[0] for i in ids})
    raise UnknownNameError.among(f"{family} of these findings", name, names)
