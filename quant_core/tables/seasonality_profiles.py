"""What every calendar bin of a symbol looks like, with interval, baseline, test and verdict.

Put here: the declaration of the table ``seasonality_profiles``.
Keep out: how it is computed (seasonality/profile.py).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")

TABLE = Table(
    name="seasonality_profiles",
    meaning="One row is one metric in one bin of one dimension, over all bars or one side of a fold.",
    columns=(
        Column("symbol", pl.String, "id", "Symbol as used in partition keys."),
        Column("timeframe", pl.String, "id", "Timeframe of the bars."),
        Column("fold", pl.Int64, "count", "Index of the fold; -1 for the row over all bars."),
        Column("split", pl.String, "label", "all, train or test."),
        Column("dimension", pl.String, "id", "Canonical id of the dimension."),
        Column("bin", pl.String, "label", "Label of the bin."),
        Column("bin_order", pl.Int32, "count", "Position of the bin in display order, from 0.", minimum=0),
        Column("metric", pl.String, "id", "Canonical id of the metric."),
        Column(
            "metric_name", pl.String, "label", "Short name to filter by, such as next_p_up, next_ret_mean, amp_p75."
        ),
        Column("reading", pl.String, "label", "own: what the bars of the bin did; next: what followed their close."),
        Column("window_bars", pl.Int32, "bars", "Bars whose prices enter one value.", minimum=1),
        Column("unit", pl.String, "label", "Unit of value, interval, baseline and lift."),
        Column("n_bars", pl.Int64, "count", "Bars in the bin.", minimum=1),
        Column("n", pl.Int64, "count", "Bars of the bin with an observable value.", minimum=0),
        Column(
            "n_eff",
            pl.Float64,
            "count",
            "Independent observations they are worth; null for counts and n = 0.",
            nullable=True,
        ),
        Column("value", pl.Float64, "unit", "The metric in the bin; null where it is undefined.", nullable=True),
        Column(
            "tie_share",
            pl.Float64,
            "fraction",
            "Bars of the bin left out because the price did not move, of these and n. Null for metrics that leave no "
            "ties out.",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "ci_low",
            pl.Float64,
            "unit",
            "Lower bound of the interval of value; null where undefined, and where the values show no spread.",
            nullable=True,
        ),
        Column(
            "ci_high",
            pl.Float64,
            "unit",
            "Upper bound of the interval of value; null where undefined, and where the values show no spread.",
            nullable=True,
        ),
        Column(
            "p_mean", pl.Float64, "fraction", "Posterior mean under Jeffreys' prior; null unless a rate.", nullable=True
        ),
        Column("hdi_low", pl.Float64, "fraction", "Lower highest-density bound; null unless a rate.", nullable=True),
        Column("hdi_high", pl.Float64, "fraction", "Upper highest-density bound; null unless a rate.", nullable=True),
        Column(
            "baseline",
            pl.Float64,
            "unit",
            "The metric over all bars in other bins of the dimension; null for counts.",
            nullable=True,
        ),
        Column("lift", pl.Float64, "unit", "value - baseline.", nullable=True),
        Column(
            "se_lift",
            pl.Float64,
            "unit",
            "Cluster-robust standard error of the lift; null unless rate or mean.",
            nullable=True,
        ),
        Column("n_clusters", pl.Int64, "count", "Calendar clusters that hold the bin; null for counts.", nullable=True),
        Column(
            "hypothesis",
            pl.String,
            "id",
            "The question that the bin asks: dimension and bin of the first one, in the table's order, of all that "
            "part the same bars in the same way, such as yes and no of a flag. They are one test of each metric: they "
            "share p_value, q_value and verdict.",
        ),
        Column(
            "p_value",
            pl.Float64,
            "fraction",
            "Two-sided test of the bin against the rest; null under 10 clusters, also of the rest where it is one bin.",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "q_value",
            pl.Float64,
            "fraction",
            "Benjamini-Hochberg over one metric's hypotheses in all dimensions; null outside the family.",
            nullable=True,
            minimum=0,
            maximum=1,
        ),
        Column(
            "mde",
            pl.Float64,
            "unit",
            "Smallest |lift| found with 80 % power if it were the family's only discovery; null without a test, for "
            "standard deviations and quantiles, and where not even a certain outcome would be found.",
            nullable=True,
            minimum=0,
        ),
        Column(
            "verdict",
            pl.String,
            "label",
            "significant, not_significant, underpowered (a rate that not even a certain outcome would lift to "
            "significance), insufficient (too few bars or clusters, in the bin or in the rest where it is one bin); "
            "null where nothing can be tested: counts, breakouts, a bin that holds every bar, values without spread.",
            nullable=True,
        ),
        Column(
            "stability",
            pl.String,
            "label",
            "What the later part says of the bin. stable, unstable: found on the earlier part, and its sign held or "
            "not; not_found: tested on the earlier part and not significant; too_few_years: bins that come round once "
            "a year need 10 full years in the earlier part and one in the later, so about 20 over two halves; "
            "too_few_bars: no test on the earlier part, or no value on the later; underpowered: as the verdict. Null "
            "on test rows and where verdict is null.",
            nullable=True,
        ),
        Column(
            "stable",
            pl.Boolean,
            "label",
            "True where stability is stable, false where it is unstable, null elsewhere.",
            nullable=True,
        ),
        Column(
            "replicated",
            pl.Boolean,
            "label",
            "stable or unstable: same sign and p <= 0.05 later? Null elsewhere, and where the later part has no test.",
            nullable=True,
        ),
        Column("period_start", UTC, "UTC", "Open of the first bar."),
        Column("period_end", UTC, "UTC", "Close of the last bar."),
    ),
    key=("symbol", "timeframe", "fold", "split", "dimension", "bin", "metric"),
    order=("symbol", "timeframe", "fold", "split", "dimension", "bin_order", "metric"),
)
