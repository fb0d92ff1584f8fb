"""The table ``market_stats`` from bars and a research file alone: which bars, and every column of every cell.

Put here: splits, the bars of every cell, and its counted and estimated columns.
Keep out: families and verdicts (families_by_hand.py), costs (costs_by_hand.py); anything of quant_core.
"""

from __future__ import annotations

import calendar
import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.recount.bootstrap_by_hand import mean_bounds, seed_of
from tests.recount.comparison import complete
from tests.recount.costs_by_hand import cost_of, costs
from tests.recount.families_by_hand import Question, judge, replicate
from tests.recount.inference_by_hand import Cell, block_bars, jeffreys, wilson
from tests.recount.outcomes_by_hand import CONDITIONS, EVENTS, TARGETS, Outcomes, Prices, linear_quantile
from tests.recount.survival_by_hand import kaplan_meier

Row = dict[str, Any]


@dataclass(frozen=True)
class Stretch:
    """Bars start … stop − 1, with the state of each under every condition, bins learned on the training bars."""

    train: tuple[int, int]
    start: int
    stop: int

    def left(self, t: int) -> int:
        return self.stop - 1 - t


@dataclass(frozen=True)
class Split:
    fold: int
    name: str
    stretches: list[Stretch]


def later_month(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def splits(day: list[date], rule: dict[str, Any]) -> list[Split]:
    """Train and test of every fold, and the tests pooled."""

    def position(at: date) -> int:
        return sum(d < at for d in day)

    embargo, found = timedelta(days=rule.get("embargo_days", 0)), []
    if "train_fraction" in rule:
        boundary = day[int(len(day) * rule["train_fraction"])]
        found = [((0, position(boundary)), (position(boundary + embargo), len(day)))]
    else:
        for i in range(rule["n_folds"]):
            begin, end = (later_month(day[0], i * rule["test_months"] + m) for m in (0, rule["train_months"]))
            after = later_month(day[0], rule["train_months"] + (i + 1) * rule["test_months"])
            found.append(((position(begin), position(end)), (position(end + embargo), position(after + embargo))))
    each = [
        Split(i, name, [Stretch(train, *span)])
        for i, (train, test) in enumerate(found)
        for name, span in (("train", train), ("test", test))
    ]
    return [*each, Split(-1, "oos_pooled", [Stretch(train, *test) for train, test in found])]


@dataclass(frozen=True)
class Seen:
    """The outcome of a target at a bar, as far as its split shows it."""

    stretch: int
    t: int
    y: float
    ended: bool


def seen_outcomes(split: Split, outcomes: Outcomes) -> list[Seen]:
    """Outcomes whose window ends inside the split; durations are cut at its end."""
    found = []
    for i, s in enumerate(split.stretches):
        for t in range(s.start, s.stop):
            y, left = outcomes.value[t], s.left(t)
            if y is None:
                continue
            if outcomes.kind == "time_to_event":
                if left >= 1:
                    found.append(Seen(i, t, min(y, left), outcomes.observed[t] and y <= left))
            elif left >= outcomes.horizon:
                found.append(Seen(i, t, y, ended=True))
    return found


def by_block(split: Split, horizon: int, seen: list[Seen]) -> list[list[float]]:
    """Outcomes per time block; blocks begin anew in every stretch."""
    size = block_bars(horizon)
    blocks: list[list[list[float]]] = [
        [[] for _ in range(math.ceil((s.stop - s.start) / size))] for s in split.stretches
    ]
    for x in seen:
        blocks[x.stretch][(x.t - split.stretches[x.stretch].start) // size].append(x.y)
    return [b for stretch in blocks for b in stretch]


def market_stats(bars: list[Row], research: Row, symbol: str, timeframe: str) -> list[Row]:
    """Every row of the table for one key."""
    prices, settings = Prices.of(bars, timeframe), research["market_stats"]
    folds = research["folds"]
    rule = folds["by_timeframe"].get(timeframe, folds)
    n_min = settings["n_min"].get(timeframe, settings["n_min"]["default"])
    outcomes = {target: compute(prices) for target, compute in TARGETS.items()}
    rows: list[Row] = []
    for split in splits(prices.day, rule):
        first, last = split.stretches[0].start, split.stretches[-1].stop - 1
        place = {"symbol": symbol, "timeframe": timeframe, "fold": split.fold, "split": split.name}
        place |= {"split_start": bars[first]["ts"], "split_end": bars[last]["ts_close"]}
        cells = cells_of_split(prices, split)
        questions = [
            question
            for target, outcome in outcomes.items()
            for question in target_rows(place, cells, split, (target, outcome), research)
        ]
        rows += judge(questions, settings, n_min)
    return complete(replicate(rows))


def cells_of_split(prices: Prices, split: Split) -> dict[tuple[str, str, str], set[int]]:
    """The bars of every event in every state, whatever follows them."""
    everywhere = [t for s in split.stretches for t in range(s.start, s.stop)]
    states: dict[tuple[str, str], set[int]] = {("all", "all"): set(everywhere)}
    for name, condition in CONDITIONS.items():
        of_bar = {}
        for s in split.stretches:
            labels = condition.labels(prices, s.train, s.stop)
            of_bar.update({t: labels[t] for t in range(s.start, s.stop)})
        states |= {(name, v): {t for t in everywhere if of_bar[t] == v} for v in condition.states}
    events = {name: {t for t in everywhere if happens(prices, t)} for name, (_, happens) in EVENTS.items()}
    return {(e, *state): on & at for e, on in events.items() for state, at in states.items()}


def target_rows(
    place: Row, cells: dict[tuple[str, str, str], set[int]], split: Split, named: tuple[str, Outcomes], research: Row
) -> list[Question]:
    """The cells of one target in one split, before they are judged."""
    target, outcome = named
    seen = seen_outcomes(split, outcome)
    everything = by_block(split, outcome.horizon, seen)
    confidence = research["market_stats"]["confidence"]
    found = []
    for (event, condition, value), bars in cells.items():
        inside = [x for x in seen if x.t in bars]
        window = {(x.stretch, x.t + j) for x in inside for j in range(1, outcome.horizon + 1)}
        cell = Cell(by_block(split, outcome.horizon, inside), everything, len(window), outcome.horizon)
        row = place | {
            "event": event,
            "condition": condition,
            "condition_value": value,
            "target": target,
            "target_kind": outcome.kind,
            "horizon_bars": outcome.horizon,
            "n": cell.n,
            "n_eff": cell.n_eff() if cell.n else None,
            "n_blocks": cell.n_blocks,
            "n_all": cell.n_all,
        }
        row |= tie_share(outcome, split, bars, cell.n)
        if outcome.kind == "binary":
            row |= rates(cell, confidence)
        elif outcome.kind == "numeric":
            row |= numbers(cell, outcome, row, research)
        else:
            row |= kaplan_meier(inside, max((x.y for x in seen), default=0.0), row["n_eff"], confidence)
        row |= costs(row, cell, outcome, split, bars, cost_of(research, place["symbol"]), confidence)
        found.append(Question(row, cell, frozenset(x.t for x in inside), seen, is_geometric=outcome.is_geometric))
    return found


def tie_share(outcome: Outcomes, split: Split, bars: set[int], n: int) -> Row:
    """Ties among the event bars with a complete window."""
    if outcome.tied is None:
        return {"tie_share": None}
    inside = (t for s in split.stretches for t in range(s.start, s.stop - outcome.horizon))
    ties = sum(outcome.tied[t] for t in inside if t in bars)
    return {"tie_share": ties / (ties + n) if ties + n else None}


def rates(cell: Cell, confidence: float) -> Row:
    """Columns of a binary target."""
    row: Row = {"baseline": cell.baseline if cell.n_all else None, "successes": round(sum(cell.values))}
    if not cell.n:
        return row
    low, high = wilson(cell.mean, cell.n_eff(), confidence)
    posterior = jeffreys(cell.mean, cell.n_eff(), confidence)
    lifts = {"lift_freq": cell.mean - cell.baseline, "lift_bayes": posterior["p_mean"] - cell.baseline}
    return row | {"p_hat": cell.mean, "ci_low": low, "ci_high": high} | posterior | lifts


def numbers(cell: Cell, outcome: Outcomes, row: Row, research: Row) -> Row:
    """Columns of a numeric target; the bootstrap's seed is the cell's place under the names first given to blocks."""
    found: Row = {"baseline_mean": cell.baseline if cell.n_all else None}
    if not cell.n:
        return found
    condition = row["condition"] if row["condition"] == "all" else CONDITIONS[row["condition"]].first_spelling
    place = [row[name] for name in ("symbol", "timeframe", "fold", "split")]
    names = (EVENTS[row["event"]][0], condition, row["condition_value"], outcome.first_spelling)
    seed = seed_of(research["seed"], *place, *names)
    settings = research["market_stats"]
    low, high = mean_bounds(cell.values, cell.unique, seed, settings["confidence"], settings["n_resamples"])
    ordered = sorted(cell.values)
    quartiles = {name: linear_quantile(ordered, q) for name, q in (("q25", 0.25), ("median", 0.5), ("q75", 0.75))}
    means = {"mean": cell.mean, "mean_ci_low": low, "mean_ci_high": high, "lift_mean": cell.mean - cell.baseline}
    return found | quartiles | means
