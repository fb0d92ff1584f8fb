"""Method notes in a report: what the numbers mean, in the numbers of the research spec.

Put here: short true statements; the long ones are in docs/statistics.md.
Keep out: anything about the data at hand.
"""

from __future__ import annotations

from quant_core.timeframes import Timeframe
from quant_pipelines.report._document import Block, Column, Section, Table, Text
from quant_pipelines.report.inputs import SymbolInputs


def methods_section(inputs: SymbolInputs) -> Section:
    """The section: one note per term, and the folds of every timeframe."""
    stats, profile = inputs.research.market_stats, inputs.research.seasonality.spec.profile
    notes = [
        ("cell", "One event under one state of one condition with one target: what followed where both held."),
        ("baseline, lift", "The target over all bars of the split, and the cell's difference to it. Rates of rising "
         "bars are not 0.5 in a market that rises: only the lift says something about the event."),
        ("n, n_eff", "Bars of the cell with an observable outcome, and the independent observations they are worth: n "
         "over the design effect, which time blocks measure. Overlapping outcomes and clustered events count once."),
        ("interval", f"Wilson on n_eff for rates, stationary bootstrap for means ({stats.n_resamples} resamples); both "
         f"at a confidence of {stats.confidence:g}, not corrected for the number of cells."),
        ("p, q", "Two-sided test of the lift with a variance clustered over time blocks of at least 64 bars and four "
         "horizons, Student t, and for rates never under the exact binomial p-value; then Benjamini-Hochberg within "
         "its family. No test under 10 blocks or the least n."),
        ("question", "What a test asks. Cells that part the same bars in the same way, with equal outcomes or their "
         "complements, ask one question, are one test and are listed once; so are yes and no of a flag."),
        ("mde", f"The smallest lift that the cell would show with {stats.power:.0%} power if it were the only "
         "discovery of its family. A smaller effect is missed more often than that."),
        ("verdict", f"significant: q at most {stats.fdr:g}. not significant: tested, not found. underpowered: not even "
         "a certain outcome could have been the first discovery of its family. insufficient: too few observations to "
         "test. Not significant is no proof of absence: a small effect needs more bars."),
        ("folds", "Train, then an embargo, then test, walking through time. Training outcomes that would reach the "
         "embargo or the test are purged; bins and limits are learned on train and frozen on test."),
        ("replicated", "A training finding whose own fold's test has the same sign with p at most 0.05."),
        ("costs", _costs(inputs)),
        ("seasonal bins", f"Tests within each metric over the bins of all dimensions, q at most {profile.q_max:g}; "
         f"intervals at a confidence of {profile.confidence:g}; clusters are calendar periods. Dimensions without a "
         f"zone of their own use {profile.zone}."),
        ("look-ahead", "A bar is used from its close on; a higher timeframe only when its bar is complete."),
    ]  # fmt: skip
    rows = [[term, text] for term, text in notes]
    blocks: list[Block] = [Table([Column("term"), Column("what it means")], rows), _folds(inputs)]
    blocks.append(Text("How often these intervals and tests err where the truth is known: docs/calibration.md."))
    return Section("methods", "Method notes", blocks)


def _costs(inputs: SymbolInputs) -> str:
    """What the research spec says about costs."""
    cost = inputs.research.market_stats.cost
    if cost is None:
        return "The research spec names no cost: nothing here is net of spread, commission and slippage."
    return (
        f"A round trip costs {cost.bps_of(inputs.symbol):g} basis points of the entry price by the research spec. "
        "Rates, means and lifts are before costs; break-even is the hit rate that pays them, net is the mean payoff "
        "after them of trades entered at the next open, the first price at which an event at a close can be traded. "
        "Clears cost says whether the intervals lie beyond break-even, from the close and from the next open; it is "
        "not corrected for the number of cells."
    )


def _folds(inputs: SymbolInputs) -> Table:
    """The splitter and the least n of every timeframe."""
    rows: list[list[str]] = []
    for key in inputs.keys:
        timeframe = Timeframe(key.timeframe)
        spec = inputs.research.market_stats.at(timeframe)
        least = inputs.research.seasonality.profile_at(timeframe).min_samples_bin
        rows.append([key.timeframe, spec.splitter.canonical, str(spec.n_min), str(least)])
    columns = [Column("timeframe"), Column("folds", form="id"), Column("least n of a cell", form="number")]
    return Table([*columns, Column("least n of a bin", form="number")], rows, "Settings by timeframe.")


SECTIONS = {90: methods_section}
