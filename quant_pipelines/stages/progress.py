"""Progress: lines in a log while many things are worked on, ``12/400 keys, 3.1 s, 101 s to go``.

Put here: when a line is due and how it reads, so that the terminal can follow any of them.
Keep out: who works on what.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

PROGRESS_LINE = re.compile(r"^(\d+)/(\d+) [a-z]+, ")
"""How a progress line starts: done, to do. The terminal reads its progress bar from it."""


class Progress:
    """Counts what is done and writes a line every few seconds and at the end.

    Args:
        log: receives the lines.
        n_total: how many there are.
        unit: what is counted, plural.
        every_s: least time between two lines, in seconds.

    >>> progress = Progress(lambda line: print(line.split(",")[0]), 2, "keys", every_s=0.0)
    >>> progress.step(), progress.step()
    1/2 keys
    2/2 keys
    (None, None)
    """

    def __init__(self, log: Callable[[str], object], n_total: int, unit: str, *, every_s: float = 1.0) -> None:
        self._log, self._n_total, self._unit, self._every_s = log, n_total, unit, every_s
        self._n_done = 0
        self._start = self._last = time.monotonic()

    def step(self, text: str = "") -> None:
        """Count one; ``text`` says what came of all of them so far."""
        self._n_done += 1
        now = time.monotonic()
        if now - self._last < self._every_s and self._n_done < self._n_total:
            return
        self._last = now
        elapsed = now - self._start
        left = elapsed / self._n_done * (self._n_total - self._n_done)
        line = f"{self._n_done}/{self._n_total} {self._unit}, {elapsed:.1f} s, {left:.0f} s to go"
        self._log(f"{line}; {text}" if text else line)
