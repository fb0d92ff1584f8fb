"""Progress of a delivery: the watermark, how it advances, and where the next call starts again.

Put here: the watermark's content and its rules.
Keep out: statements (query.py) and reading (read.py).
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_core.errors import SourceError


@dataclass(frozen=True)
class Progress:
    """Where a series stands; JSON-able, stored by the raw store after each delivery.

    Attributes:
        identity: hash of everything that decides which rows exist and how they are numbered; another identity
            makes the watermark void, and the series is read from its start again.
        last_key: last key delivered; None = nothing yet.
        overlap_key, overlap_row: where the next call starts again, and the row number there. Rows keep their number
            when they are read again, so equal numbers can be compared.
        n_unreadable_head: delivered rows whose time is null or zero.
        n_unreadable: delivered rows whose time is unreadable in any way.
        unreadable_pending: True = a window met unreadable rows that were not delivered yet.
        updated_at: newest value of the updated-at column when the call began.
    """

    identity: str
    last_key: int | None = None
    overlap_key: int | None = None
    overlap_row: int = 1
    n_unreadable_head: int = 0
    n_unreadable: int = 0
    unreadable_pending: bool = False
    updated_at: str | None = None

    @classmethod
    def read(cls, watermark: dict[str, Any] | None, identity: str) -> tuple[Progress, str | None]:
        """Progress of a stored watermark, and why it had to be ignored, if so.

        >>> Progress.read(None, "a")
        (Progress(identity='a', last_key=None, ...updated_at=None), None)
        >>> Progress.read({"identity": "old", "last_key": 7}, "a")[1]
        'the source was configured differently when the watermark was written'
        """
        if watermark is None:
            return cls(identity), None
        if watermark.get("identity") != identity:
            return cls(identity), "the source was configured differently when the watermark was written"
        try:
            return cls(**watermark), None
        except TypeError:
            raise SourceError(
                f"The stored watermark has fields {sorted(watermark)}, expected {sorted(asdict(cls(identity)))}. "
                "Delete it to read the series from its start."
            ) from None

    def watermark(self) -> dict[str, Any]:
        """The JSON-able form."""
        return asdict(self)

    def advanced(self, last_key: int, tail: Tail, updated_at: str | None) -> Progress:
        """Progress after a window; one that only repeats known rows leaves the position where it was.

        A call that stops while it re-reads would otherwise lose the rest of what it had to re-read.
        """
        if self.last_key is not None and last_key < self.last_key:
            return self
        key, row = tail.start
        return replace(self, last_key=last_key, overlap_key=key, overlap_row=row, updated_at=updated_at)


class Tail:
    """The newest keys delivered, each with the number of its first row.

    >>> tail = Tail(2)
    >>> tail.push(np.array([10, 20, 20, 30]), first_row=1)
    >>> tail.start
    (20, 2)
    >>> tail.push(np.array([40]), first_row=5)
    >>> tail.start
    (30, 4)
    """

    def __init__(self, n_bars: int) -> None:
        self._n_bars = n_bars
        self._starts: deque[tuple[int, int]] = deque(maxlen=n_bars)

    def push(self, keys: npt.NDArray[np.int64], first_row: int) -> None:
        """Take the sorted keys of a window; equal keys never span two windows."""
        is_first = np.concatenate(([True], np.diff(keys) != 0))
        for position in np.flatnonzero(is_first)[-self._n_bars :]:
            self._starts.append((int(keys[position]), first_row + int(position)))

    @property
    def start(self) -> tuple[int, int]:
        """Oldest key kept, and the number of its first row."""
        return self._starts[0]
