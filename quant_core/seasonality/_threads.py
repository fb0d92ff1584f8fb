"""Sharing the items of a profile among threads.

Put here: how many threads a piece of work is worth.
Keep out: the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_BARS_WORTH_A_THREAD = 50_000
"""Starting threads costs 0.1 to 1 ms; one item over so many bars takes about as long."""


def in_threads(function: Callable[[Item], Result], items: Sequence[Item], n_threads: int, n_bars: int) -> list[Result]:
    """The results in the order of the items; no result depends on the number of threads.

    Args:
        function: what to do with one item.
        items: what to work on.
        n_threads: at most; short histories take one.
        n_bars: that the work on one item walks over.

    >>> in_threads(abs, [-1, 2], n_threads=2, n_bars=10)
    [1, 2]
    """
    if n_threads == 1 or len(items) < 2 or n_bars < _BARS_WORTH_A_THREAD:
        return [function(item) for item in items]
    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(function, items))
