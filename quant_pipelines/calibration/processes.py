"""Simulations in processes: how the lab's experiments are run, with progress.

Put here: mapping over tasks in this process or in several.
Keep out: which experiments there are (calibration_run.py, families_run.py), what they measure (quant_core.calibration).
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import polars as pl

from quant_pipelines.stages.progress import Progress

_PROGRESS_EVERY_S = 10.0


def run_in_processes(
    experiment: Callable[[Callable[..., Iterator[pl.DataFrame]]], pl.DataFrame],
    n_workers: int,
    log: Callable[[str], object],
    unit: str,
) -> pl.DataFrame:
    """An experiment whose tasks are mapped in ``n_workers`` processes; the result is the same for any number.

    Args:
        experiment: takes what maps a function over tasks, and returns its table.
        n_workers: processes, at least 1; 1: this one.
        log: where progress lines go.
        unit: what tasks are called there.
    """
    if n_workers == 1:
        return experiment(partial(_with_progress, map, log, unit))
    # Spawned, not forked: a fork copies locks that the threads of Polars may hold.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, mp_context=context) as pool:
        return experiment(partial(_with_progress, pool.map, log, unit))


def _with_progress(
    run: Callable[..., Iterable[pl.DataFrame]],
    log: Callable[[str], object],
    unit: str,
    measure: Callable[[Any], pl.DataFrame],
    tasks: Iterable[Any],
) -> Iterator[pl.DataFrame]:
    """The results in order, with a line in the log every few seconds and at the end."""
    waiting = list(tasks)
    progress = Progress(log, len(waiting), unit, every_s=_PROGRESS_EVERY_S)
    for result in run(measure, waiting):
        progress.step()
        yield result
