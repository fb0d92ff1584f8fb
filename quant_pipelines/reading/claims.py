"""Claims: which correction speaks for the rows that were asked for.

Put here: one symbol and timeframe speaks for itself, several by the correction over all.
Keep out: the corrections (the engines and the marts' SELECTs), choosing rows (findings.py, seasonal_bins.py).
"""

from __future__ import annotations

import polars as pl


def claimed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a mart with ``q_value_global`` and ``verdict_global`` as what may be claimed about those asked for.

    Rows of a single symbol and timeframe get their own family's q and verdict, so that no other file changes what is
    said about them. Rows of several keep the correction over all symbols and timeframes, which pays for the looks.

    >>> mart = pl.DataFrame({"symbol": ["A", "B"], "timeframe": "D1", "q_value": [0.02, 0.5],
    ...                      "q_value_global": [0.04, 1.0], "verdict": ["significant", "not_significant"],
    ...                      "verdict_global": ["not_significant"] * 2})
    >>> claimed(mart)["q_value_global"].to_list(), claimed(mart.head(1))["q_value_global"].to_list()
    ([0.04, 1.0], [0.02])
    >>> claimed(mart.head(1))["verdict_global"].item()
    'significant'
    """
    if not is_alone(rows):
        return rows
    own = {name: pl.col(name.removesuffix("_global")) for name in rows.columns if name in _CLAIMS}
    return rows.with_columns(**own)


def is_alone(rows: pl.DataFrame) -> bool:
    """Whether all rows are of one symbol and timeframe.

    >>> is_alone(pl.DataFrame({"symbol": ["A", "A"], "timeframe": ["D1", "W1"]}))
    False
    """
    return rows.select("symbol", "timeframe").n_unique() == 1


def scope_of(rows: pl.DataFrame) -> str:
    """Whose tests the claims about the rows pay for, in words.

    >>> scope_of(pl.DataFrame({"symbol": ["A", "A"], "timeframe": ["D1", "D1"]}))
    'A D1 alone'
    """
    return " ".join((*rows.select("symbol", "timeframe").row(0), "alone")) if is_alone(rows) else _EVERYTHING


_CLAIMS = ("q_value_global", "verdict_global")
_EVERYTHING = "all symbols, timeframes and folds"
