"""Where the leak audit cuts: at random, and where code that looks ahead tends to show it.

Put here: instants to cut at, drawn at random or taken from the bars.
Keep out: cutting and comparing (audit.py).

A leak into the next bar shows only at the cut right after the leaking bar. Random cuts find what happens often; code
that goes wrong in the few weeks in which two clocks disagree, at a hole or on a violent day is found by cutting there.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from quant_core.bars import Bars

CLOCKS = ("America/New_York", "Europe/London")
"""Clocks whose changes are cut at, beside that of the calendar: weeks in which they disagree are where code errs."""


def random_cuts(known_at: pl.Series, n_cuts: int, seed: int) -> list[datetime]:
    """Draw instants at which something became known, without replacement, never the last one.

    A leak into the next bar shows only at a cut right after the leaking bar: one that touches a share s of the bars
    is caught by n cuts with probability 1 - (1 - s)^n. Pass every instant as a cut to be certain.

    >>> days = pl.Series([datetime(2024, 1, d) for d in (1, 2, 3)])
    >>> sorted(random_cuts(days, 5, seed=0))
    [datetime.datetime(2024, 1, 1, 0, 0), datetime.datetime(2024, 1, 2, 0, 0)]
    """
    instants = known_at.unique().sort()[:-1]
    generator = np.random.default_rng(seed)
    picked = generator.choice(instants.len(), size=min(n_cuts, instants.len()), replace=False)
    return instants.gather(np.sort(picked)).to_list()


def cuts_of(bars: Bars, n_cuts: int, seed: int) -> list[datetime]:
    """``n_cuts`` random cuts and those of ``telling_cuts``, in order, each once.

    >>> bars = Bars.of(close=[1.0, 1.0, 2.0, 2.0, 2.0])
    >>> [cut.hour for cut in cuts_of(bars, 1, seed=3)]
    [2, 4]
    """
    random = random_cuts(bars.frame["ts_close"], n_cuts, seed)
    return sorted({*random, *telling_cuts(bars, n_cuts, seed)})


def telling_cuts(bars: Bars, n_cuts: int, seed: int) -> list[datetime]:
    """Closes before the largest moves, on both sides of the longest gaps, and through a day after clock changes.

    Moves: before the n_cuts / 4 largest rises and falls of a close, at least one of each. Gaps: before and after the
    n_cuts / 4 longest stretches without a bar. Clocks: for every combination of the offsets that the clocks of the
    calendar, New York and London take in these bars, one of its beginnings, drawn by the seed: the last close before
    it, and the first one in every hour of the 25 hours from its first bar. None where the offsets never change.

    Example, by hand: the third close is twice the second, nothing falls, and no bar is missing.

    >>> bars = Bars.of(close=[1.0, 1.0, 2.0, 2.0, 2.0])
    >>> [cut.hour for cut in telling_cuts(bars, 4, seed=0)]
    [2]
    """
    n = max(n_cuts // 4, 1)
    found = [*_before_moves(bars.frame, n), *_around_gaps(bars.frame, n), *_after_clock_changes(bars, seed)]
    last = bars.frame["ts_close"].max()
    return sorted({cut for cut in found if cut != last})


def _before_moves(frame: pl.DataFrame, n: int) -> list[datetime]:
    """The closes before the n largest rises and the n largest falls, relative to the size of the price."""
    close, before = pl.col("close"), pl.col("close").shift(1)
    move = pl.when(before != 0).then((close - before) / before.abs())
    moves = frame.select(pl.col("ts_close").shift(1).alias("cut"), move=move).drop_nulls()
    rises = moves.filter(pl.col("move") > 0).sort("move", descending=True, maintain_order=True).head(n)
    falls = moves.filter(pl.col("move") < 0).sort("move", maintain_order=True).head(n)
    return [*rises["cut"], *falls["cut"]]


def _around_gaps(frame: pl.DataFrame, n: int) -> list[datetime]:
    """The closes before and after the n longest stretches between a close and the next open."""
    gap = pl.col("ts") - pl.col("ts_close").shift(1)
    gaps = frame.select("ts_close", before=pl.col("ts_close").shift(1), gap=gap.dt.total_seconds())
    longest = gaps.filter(pl.col("gap") > 0).sort("gap", descending=True, maintain_order=True).head(n)
    return [*longest["before"], *longest["ts_close"]]


def _after_clock_changes(bars: Bars, seed: int) -> list[datetime]:
    """One day of every combination of clock offsets."""
    zones = sorted({bars.calendar.zone, *CLOCKS})
    local = [pl.col("ts").dt.convert_time_zone(zone) for zone in zones]
    offset = [(here.dt.base_utc_offset() + here.dt.dst_offset()).dt.total_seconds() for here in local]
    state = bars.frame.select(pl.concat_list(offset).alias("state"))["state"].cast(pl.List(pl.String)).list.join("|")
    begins = state.to_frame("state").with_row_index("row").filter(pl.col("state") != pl.col("state").shift(1))
    if begins.is_empty():
        return []
    first = pl.DataFrame({"row": [0], "state": [state[0]]}, schema=begins.schema)
    # The first bar begins nothing: its combination is cut there only where the data hold no beginning of it.
    begins = pl.concat([begins, first.join(begins, on="state", how="anti")])
    generator = np.random.default_rng(seed)
    cuts: list[datetime] = []
    for _, rows in begins.sort("row").group_by("state", maintain_order=True):
        row = int(generator.choice(rows["row"].to_numpy()))
        cuts += bars.frame["ts_close"].slice(max(row - 1, 0), 2).to_list()
        cuts += _hours(bars.frame.slice(row))
    return cuts


def _hours(frame: pl.DataFrame) -> list[datetime]:
    """The first close in every hour of the 25 hours from the first bar: one lies in any hour that a clock is off."""
    day = frame.filter(pl.col("ts_close") <= pl.col("ts").first().dt.offset_by("25h"))
    hour = pl.col("ts_close").dt.truncate("1h")
    return day.filter(hour.is_first_distinct())["ts_close"].to_list()
