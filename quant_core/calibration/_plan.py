"""What a calibration simulates: worlds, horizons, how many and how long.

Put here: the plan, its tasks and the spec each world is evaluated with.
Keep out: counting (``_null.py``, ``_planted.py``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from quant_core.calibration._event_rates import EventRates, event_rates
from quant_core.calibration._waiting_times import WaitingTimes, waiting_times
from quant_core.conditions import CONDITIONS
from quant_core.costs.settings import CostSpec
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
from quant_core.timeframes import Timeframe
from quant_core.worlds import World

_SHORTEST_TOUCH = 5
_FEWEST_PATHS = 5
_USUAL_BARS, _USUAL_PLANTED_BARS = 5_000, 20_000
"""Splits up to this are simulated the full number of times, longer ones in proportion less often."""
_FEWEST_SIMULATIONS = 10
_DAILY_BARS = 2_500
"""Ten years of days: splits up to this stand for daily bars and are judged by the least n of D1."""


@dataclass(frozen=True)
class Task:
    """One world to simulate and count.

    Attributes:
        split_bars: bars of the training half and of the test half each.
        index: number of the simulation, 0, 1, …, the same for every world.
        horizons: bars ahead of seasonal profiles.
        waiting: true waiting times of the world's events; empty in planted worlds.
        rates: true rates after the world's events where direction is no fair coin; empty where it is.
    """

    world: World
    spec: MarketStatsSpec
    split_bars: int
    seed: int
    index: int
    horizons: tuple[int, ...]
    waiting: WaitingTimes = field(default_factory=dict[tuple[str, str], tuple[float, float]])
    rates: EventRates = field(default_factory=dict[tuple[str, str], float])


@dataclass(frozen=True)
class CalibrationPlan:
    """Worlds that go through the pipeline with the events, conditions, levels and minimum sizes of a research spec.

    Attributes:
        spec: gives events, conditions, confidence, fdr, power and n_min; its targets and folds are replaced.
        worlds: what is simulated.
        horizons: bars ahead.
        n_worlds: simulations per world without a plant and length up to 5,000 bars; of longer ones fewer in proportion,
            but at least 10 where this allows.
        n_planted: the same per world with a plant and length up to 20,000 bars.
        lengths: bars of the training half, and of the test half, of worlds without a plant.
        planted_lengths: of worlds with one; longer, so that the planted cell reaches n_min.
        cost_bps: of a round trip in a world without a plant, where every claim to clear it is false.
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
    lengths: tuple[int, ...] = (5_000,)
    planted_lengths: tuple[int, ...] = (20_000,)
    cost_bps: float = 0.5
    n_resamples: int = 199
    n_waiting_paths: int = 50
    seed: int = 0

    def tasks(self) -> list[Task]:
        """Every simulation, worlds interleaved, so that progress shows all of them.

        Raises:
            ConfigError: no world, no horizon, no simulation, or no length or one that is not positive or named twice.
        """
        if not (self.worlds and self.horizons and min(self.n_worlds, self.n_planted) > 0):
            raise ConfigError.at(
                "calibration",
                expected="at least one world, one horizon and one simulation of each kind",
                found=(len(self.worlds), self.horizons, self.n_worlds, self.n_planted),
                next_step="Raise the number that is 0.",
            )
        for name, lengths in (("lengths", self.lengths), ("planted_lengths", self.planted_lengths)):
            if not lengths or min(lengths) < 1 or len(set(lengths)) < len(lengths):
                raise ConfigError.at(
                    f"calibration.{name}",
                    expected="different positive numbers of bars",
                    found=lengths,
                    next_step="Correct them.",
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
        specs = {n: self._spec(world, n, targets, CostSpec(self.cost_bps)) for n in self.lengths}
        events = specs[self.lengths[0]].events
        n_paths = min(self.n_waiting_paths, max(self.n_worlds, _FEWEST_PATHS))
        waiting = waiting_times(world, events, waits, n_paths)
        unfair = () if world.fair_horizon is None else tuple(t for t in targets if t.kind == "binary")
        rates = event_rates(world, events, unfair, n_paths)
        return [
            Task(world, spec, n, self._seed_of(world, n, i), i, self.horizons, waiting, rates)
            for n, spec in specs.items()
            for i in range(_simulations(self.n_worlds, n, _USUAL_BARS))
        ]

    def _planted_tasks(self, world: World) -> list[Task]:
        """Simulations of a planted world: the spec's binary family, with the planted event and condition in it."""
        means = (ForwardReturnN(horizon_bars=1),) if world.trade_cost_bps is not None else ()
        targets: tuple[Target, ...] = (*(ContinuationN(horizon_bars=h) for h in self.horizons), *means)
        cost = None if world.trade_cost_bps is None else CostSpec(world.trade_cost_bps)
        specs = {n: self._spec(world, n, targets, cost) for n in self.planted_lengths}
        return [
            Task(world, _with_plant(spec, world), n, self._seed_of(world, n, i), i, self.horizons)
            for n, spec in specs.items()
            for i in range(_simulations(self.n_planted, n, _USUAL_PLANTED_BARS))
        ]

    def markets(self, split_bars: int, n: int, targets: tuple[Target, ...]) -> list[Task]:
        """``n`` simulations of one length, the worlds in turn, each with these targets and the plant it may have."""
        specs = [_with_plant(self._spec(world, split_bars, targets, None), world) for world in self.worlds]
        kinds = len(self.worlds)
        return [
            Task(
                self.worlds[i % kinds],
                specs[i % kinds],
                split_bars,
                self._seed_of(self.worlds[i % kinds], split_bars, i // kinds),
                i // kinds,
                self.horizons,
            )
            for i in range(n)
        ]

    def _spec(
        self, world: World, split_bars: int, targets: tuple[Target, ...], cost: CostSpec | None
    ) -> MarketStatsSpec:
        """The research spec of the world's timeframe with other targets and one fold of two halves.

        Conditions with so many states that not even all bars of a half would fill them to n_min are left out: their
        cells would all be insufficient.
        """
        here = self.spec.at(world.simulate(1, 0).timeframe)
        n_min = min(here.n_min, self.spec.at(Timeframe.D1).n_min) if split_bars <= _DAILY_BARS else here.n_min
        return replace(
            here,
            n_min=n_min,
            conditions=tuple(c for c in here.conditions if len(c.values) * n_min <= split_bars),
            targets=targets,
            splitter=SingleSplit(train_fraction=0.5),
            n_resamples=self.n_resamples,
            cost=cost,
        )

    def _seed_of(self, world: World, split_bars: int, index: int) -> int:
        """A seed of its own for every simulation: under 2^32, so it never meets those of long simulations."""
        name = f"{self.seed}|{first_spelling(world)}|{split_bars}|{index}"
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")


def _simulations(n: int, split_bars: int, usual_bars: int) -> int:
    """How often a length is simulated.

    >>> [_simulations(200, bars, 5_000) for bars in (1_250, 5_000, 50_000)], _simulations(4, 50_000, 5_000)
    ([200, 200, 20], 4)
    """
    return min(n, max(_FEWEST_SIMULATIONS, n * usual_bars // split_bars))


def _with_plant(spec: MarketStatsSpec, world: World) -> MarketStatsSpec:
    """The spec with the world's planted event and condition in it, each once."""
    if world.plant is None:
        return spec
    event, condition = parse_block(EVENTS, world.plant.event), parse_block(CONDITIONS, world.plant.condition)
    return replace(
        spec,
        events=(*(e for e in spec.events if e != event), event),
        conditions=(*(c for c in spec.conditions if c != condition), condition),
    )
