"""What a calibration simulates: worlds, horizons, how many and how long.

Put here: the plan, its tasks and the spec each world is evaluated with.
Keep out: counting (``_null.py``, ``_planted.py``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from quant_core.calibration._waiting_times import WaitingTimes, waiting_times
from quant_core.conditions import CONDITIONS
from quant_core.errors import ConfigError
from quant_core.events import EVENTS
from quant_core.grammar import parse_block
from quant_core.market_stats.settings import MarketStatsSpec
from quant_core.renames import first_spelling
from quant_core.splitters.single_split import SingleSplit
from quant_core.targets.continuation_n import ContinuationN
from quant_core.targets.contract import Target
from quant_core.targets.forward_return_n import ForwardReturnN
from quant_core.targets.time_to_touch import TimeToTouch
from quant_core.targets.touch_up_before_down import TouchUpBeforeDown
from quant_core.worlds import World

_SHORTEST_TOUCH = 5
_FEWEST_PATHS = 5


@dataclass(frozen=True)
class Task:
    """One world to simulate and count.

    Attributes:
        index: number of the simulation, 0, 1, …, the same for every world.
        horizons: bars ahead of seasonal profiles.
        waiting: true waiting times of the world's events; empty in planted worlds.
    """

    world: World
    spec: MarketStatsSpec
    n_bars: int
    seed: int
    index: int
    horizons: tuple[int, ...]
    waiting: WaitingTimes = field(default_factory=dict[tuple[str, str], tuple[float, float]])


@dataclass(frozen=True)
class CalibrationPlan:
    """Worlds that go through the pipeline with the events, conditions, levels and minimum sizes of a research spec.

    Attributes:
        spec: gives events, conditions, confidence, fdr, power and n_min; its targets and folds are replaced.
        worlds: what is simulated.
        horizons: bars ahead.
        n_worlds: simulations per world without a plant.
        n_planted: simulations per world with a plant.
        n_bars: of a world without a plant; the first half trains, the second tests.
        n_planted_bars: of a world with one; longer, so that the planted cell reaches n_min.
        n_resamples: bootstrap repetitions per numeric cell.
        n_waiting_paths: paths of 20,000 bars that the true waiting times come from: at most as many as simulations, but
            at least 5; 0: waiting times are not checked.
        seed: of everything.
    """

    spec: MarketStatsSpec
    worlds: tuple[World, ...]
    horizons: tuple[int, ...] = (1, 5, 20, 60)
    n_worlds: int = 200
    n_planted: int = 100
    n_bars: int = 10_000
    n_planted_bars: int = 40_000
    n_resamples: int = 199
    n_waiting_paths: int = 50
    seed: int = 0

    def tasks(self) -> list[Task]:
        """Every simulation, worlds interleaved, so that progress shows all of them.

        Raises:
            ConfigError: no world, no horizon, or no simulation.
        """
        if not (self.worlds and self.horizons and min(self.n_worlds, self.n_planted) > 0):
            raise ConfigError.at(
                "calibration",
                expected="at least one world, one horizon and one simulation of each kind",
                found=(len(self.worlds), self.horizons, self.n_worlds, self.n_planted),
                next_step="Raise the number that is 0.",
            )
        tasks: list[Task] = []
        for world in self.worlds:
            tasks += self._null_tasks(world) if world.plant is None else self._planted_tasks(world)
        return sorted(tasks, key=lambda task: task.index)

    def _null_tasks(self, world: World) -> list[Task]:
        """Simulations of a world without a plant: the spec's events and conditions, every kind of target."""
        short, long = self.horizons, [h for h in self.horizons if h >= _SHORTEST_TOUCH]
        waits = tuple(TimeToTouch(horizon_bars=h) for h in long) if self.n_waiting_paths else ()
        targets: tuple[Target, ...] = (
            *(ContinuationN(horizon_bars=h) for h in short),
            *(TouchUpBeforeDown(horizon_bars=h) for h in long),
            *(ForwardReturnN(horizon_bars=h) for h in short),
            *waits,
        )
        spec = self._spec(world, self.n_bars, targets)
        n_paths = min(self.n_waiting_paths, max(self.n_worlds, _FEWEST_PATHS))
        waiting = waiting_times(world, spec.events, waits, n_paths)
        return [
            Task(world, spec, self.n_bars, self._seed_of(world, i), i, self.horizons, waiting)
            for i in range(self.n_worlds)
        ]

    def _planted_tasks(self, world: World) -> list[Task]:
        """Simulations of a planted world: the spec's binary family, with the planted event and condition in it."""
        means = (ForwardReturnN(horizon_bars=1),) if world.trade_cost_bps is not None else ()
        targets: tuple[Target, ...] = (*(ContinuationN(horizon_bars=h) for h in self.horizons), *means)
        spec = self._spec(world, self.n_planted_bars, targets)
        if plant := world.plant:
            event, condition = parse_block(EVENTS, plant.event), parse_block(CONDITIONS, plant.condition)
            spec = replace(
                spec,
                events=(*(e for e in spec.events if e != event), event),
                conditions=(*(c for c in spec.conditions if c != condition), condition),
            )
        return [
            Task(world, spec, self.n_planted_bars, self._seed_of(world, i), i, self.horizons)
            for i in range(self.n_planted)
        ]

    def _spec(self, world: World, n_bars: int, targets: tuple[Target, ...]) -> MarketStatsSpec:
        """The research spec of the world's timeframe with other targets and one fold of two halves.

        Conditions with so many states that not even all bars of a half would fill them to n_min are left out: their
        cells would all be insufficient.
        """
        here = self.spec.at(world.simulate(1, 0).timeframe)
        return replace(
            here,
            conditions=tuple(c for c in here.conditions if len(c.values) * here.n_min <= n_bars / 2),
            targets=targets,
            splitter=SingleSplit(train_fraction=0.5),
            n_resamples=self.n_resamples,
            cost=None,
        )

    def _seed_of(self, world: World, index: int) -> int:
        """A seed of its own for every simulation: under 2^32, so it never meets those of long simulations."""
        name = f"{self.seed}|{first_spelling(world)}|{index}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
