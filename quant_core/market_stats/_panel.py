"""The blocks of a spec, evaluated on one symbol's bars.

Put here: event masks, condition states as slot numbers, outcomes per split.
Keep out: counting (``_count.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.bars import Bars
from quant_core.compute import Compute
from quant_core.conditions.contract import Condition
from quant_core.errors import DataContractError
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.targets.contract import Target

ALL = "all"


@dataclass(frozen=True)
class Outcome:
    """A target's outcomes over the bars of one split.

    Attributes:
        value: (L,); 0/1 (int64) for binary, float64 for numeric, bars (int64) for time_to_event; 0 where not valid.
        valid: (L,); the outcome exists and its window ends inside the split.
        observed: (L,); False where a duration is censored.
        tied: (L,); no outcome because the price did not move, window inside the split; None for targets without ties.
    """

    value: NDArray[Any]
    valid: NDArray[np.bool_]
    observed: NDArray[np.bool_]
    tied: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Panel:
    """Everything about the bars that does not depend on the fold.

    Attributes:
        events: (n_events, n_bars); null counts as no event.
        slots: (condition, value) of every slot; slot 0 is (all, all).
        outcomes: per target, its outcomes over all bars.
        trades: what the trades of a target pay; targets that stand for one only, and only where the spec has a cost.
        fixed_codes: slots of the conditions that learn nothing, over all bars.
        compute: limits of threads and memory.
    """

    bars: Bars
    spec: MarketStatsSpec
    events: NDArray[np.bool_]
    slots: tuple[tuple[str, str], ...]
    outcomes: dict[Target, pl.DataFrame]
    trades: dict[Target, pl.DataFrame]
    fixed_codes: dict[Condition, NDArray[np.int64]]
    compute: Compute

    @classmethod
    def of(cls, bars: Bars, spec: MarketStatsSpec, compute: Compute | None = None) -> Panel:
        """Evaluate once what does not depend on the fold."""
        masks = [e.mask(bars).fill_null(value=False).to_numpy() for e in spec.events]
        slots = [(ALL, ALL), *((c.canonical, value) for c in spec.conditions for value in c.values)]
        outcomes = {t: t.outcome(bars) for t in spec.targets}
        trades = {t: t.trade(bars) for t in spec.targets} if spec.cost is not None else {}
        meant = {t: frame for t, frame in trades.items() if frame is not None}
        events = np.stack(masks).astype(np.bool_)
        return cls(bars, spec, events, tuple(slots), outcomes, meant, {}, compute or Compute())

    @property
    def cost_bps(self) -> float | None:
        """Cost of a round trip in this symbol, basis points; None where the spec names none."""
        return None if self.spec.cost is None else self.spec.cost.bps_of(self.bars.symbol)

    @property
    def n_slots(self) -> int:
        """Number of (condition, value) states, (all, all) included."""
        return len(self.slots)

    @property
    def slot_rows(self) -> list[int]:
        """Per slot, the row of ``codes`` that can hold it."""
        return [0, *(i for i, c in enumerate(self.spec.conditions, start=1) for _ in c.values)]

    def codes(self, train: tuple[int, int], stop: int) -> NDArray[np.int64]:
        """(n_conditions + 1, stop): the slot of each bar under each condition; ``n_slots`` where the state is null.

        Bins are learned on the bars of the range ``train`` alone and frozen; labels then use all earlier bars.
        """
        learners = self.bars.slice(*train)
        rows = [np.zeros(stop, dtype=np.int64)]
        offset = 1
        for condition in self.spec.conditions:
            fitted = condition.fit(learners)
            if fitted is not condition:
                rows.append(self._codes_of(fitted, self.bars.head(stop), offset))
            else:
                if condition not in self.fixed_codes:
                    self.fixed_codes[condition] = self._codes_of(condition, self.bars, offset)
                rows.append(self.fixed_codes[condition][:stop])
            offset += len(condition.values)
        return np.stack(rows)

    def _codes_of(self, condition: Condition, seen: Bars, offset: int) -> NDArray[np.int64]:
        """Slots of one condition."""
        labels = condition.labels(seen)
        number = {value: offset + i for i, value in enumerate(condition.values)}
        strange = set(labels.drop_nulls().unique()) - set(number)
        if strange:
            raise DataContractError(
                f"Condition {condition.canonical} gave the label {sorted(strange)[0]!r}, which is not among its values "
                f"{condition.values}. Declare it in values."
            )
        return (
            labels.replace_strict(number, default=self.n_slots, return_dtype=pl.Int64)
            .fill_null(self.n_slots)
            .to_numpy()
        )

    def outcome(self, target: Target, start: int, stop: int) -> Outcome:
        """Outcomes of bars start … stop − 1 that are known at the end of the split.

        A binary or numeric outcome is known when its window ends inside. A duration that runs past the split is
        censored at its last bar; the last bar itself has seen nothing and has no outcome.
        """
        frame = self.outcomes[target].slice(start, stop - start)
        bars_left = np.arange(stop - start)[::-1]
        waits = target.kind == "time_to_event"
        valid = frame["value"].is_not_null().to_numpy() & (bars_left >= (1 if waits else target.horizon))
        numbers = frame["value"].cast(pl.Float64).fill_null(0.0).to_numpy()
        if target.kind != "numeric":
            whole = numbers.astype(np.int64)
            low, high = (0, 1) if target.kind == "binary" else (0, target.horizon)
            if np.any((numbers != whole) | (whole < low) | (whole > high)):
                raise DataContractError(
                    f"Target {target.canonical} is {target.kind}: expected whole values from {low} to {high}, found "
                    f"{numbers.min()} to {numbers.max()}. Correct its kind, its horizon or its outcome."
                )
            numbers = whole
        elif not np.all(np.isfinite(numbers)):
            raise DataContractError(
                f"Target {target.canonical} gave NaN or infinite outcomes: expected null or a number."
            )
        observed = frame["observed"].fill_null(value=True).to_numpy()
        if waits:
            observed, numbers = observed & (numbers <= bars_left), np.minimum(numbers, bars_left)
        tied = frame["tied"].to_numpy() & (bars_left >= target.horizon) if "tied" in frame.columns else None
        return Outcome(numbers, valid, observed, tied)
