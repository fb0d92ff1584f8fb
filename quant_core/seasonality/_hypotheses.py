"""Which bins ask the same question: found by the bars that they hold, not by their names.

Put here: the fingerprints of a dimension's bins, and what the members of a hypothesis share.
Keep out: numbers of bars (quant_core.counting), families of tests and verdicts (profile.py).

A test compares a bin with the rest of its dimension. So two bins are one hypothesis when both part the same bars in the
same way, whichever part they call the bin: yes and no of a flag, or a month and the flag of this month.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from quant_core.counting.fingerprints import Prints, sums_of_codes
from quant_core.seasonality._cells import Cells, Codes

# Both parts of the bars, the smaller number first; 0 for an empty one. Dropped from the table.
PARTS = ("_part", "_other_part")
FAMILY = ("symbol", "timeframe", "fold", "split", "metric")
_SHARED = (*FAMILY, "hypothesis")


def parts_of_bins(cells: Cells, codes: Codes, n_bins: int) -> Prints:
    """(n_bins, 2); fingerprints of the bars in each bin and of those in the dimension's other bins, the smaller first.

    Args:
        cells: stretches of bars.
        codes: (n_cells,); the bin of each, −1 for none.
        n_bins: number of bins.

    Example, by hand: yes and no part the bars in the same way; one bin of three is another question; a fourth is empty.

    >>> from quant_core.bars import Bars
    >>> from quant_core.seasonality._cells import cells_of
    >>> cells = cells_of(Bars.of(close=[1.0] * 4), 30)
    >>> flag = parts_of_bins(cells, np.array([0, 1, 0, 0], dtype=np.int32), 2)
    >>> three = parts_of_bins(cells, np.array([0, 2, 1, 0], dtype=np.int32), 4)
    >>> bool((flag[0] == flag[1]).all()), bool((flag[0] == three[2]).all()), bool((flag[0] == three[0]).all())
    (True, True, False)
    >>> int(three[3, 0])
    0
    """
    inside = sums_of_codes(cells.fingerprints, codes, n_bins)
    outside = inside.sum() - inside
    return np.column_stack((np.minimum(inside, outside), np.maximum(inside, outside)))


def name_hypotheses(rows: pl.DataFrame) -> pl.DataFrame:
    """Add ``hypothesis``: dimension and bin of the first row, in the table's order, that asks the same question.

    Args:
        rows: with the columns ``PARTS``, and of ``seasonality_profiles`` the key and ``bin_order``.

    Example, by hand: the flag's bins hold month 1 and the rest.

    >>> rows = pl.DataFrame({**dict.fromkeys(FAMILY, "x"), "dimension": ["month", "is_month", "is_month"],
    ...                      "bin": ["1", "0", "1"], "bin_order": [0, 0, 1], "_part": 3, "_other_part": 8})
    >>> name_hypotheses(rows)["hypothesis"].unique().to_list()
    ['is_month | 0']
    """
    own = pl.concat_str("dimension", "bin", separator=" | ")
    first = own.sort_by("dimension", "bin_order").first().over(*FAMILY, *PARTS)
    return rows.with_columns(first.alias("hypothesis"))


def share_tests(rows: pl.DataFrame, n_min: int) -> pl.DataFrame:
    """Give the members of a hypothesis one p-value: the largest, and none where one of them has none or too few bars.

    It differs between them by rounding, and between the two parts of the bars where one of them is small: the smaller
    part decides.

    Args:
        rows: with ``hypothesis``.
        n_min: least number of values of a bin.

    Returns:
        The rows with ``p_value``, and ``_is_tested``, ``_speaks``: whether the row enters the family for all members.

    Example, by hand: yes holds 20 bars, no 200.

    >>> rows = pl.DataFrame({**dict.fromkeys(FAMILY, "x"), "hypothesis": ["flag | 0"] * 2 + ["month | 1"],
    ...                      "dimension": ["flag", "flag", "month"], "bin": ["0", "1", "1"], "n": [200, 20, 90],
    ...                      "p_value": [0.1, 0.2, None]})
    >>> share_tests(rows, 20).select("p_value", "_is_tested", "_speaks").rows()
    [(0.2, True, True), (0.2, True, False), (None, False, True)]
    >>> share_tests(rows, 21)["_is_tested"].to_list()
    [False, False, False]
    """
    has_test = pl.col("p_value").is_not_null().all().over(_SHARED)
    enough = (pl.col("n") >= n_min).all().over(_SHARED)
    return rows.with_columns(
        pl.when(has_test).then(pl.col("p_value").max().over(_SHARED)).alias("p_value"),
        (enough & has_test).alias("_is_tested"),
        (pl.concat_str("dimension", "bin", separator=" | ") == pl.col("hypothesis")).alias("_speaks"),
    )
