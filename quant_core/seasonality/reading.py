"""Reading profiles under the names people know.

Put here: filters by metric name in either spelling, and which rows matter first.
Keep out: computing profiles (profile.py).
"""

from __future__ import annotations

import polars as pl

from quant_core.errors import UnknownNameError
from quant_core.profile_metrics.contract import percent_name
from quant_core.seasonality.entries import quantile_of

HEADLINES = ("own_p_up", "own_ret_mean", "next_p_up", "next_ret_mean")
"""The own bar leads: it is what people call the Monday effect."""
READING_WORDS = {"own": "own bar", "next": "next bar"}
"""The column ``reading`` in words, for titles and headings."""
EARLIER_NAMES = {
    "p_hat": "next_p_up", "p_up": "next_p_up", "ret_mean": "next_ret_mean", "ret_std": "next_ret_std",
    "bar_ret_mean": "own_ret_mean", "abs_ret_mean": "own_abs_ret_mean",
}  # fmt: skip
"""Names that profiles had before the two readings were told apart."""


def metric_rows(profile: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows of one metric by its short name; quantiles in either spelling: ``next_ret_p25`` or ``next_ret_q25``.

    Raises:
        UnknownNameError: the profile has no such metric.
    """
    wanted = _stored_name(name)
    rows = profile.filter(pl.col("metric_name") == wanted)
    if rows.height == 0:
        known: list[str] = profile["metric_name"].unique().to_list()
        raise UnknownNameError.among("metric of this profile", name, known)
    return rows


def _stored_name(name: str) -> str:
    """The spelling in which the profile stores a metric: ``next_ret_p25``."""
    if quantile := quantile_of(name):
        family, probability = quantile
        return percent_name("next_ret" if family == "ret" else family, probability)
    return EARLIER_NAMES.get(name, name)


def headline_metric(profile: pl.DataFrame) -> str:
    """The metric that heads a profile: the first of ``HEADLINES`` that it has, else its first; "" for an empty profile.

    >>> headline_metric(pl.DataFrame({"metric_name": ["amp_mean", "next_ret_mean"]}))
    'next_ret_mean'
    """
    names = profile["metric_name"].unique(maintain_order=True).to_list()
    return next((name for name in (*HEADLINES, *names) if name in names), "")


def reading_words(rows: pl.DataFrame) -> str:
    """Whose bars the rows of a profile speak of, in words; "" for no rows.

    >>> reading_words(pl.DataFrame({"reading": ["next", "own", "own"]})), reading_words(pl.DataFrame({"reading": []}))
    ('own bar and next bar', '')
    """
    found = set(rows["reading"].drop_nulls())
    return " and ".join(words for reading, words in READING_WORDS.items() if reading in found)


def strongest_bins(profile: pl.DataFrame) -> pl.DataFrame:
    """The tested bins of a profile, smallest q-value first."""
    tested = profile.filter(pl.col("q_value").is_not_null())
    return tested.sort("q_value", "p_value", "dimension", "bin_order", "metric")
