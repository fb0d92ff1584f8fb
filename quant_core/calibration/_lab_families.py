"""Families of real tests: simulated markets through the pipeline, one family each.

Put here: p-values, effective sizes and truth of the cells of one market; universes of several.
Keep out: what worlds plant (worlds/), synthetic p-values (``_universes.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from quant_core.calibration._plan import Task
from quant_core.calibration._universes import Universe
from quant_core.market_stats import compute_market_stats


def tests_of_market(task: Task) -> pl.DataFrame:
    """The tests of the training half's binary family: ``p_value``, ``n_eff``, ``is_planted``, ``is_null``.

    Planted is the planted cell over one bar. Null is every test of a world without a plant; in a planted world nearly
    every other cell shares a little of the planted lift and is neither.
    """
    bars = task.world.simulate(2 * task.split_bars, task.seed)
    rows = compute_market_stats(bars, task.spec).filter(
        pl.col("split") == "train", pl.col("target_kind") == "binary", pl.col("q_value").is_not_null()
    )
    first = pl.concat_str("event", "condition", "condition_value", "target", separator=" | ")
    tests = rows.filter(pl.col("hypothesis") == first)
    plant = task.world.plant
    if plant is None:
        planted = pl.lit(value=False)
    else:
        here = {"event": plant.event, "condition": plant.condition, "condition_value": plant.condition_value}
        planted = pl.all_horizontal(
            *(pl.col(name) == value for name, value in here.items()), pl.col("horizon_bars") == 1
        )
    return tests.select("p_value", "n_eff", planted.alias("is_planted"), pl.lit(plant is None).alias("is_null"))


def universe_of(markets: Sequence[pl.DataFrame]) -> Universe:
    """Several markets as one universe, a family each.

    >>> one = pl.DataFrame({"p_value": [0.5], "n_eff": [9.0], "is_planted": [False], "is_null": [True]})
    >>> universe_of([one, one]).families.tolist()
    [0, 1]
    """
    tests = pl.concat(markets)
    families = np.repeat(np.arange(len(markets)), [m.height for m in markets])
    p_values, n_eff, planted, null = (tests[name].to_numpy() for name in ("p_value", "n_eff", "is_planted", "is_null"))
    return Universe(p_values, n_eff, families, planted, null)
