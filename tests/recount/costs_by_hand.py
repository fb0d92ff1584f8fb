"""What the trades of a cell pay, trade by trade.

Put here: the columns about cost.
Keep out: the prices at which a trade is entered and left (outcomes_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import Any

from scipy import special

from tests.recount.inference_by_hand import MIN_BLOCKS, Cell, block_bars
from tests.recount.outcomes_by_hand import Maybe, Outcomes

BPS = 1e4
Bounds = tuple[Maybe, Maybe]


def cost_of(research: dict[str, Any], symbol: str) -> float:
    """Of a round trip, basis points: the first pattern that the symbol matches."""
    section = research["cost"]
    return next(
        (x for pattern, x in section["by_symbol"].items() if fnmatchcase(symbol, pattern)), section["round_trip_bps"]
    )


def costs(
    row: dict[str, Any], cell: Cell, outcome: Outcomes, split: Any, bars: set[int], bps: float, confidence: float
) -> dict[str, Any]:
    """The columns; all null for a target that stands for no trade."""
    if outcome.trade is None:
        return {}
    cost = bps / BPS
    places = [
        (i, t)
        for i, s in enumerate(split.stretches)
        for t in range(s.start, s.stop - outcome.horizon)
        if t in bars and outcome.trade.meant[t] is not None
    ]

    def paid(payoffs: list[Maybe]) -> list[float]:
        return [payoffs[t] for _, t in places]  # type: ignore[misc]

    def bounds(payoffs: list[Maybe]) -> Bounds:
        return payoff_bounds(blocks(split, outcome.horizon, places, payoffs), cell, confidence)

    at_open, other_open = bounds(outcome.trade.at_open), bounds(outcome.trade.against_at_open)
    found: dict[str, Any] = {
        "cost_bps": bps,
        "net_open_mean_bps": net(mean(paid(outcome.trade.at_open)), cost),
        "net_open_ci_low_bps": net(at_open[0], cost),
        "net_open_ci_high_bps": net(at_open[1], cost),
        "net_open_against_bps": net(mean(paid(outcome.trade.against_at_open)), cost),
    }
    if outcome.kind == "numeric":
        own: Bounds = row.get("mean_ci_low"), row.get("mean_ci_high")
        found |= {"break_even": cost, "net_mean_bps": net(row.get("mean"), cost)}
        other = None if own[1] is None else -own[1]
        margins = [(own[0], cost), (at_open[0], cost)], [(other, cost), (other_open[0], cost)]
    else:
        own = bounds(outcome.trade.meant)
        won = [outcome.value[t] for _, t in places]
        level = break_even(paid(outcome.trade.meant), won, cost)
        lost = [None if y is None else 1 - y for y in won]
        other_level = break_even(paid(outcome.trade.against), lost, cost)
        found |= {"break_even": level, "net_mean_bps": net(mean(paid(outcome.trade.meant)), cost)}
        misses = None if row.get("ci_high") is None else 1 - row["ci_high"]
        with_target = [(row.get("ci_low"), level), (own[0], cost), (at_open[0], cost)]
        against = [(misses, other_level), (bounds(outcome.trade.against)[0], cost), (other_open[0], cost)]
        margins = with_target, against
    found |= {"net_ci_low_bps": net(own[0], cost), "net_ci_high_bps": net(own[1], cost)}
    return found | cleared(*map(all_above, margins))


def mean(values: list[float]) -> Maybe:
    return math.fsum(values) / len(values) if values else None


def net(payoff: Maybe, cost: float) -> Maybe:
    return None if payoff is None else (payoff - cost) * BPS


def blocks(split: Any, horizon: int, places: list[tuple[int, int]], payoffs: list[Maybe]) -> list[list[float]]:
    """Payoffs per time block that holds a trade."""
    size, found = block_bars(horizon), {}
    for i, t in places:
        found.setdefault((i, (t - split.stretches[i].start) // size), []).append(payoffs[t])
    return list(found.values())


def payoff_bounds(payoffs: list[list[float]], outcomes: Cell, confidence: float) -> Bounds:
    """Mean ± t·s/√n_eff, n_eff of the payoffs themselves, t with the degrees of freedom of their blocks."""
    own = Cell(payoffs, payoffs, outcomes.covered, outcomes.window)
    if own.n < 2 or outcomes.n_blocks < MIN_BLOCKS or min(own.values) == max(own.values):
        return None, None
    degrees = own.n**2 / sum(len(b) ** 2 for b in payoffs) - 1
    if degrees <= 0:
        return None, None
    variance = own.variance * own.n / (own.n - 1)
    margin = special.stdtrit(degrees, 0.5 + confidence / 2) * math.sqrt(variance / own.n_eff(discount=False))
    return float(own.mean - margin), float(own.mean + margin)


def break_even(paid: list[float], won: list[Maybe], cost: float) -> Maybe:
    """The hit rate at which gains, losses and undecided trades together pay the cost of all trades.

    rate·gain·D − (1 − rate)·loss·D + undecided = cost·trades, D the number of decided trades.
    """
    gains = [x for x, y in zip(paid, won, strict=True) if y == 1]
    losses = [-x for x, y in zip(paid, won, strict=True) if y == 0]
    undecided = math.fsum(x for x, y in zip(paid, won, strict=True) if y is None)
    if not (gains and losses):
        return None
    gain, loss, decided = math.fsum(gains) / len(gains), math.fsum(losses) / len(losses), len(gains) + len(losses)
    if gain + loss <= 0:
        return None
    return (loss + (cost * len(paid) - undecided) / decided) / (gain + loss)


def all_above(margins: list[tuple[Maybe, Maybe]]) -> bool | None:
    """Is every first number above the second? None where one is unknown."""
    if any(x is None or y is None for x, y in margins):
        return None
    return all(x > y for x, y in margins)  # type: ignore[operator]


def cleared(with_target: bool | None, against: bool | None) -> dict[str, Any]:
    """Whether a side clears its cost, and which one."""
    side = "with" if with_target else "against" if against else None
    unknown = None in {with_target, against}
    return {"clears_cost": True if side else None if unknown else False, "cost_side": side}
