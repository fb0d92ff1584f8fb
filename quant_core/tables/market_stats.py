"""What happened after events, under conditions, measured by targets.

Put here: the declaration of the table ``market_stats``.
Keep out: how the numbers are computed (market_stats/ and estimators/).
"""

import polars as pl

from quant_core.tables._table import Column, Table

UTC = pl.Datetime("us", "UTC")
_BINARY = "Binary targets with n > 0 only."
_NUMERIC = "Numeric targets with n > 0 only; in the target's unit."
_TIMES = "Time-to-event targets with n > 0 only; in bars."

_COST = "Null without market_stats.cost in the spec and for targets that stand for no trade."


def _fraction(name: str, meaning: str, low: float = 0) -> Column:
    return Column(name, pl.Float64, "fraction", meaning, nullable=True, minimum=low, maximum=1)


def _number(name: str, unit: str, meaning: str) -> Column:
    return Column(name, pl.Float64, unit, meaning, nullable=True)


TABLE = Table(
    name="market_stats",
    meaning="One row is one cell: the outcomes of a target after the bars of an event in one state of a condition, "
    "inside one split of one fold.",
    columns=(
        Column("symbol", pl.String, "id", "Symbol."),
        Column("timeframe", pl.String, "id", "Timeframe of the bars."),
        Column(
            "fold",
            pl.Int64,
            "index",
            "Walk-forward fold, 0 for the earliest; -1 for the folds' tests pooled.",
            minimum=-1,
        ),
        Column("split", pl.String, "label", "train, test, or oos_pooled (every fold's test together)."),
        Column("event", pl.String, "id", "Canonical id of the event."),
        Column("condition", pl.String, "id", "Canonical id of the condition; 'all' for the event without a condition."),
        Column("condition_value", pl.String, "label", "State of the condition; bins learned on train, frozen on test."),
        Column("target", pl.String, "id", "Canonical id of the target."),
        Column("target_kind", pl.String, "label", "binary, numeric or time_to_event: which columns are filled."),
        Column("horizon_bars", pl.Int64, "bars", "Bars ahead the outcome depends on.", minimum=0),
        Column("split_start", UTC, "UTC", "Open of the split's first bar."),
        Column("split_end", UTC, "UTC", "Close of the split's last bar."),
        Column(
            "n", pl.Int64, "count", "Event bars in the cell whose outcome is observable inside the split.", minimum=0
        ),
        _number("n_eff", "count", "Effective sample size: independent outcomes the cell is worth; null where n = 0."),
        Column("n_blocks", pl.Int64, "count", "Time blocks that hold an event of the cell.", minimum=0),
        Column(
            "n_all", pl.Int64, "count", "Bars of the split with an observable outcome: the baseline's size.", minimum=0
        ),
        _fraction(
            "tie_share",
            "Event bars of the cell at which the price did not move, among those with a complete window: they are no "
            "outcomes. Null for targets that leave no ties out, and where no window is complete.",
        ),
        Column("successes", pl.Int64, "count", "True outcomes. Binary targets only.", nullable=True, minimum=0),
        _fraction("p_hat", f"successes / n. {_BINARY}"),
        _fraction("ci_low", f"Lower bound of the spec's interval (wilson) with n_eff. {_BINARY}"),
        _fraction("ci_high", f"Upper bound of the spec's interval (wilson) with n_eff. {_BINARY}"),
        _fraction("p_mean", f"Mean of the spec's posterior (jeffreys) with n_eff. {_BINARY}"),
        _fraction("p_map", f"Mode of the spec's posterior. {_BINARY}"),
        _fraction("hdi_low", f"Lower bound of the highest-density interval. {_BINARY}"),
        _fraction("hdi_high", f"Upper bound of the highest-density interval. {_BINARY}"),
        _fraction(
            "baseline",
            "Rate over all bars of the split with an observable outcome. Binary targets only; null without one.",
        ),
        _fraction("lift_freq", f"p_hat - baseline. {_BINARY}", -1),
        _fraction("lift_bayes", f"p_mean - baseline. {_BINARY}", -1),
        _number("mean", "unit of the target", f"Mean outcome. {_NUMERIC}"),
        _number(
            "mean_ci_low",
            "unit of the target",
            f"Lower stationary-bootstrap bound; null also under four runs and where no outcome differs. {_NUMERIC}",
        ),
        _number(
            "mean_ci_high",
            "unit of the target",
            f"Upper stationary-bootstrap bound; null also under four runs and where no outcome differs. {_NUMERIC}",
        ),
        _number("q25", "unit of the target", f"Lower quartile. {_NUMERIC}"),
        _number("median", "unit of the target", f"Median. {_NUMERIC}"),
        _number("q75", "unit of the target", f"Upper quartile. {_NUMERIC}"),
        _number(
            "baseline_mean",
            "unit of the target",
            "Mean over all bars of the split. Numeric targets only; null without one.",
        ),
        _number("lift_mean", "unit of the target", f"mean - baseline_mean. {_NUMERIC}"),
        Column(
            "n_censored",
            pl.Int64,
            "count",
            "Outcomes still open. Time-to-event targets only.",
            nullable=True,
            minimum=0,
        ),
        _number("km_median", "bars", f"Kaplan-Meier median; null also where it is not reached. {_TIMES}"),
        _number("km_median_low", "bars", f"Lower bound of the median; null also where not reached. {_TIMES}"),
        _number("km_median_high", "bars", f"Upper bound of the median; null also where not reached. {_TIMES}"),
        _number(
            "km_rmean",
            "bars",
            f"Mean of min(time, longest time in the split); null where the curve ends open. {_TIMES}",
        ),
        _number("km_rmean_low", "bars", f"Lower bound of km_rmean. {_TIMES}"),
        _number("km_rmean_high", "bars", f"Upper bound of km_rmean. {_TIMES}"),
        Column(
            "hypothesis",
            pl.String,
            "id",
            "The question that the cell asks: event, condition, state and target of the first cell, in the table's "
            "order, of all cells of the fold, split and target_kind that part the same bars in the same way with equal "
            "outcomes, or with complements. They are one test: they share p_value, q_value, verdict. Null where n = 0.",
            nullable=True,
        ),
        _fraction(
            "p_value",
            "Two-sided cluster-robust test of the cell against its baseline; of rates the larger of this and the exact "
            "binomial p-value. Null for time-to-event targets and breakouts, under 10 blocks, and where the cell is "
            "the baseline itself.",
        ),
        _fraction(
            "q_value",
            "Benjamini-Hochberg within (symbol, timeframe, fold, split, target_kind); null outside the family: no "
            "p_value, or n under the minimum.",
        ),
        Column("n_tests", pl.Int64, "count", "Hypotheses in the family that q_value corrects for.", minimum=0),
        Column(
            "mde",
            pl.Float64,
            "fraction, or unit of the target",
            "Smallest |lift| found with the spec's power if it were the only discovery of its family; null where "
            "p_value is, and for rates that not even a certain outcome would lift so far.",
            nullable=True,
            minimum=0,
        ),
        Column(
            "verdict",
            pl.String,
            "label",
            "significant (q_value at most the spec's rate), not_significant, underpowered (not even a certain outcome "
            "could be the family's first discovery), or insufficient (n under the minimum, or under 10 blocks). Null "
            "where nothing is tested: the baseline itself, numbers without variance, time-to-event targets, and those "
            "whose levels lie at other distances at other bars (breakouts, retracement), which are described only.",
            nullable=True,
        ),
        Column(
            "cost_bps",
            pl.Float64,
            "basis points of the entry price",
            f"Cost of a round trip, charged on every trade. {_COST}",
            nullable=True,
            minimum=0,
        ),
        _number(
            "break_even",
            "fraction, or unit of the target",
            "Hit rate at which the trades in the target's direction pay their cost, undecided trades included; above 1 "
            "where not even a sure gain would. Numeric targets: the mean that pays it. Null also where no outcome is "
            f"true or none is false. {_COST}",
        ),
        _number(
            "net_mean_bps",
            "basis points of the entry price",
            "Mean payoff of the trades in the target's direction, ties among them, less the cost; null also without a "
            f"trade. {_COST}",
        ),
        _number(
            "net_ci_low_bps",
            "basis points of the entry price",
            "Lower bound of net_mean_bps; null also where the cell has too few runs or blocks for one, or all "
            f"trades pay the same. {_COST}",
        ),
        _number(
            "net_ci_high_bps",
            "basis points of the entry price",
            "Upper bound of net_mean_bps; null also where the cell has too few runs or blocks for one, or all "
            f"trades pay the same. {_COST}",
        ),
        _number(
            "net_open_mean_bps",
            "basis points of the entry price",
            "net_mean_bps of the same trades entered at the next open, the earliest price at which an event at a close "
            f"can be traded; same exits. {_COST}",
        ),
        _number(
            "net_open_ci_low_bps",
            "basis points of the entry price",
            "Lower bound of net_open_mean_bps; null also where the cell has too few blocks for one, or all trades "
            f"pay the same. {_COST}",
        ),
        _number(
            "net_open_ci_high_bps",
            "basis points of the entry price",
            "Upper bound of net_open_mean_bps; null also where the cell has too few blocks for one, or all trades "
            f"pay the same. {_COST}",
        ),
        _number(
            "net_open_against_bps",
            "basis points of the entry price",
            f"Mean payoff of the opposite trades entered at the next open, less the cost. {_COST}",
        ),
        Column(
            "clears_cost",
            pl.Boolean,
            "label",
            "True where the intervals of the hit rate and of the mean payoff lie beyond break-even, that of the mean "
            "from the close and from the next open, on one of the two sides. Not corrected for the number of cells: "
            f"verdict is. Null also where a bound is. {_COST}",
            nullable=True,
        ),
        Column(
            "cost_side",
            pl.String,
            "label",
            "Which trade clears its cost: with (in the target's direction; long for returns) or against (the opposite "
            "one). Null where neither does.",
            nullable=True,
        ),
        Column(
            "replicated",
            pl.Boolean,
            "label",
            "On train rows: the same cell of the fold's test split has the same sign and p_value <= 0.05. Null on "
            "other rows and where either side has no p_value.",
            nullable=True,
        ),
    ),
    key=("symbol", "timeframe", "fold", "split", "event", "condition", "condition_value", "target"),
    order=("symbol", "timeframe", "fold", "split", "event", "condition", "condition_value", "target"),
)
