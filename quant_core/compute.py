"""The share of the machine that a computation may take: threads and working memory.

Put here: the limits, and how compiled loops are held to them.
Keep out: anything that a result depends on: results are equal for any limits.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from numba import config, get_num_threads, set_num_threads

from quant_core.errors import ConfigError


@dataclass(frozen=True)
class Compute:
    """Limits of one computation; no part of any id, because results do not depend on them.

    Attributes:
        threads: of the compiled loops; None = all that numba was started with; more than those count as all.
        memory_mb: for copies of outcomes grouped by state, in MB, ≥ 1; one condition at a time is the least.

    >>> Compute(threads=1).n_threads
    1
    """

    threads: int | None = None
    memory_mb: int = 256

    def __post_init__(self) -> None:
        for name, value in (("threads", self.threads), ("memory_mb", self.memory_mb)):
            if value is not None and value < 1:
                raise ConfigError.at(f"compute.{name}", expected="1 or more", found=value, next_step="Raise it.")

    @property
    def n_threads(self) -> int:
        """Threads to use, at most those numba was started with."""
        return min(self.threads or available_threads(), available_threads())

    @contextmanager
    def limit(self) -> Generator[None]:
        """Hold the compiled loops of this Python thread to the number of threads.

        >>> with Compute(threads=1).limit():
        ...     get_num_threads()
        1
        """
        before = get_num_threads()
        set_num_threads(self.n_threads)
        try:
            yield
        finally:
            set_num_threads(before)


def available_threads() -> int:
    """Threads numba was started with."""
    return int(config.NUMBA_NUM_THREADS)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
