"""Findings in words: what a cell says in plain English, which trade it stands for and what that leaves.

Put here: the sentence of one cell and the headline over many.
Keep out: choosing findings (reading/findings.py) and how they are laid out (cli/, report/).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def headline(n_significant: int, n_tested: int, n_paying: int, *, has_cost: bool) -> str:
    """How many answers there are, and how many of them pay.

    >>> headline(12, 340, 3, has_cost=True)
    '12 significant of 340 questions tested, 3 of them pay after costs.'
    >>> headline(1, 340, 0, has_cost=True)
    '1 significant of 340 questions tested, none of them pays after costs.'
    >>> headline(0, 340, 0, has_cost=True)
    '0 significant of 340 questions tested.'
    >>> headline(2, 9, 0, has_cost=False)
    '2 significant of 9 questions tested; whether they pay is unknown: the spec names no cost.'
    """
    start = f"{n_significant:,} significant of {n_tested:,} questions tested"
    if not n_significant:
        return f"{start}."
    if not has_cost:
        return f"{start}; whether they pay is unknown: the spec names no cost."
    pays = {0: "none of them pays", 1: "1 of them pays"}.get(n_paying, f"{n_paying:,} of them pay")
    return f"{start}, {pays} after costs."


def finding_sentence(row: Mapping[str, Any]) -> str:
    """One cell as a sentence: what happened after what, how often, against which rate, what it leaves, whether it held.

    Args:
        row: of ``mart__market_stats_top``; binary or numeric.

    >>> row = {"event": "nr7", "condition": "dow", "condition_value": "Monday", "target": "up_next_bar",
    ...        "target_kind": "binary", "n": 812, "p_hat": 0.571, "ci_low": 0.52, "ci_high": 0.62, "baseline": 0.503,
    ...        "lift_freq": 0.068, "q_value_global": 0.012, "verdict_global": "significant", "cost_bps": 1.0,
    ...        "net_best_bps": 3.21, "net_best_side": "with", "clears_cost": True, "n_folds_testable": 4,
    ...        "n_folds_replicated": 3}
    >>> import textwrap
    >>> print(textwrap.fill(finding_sentence(row), 100))
    After nr7 when dow = Monday, up_next_bar happened in 57.1 % of 812 cases (52.0 to 62.0 %), more
    often than on all bars (50.3 %); traded with it from the next open: net +3.2 bp a trade after 1 bp
    cost, which pays; significant (q 0.012); replicated in 3 of 4 folds.
    """
    return f"{_what(row)}; {_trade(row)}; {_verdict(row)}; {_replication(row)}."


def _what(row: Mapping[str, Any]) -> str:
    """Event, state, outcome, rate and the rate of all bars."""
    after = "On any bar" if row["event"] == "always_true" else f"After {row['event']}"
    state = "" if row["condition"] == "all" else f" when {row['condition']} = {row['condition_value']}"
    start, cases = f"{after}{state}, {row['target']}", f"{row['n']:,} cases"
    if row["target_kind"] == "numeric":
        more = "more" if row["lift_mean"] > 0 else "less"
        between = _between(row["mean_ci_low"], row["mean_ci_high"], "+.3g", "")
        baseline = row["mean"] - row["lift_mean"]
        return f"{start} averaged {row['mean']:+.3g} over {cases}{between}, {more} than on all bars ({baseline:+.3g})"
    than = "as often as" if row["lift_freq"] == 0 else f"{'more' if row['lift_freq'] > 0 else 'less'} often than"
    rate, low, high, baseline = (100 * row[name] for name in ("p_hat", "ci_low", "ci_high", "baseline"))
    happened = f"happened in {rate:.1f} % of {cases}{_between(low, high, '.1f', ' %')}"
    return f"{start} {happened}, {than} on all bars ({baseline:.1f} %)"


def _between(low: float | None, high: float | None, form: str, unit: str) -> str:
    """The interval in brackets; nothing where it is not known."""
    return "" if low is None or high is None else f" ({low:{form}} to {high:{form}}{unit})"


def _trade(row: Mapping[str, Any]) -> str:
    """The better side of the trade, and what it leaves."""
    if row["net_best_bps"] is None:
        return "no trade and cost are given for it"
    is_found = row["verdict_global"] == "significant"
    known = "which pays" if is_found else "which would pay if it is no chance"
    unknown = "too few to say whether it pays"
    pays = {None: unknown, True: known}.get(row["clears_cost"], "which is not surely above 0")
    net = f"net {row['net_best_bps']:+.1f} bp a trade after {row['cost_bps']:g} bp cost"
    return f"traded {row['net_best_side']} it from the next open: {net}, {pays}"


def _verdict(row: Mapping[str, Any]) -> str:
    """The verdict over all symbols, with its q where it has one."""
    verdict = (row["verdict_global"] or "not tested").replace("_", " ")
    q = row["q_value_global"]
    if q is None:
        return verdict
    return f"{verdict} (q {'< 0.001' if q < 0.001 else f'{q:.3f}'})"


def _replication(row: Mapping[str, Any]) -> str:
    """In how many folds a training finding was confirmed by the fold's own test."""
    held, testable = row["n_folds_replicated"], row["n_folds_testable"]
    if not testable:
        return "replication could not be tested"
    return f"replicated in {held} of {testable} folds" if held else "not replicated"
