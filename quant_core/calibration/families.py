"""Which correction finds most at its rate: the experiment behind the choice of the methods that ship.

Put here: what is drawn, in synthetic universes and in simulated markets, and the table of it.
Keep out: p-values (``_universes.py``, ``_lab_families.py``), methods (``_methods.py``), printing (quant_pipelines).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from quant_core.calibration._lab_families import tests_of_market, universe_of
from quant_core.calibration._methods import judged, rates_of_methods
from quant_core.calibration._plan import CalibrationPlan, Task
from quant_core.calibration._universes import Setting, synthetic_universe
from quant_core.errors import ConfigError
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.targets.continuation_n import ContinuationN
from quant_core.worlds import World

RunParts = Callable[[Callable[["Part"], pl.DataFrame], Iterable["Part"]], Iterator[pl.DataFrame]]


@dataclass(frozen=True)
class FamiliesPlan:
    """What is compared, where.

    Attributes:
        spec: gives events, conditions and n_min of the markets, and the rate that methods promise (``fdr``).
        planted, null: worlds with and without a plant; a market of the lab is a path of one of them.
        lengths: bars behind each family.
        n_families: families of a universe.
        planted_shares: of the tests of planted families, fraction; a fifth of the families is planted.
        n_universes: synthetic universes per setting.
        lab_lengths: of markets; long enough for the planted cell to reach n_min.
        n_lab_universes: universes of markets per length; 0 leaves markets out.
        lab_families: markets of such a universe, a fifth of them planted.
        seed: of everything.
    """

    spec: MarketStatsSpec
    planted: tuple[World, ...] = ()
    null: tuple[World, ...] = ()
    lengths: tuple[int, ...] = (1_250, 5_000, 50_000)
    n_families: tuple[int, ...] = (3, 10, 50)
    planted_shares: tuple[float, ...] = (0.0, 0.02, 0.2)
    n_universes: int = 400
    lab_lengths: tuple[int, ...] = (20_000, 50_000)
    n_lab_universes: int = 20
    lab_families: int = 10
    seed: int = 0

    def parts(self) -> list[Part]:
        """Every setting and every market, each with seeds of its own.

        Raises:
            ConfigError: nothing to draw, or no world for the markets.
        """
        if not (self.lengths and self.n_families and self.planted_shares) or self.n_universes < 1:
            raise ConfigError.at(
                "families",
                expected="at least one length, number of families, share and universe",
                found=(self.lengths, self.n_families, self.planted_shares, self.n_universes),
                next_step="Raise the number that is 0.",
            )
        if self.n_lab_universes and not (self.planted and self.null):
            raise ConfigError.at(
                "families",
                expected="worlds with and without a plant",
                found=(len(self.planted), len(self.null)),
                next_step="Name worlds, or set n_lab_universes to 0.",
            )
        return [*self._settings(), *self._markets()]

    def _settings(self) -> list[Part]:
        """Families alone, then universes."""
        alone = [Setting(n, 1, share, planted_families=1.0) for n in self.lengths for share in self.planted_shares]
        universes = [
            Setting(n, k, share) for k in self.n_families for n in self.lengths for share in self.planted_shares
        ]
        scopes = [*(("family", s) for s in alone), *(("universe", s) for s in universes)]
        return [
            Part(scope, self.spec.fdr, self.n_universes, (self.seed, i), setting=setting)
            for i, (scope, setting) in enumerate(scopes)
        ]

    def _markets(self) -> list[Part]:
        """The markets of every universe of the lab: the first fifth of its families are planted."""
        n_planted = max(1, self.lab_families // 5)
        counts = {True: n_planted, False: self.lab_families - n_planted}
        parts: list[Part] = []
        for length in self.lab_lengths if self.n_lab_universes else ():
            for planted, worlds in ((True, self.planted), (False, self.null)):
                n = counts[planted] * self.n_lab_universes
                parts += [
                    Part("market", self.spec.fdr, 1, (self.seed, i), task=task)
                    for i, task in enumerate(self._tasks(worlds, length, n))
                ]
        return parts

    def _tasks(self, worlds: tuple[World, ...], length: int, n: int) -> list[Task]:
        """``n`` markets, the worlds in turn, all with the targets of planted worlds: equal families."""
        plan = CalibrationPlan(self.spec, worlds, seed=self.seed)
        return plan.markets(length, n, tuple(ContinuationN(horizon_bars=h) for h in plan.horizons))


@dataclass(frozen=True)
class Part:
    """Work that one process does at once.

    Attributes:
        scope: ``family`` and ``universe`` of synthetic tests, or ``market``: one family of the lab.
        rate: that the methods promise, fraction.
        n: universes.
        seed: words of it.
        setting: of synthetic universes.
        task: of a market.
    """

    scope: str
    rate: float
    n: int
    seed: tuple[int, ...]
    setting: Setting | None = None
    task: Task | None = None


def measure_part(part: Part) -> pl.DataFrame:
    """What every method does in the part's universes, or the tests of its market."""
    if part.task is not None:
        return tests_of_market(part.task)
    setting = part.setting or Setting(0, 0, 0.0)
    universes = (synthetic_universe(setting, np.random.default_rng((*part.seed, i))) for i in range(part.n))
    where = (setting.split_bars, setting.n_families, setting.planted_share)
    return pl.concat(
        [judged(u, part.rate, part.scope, _place("synthetic", *where, i)) for i, u in enumerate(universes)]
    )


def compare_families(plan: FamiliesPlan, run: RunParts = map) -> pl.DataFrame:
    """One row per scope, source, length, number of families, share of planted tests and method.

    Args:
        plan: what is drawn.
        run: maps a function over parts, in order; ``map``, or that of a process pool.

    Raises:
        ConfigError: the plan is empty.
    """
    parts = plan.parts()
    done = list(zip(parts, run(measure_part, parts), strict=True))
    synthetic = [frame for part, frame in done if part.task is None]
    return rates_of_methods([*synthetic, *_lab_rows(plan, [(p.task, f) for p, f in done if p.task is not None])])


def _lab_rows(plan: FamiliesPlan, markets: list[tuple[Task, pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Every market alone, and the markets of each universe together."""
    for length in plan.lab_lengths if markets else ():
        here = [(task, tests) for task, tests in markets if task.split_bars == length]
        planted = [tests for task, tests in here if task.world.plant is not None]
        null = [tests for task, tests in here if task.world.plant is None]
        for i, (group, share) in enumerate([*((t, 1.0) for t in planted), *((t, 0.0) for t in null)]):
            yield judged(universe_of([group]), plan.spec.fdr, "family", _place("markets", length, 1, share, i))
        n, k = plan.n_lab_universes, plan.lab_families
        for i in range(n):
            universe = universe_of([*planted[i::n], *null[i::n]])
            yield judged(universe, plan.spec.fdr, "universe", _place("markets", length, k, 1.0, i))


def _place(source: str, split_bars: int, n_families: int, planted_share: float, index: int) -> dict[str, object]:
    """Where a universe comes from; of markets a share of 1 says only that some are planted."""
    return {
        "source": source,
        "split_bars": split_bars,
        "n_families": n_families,
        "planted_share": planted_share,
        "index": index,
    }
