"""The calibration lab: simulated worlds go through the real pipeline, and its errors are counted.

Put here: the order of work.
Keep out: worlds (worlds/), what is simulated (``_plan.py``), what is counted (``_null.py``, ``_planted.py``,
``_power.py``), rates with their Monte Carlo error (``_rates.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import polars as pl

from quant_core.calibration._null import count_null_world
from quant_core.calibration._plan import CalibrationPlan, Task
from quant_core.calibration._planted import count_planted_world
from quant_core.calibration._rates import rates_of
from quant_core.tables import TABLES

__all__ = ["CalibrationPlan", "Task", "calibrate", "measure"]

RunTasks = Callable[[Callable[[Task], pl.DataFrame], Iterable[Task]], Iterator[pl.DataFrame]]


def measure(task: Task) -> pl.DataFrame:
    """Simulate one world, send it through the pipeline and count its hits and trials."""
    bars = task.world.simulate(2 * task.split_bars, task.seed)
    counts = count_null_world(task, bars) if task.world.plant is None else count_planted_world(task, bars)
    place = {"split_bars": task.split_bars, "index": task.index}
    return counts.with_columns(pl.lit(value, dtype=pl.Int64).alias(name) for name, value in place.items())


def calibrate(plan: CalibrationPlan, run: RunTasks = map) -> pl.DataFrame:
    """The table ``calibration`` of a plan.

    Every task has a seed of its own, made of the plan's seed, the world and the task's number, so the result does not
    depend on who runs which task, or when.

    Args:
        plan: worlds, horizons, sizes and seed.
        run: maps a function over tasks, in any order; ``map``, or that of a process pool.

    Raises:
        ConfigError: the plan is empty, or a world cannot be simulated at its length.
    """
    counts = pl.concat(list(run(measure, plan.tasks())))
    table = TABLES["calibration"]
    rates = table.arranged(rates_of(counts)).sort(table.order)
    return table.validate(rates, where=f"seed {plan.seed}")
