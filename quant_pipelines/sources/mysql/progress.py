"""Progress of a delivery: the watermark, which says of every window what was delivered of it.

Put here: the watermark's content, and reading and writing of its JSON form.
Keep out: what follows from a difference (plan.py), statements (query.py) and reading (read.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quant_pipelines.sources.mysql.windows import NOTHING, Totals

LAYOUT = 2
"""Number of the watermark's form; releases up to 0.1 wrote none."""


@dataclass(frozen=True)
class Held:
    """What was delivered of a window.

    Attributes:
        totals: of the rows that were delivered.
        finishes_us: when the first of its bars completes that had not when it was delivered, microseconds since 1970
            UTC; None where all had. From then on the window is read again, changed or not.
    """

    totals: Totals
    finishes_us: int | None = None


@dataclass(frozen=True)
class Progress:
    """Where a series stands; JSON-able, stored by the raw store after each delivery.

    Attributes:
        identity: hash of everything that decides which rows exist and how they are numbered; another identity
            makes the watermark void, and the series is read from its start again.
        windows: window → what was delivered of it. A window that lost all its rows stays, with none.
        unreadable: totals of the delivered rows whose time cannot be read.
        is_restart: the watermark before this one was void, so bars that this one does not know of may be stored.
    """

    identity: str
    windows: Mapping[int, Held] = field(default_factory=dict[int, Held])
    unreadable: Totals = NOTHING
    is_restart: bool = False

    @classmethod
    def read(cls, watermark: dict[str, Any] | None, identity: str) -> tuple[Progress, str]:
        """Progress of a stored watermark, and why it had to be ignored; "" where it had not.

        >>> Progress.read(None, "a")
        (Progress(identity='a', windows={}, unreadable=Totals(n_rows=0, checksum=0), is_restart=False), '')
        >>> Progress.read({"identity": "a", "last_key": 7}, "a")[1]
        'another release wrote the watermark'
        >>> progress = Progress("a", {3: Held(Totals(2, 255), finishes_us=60)}, Totals(1, 7))
        >>> progress.watermark()["windows"], Progress.read(progress.watermark(), "a") == (progress, "")
        ({'3': '2:ff:60'}, True)
        """
        if watermark is None:
            return cls(identity), ""
        if watermark.get("layout") != LAYOUT:
            return cls(identity, is_restart=True), "another release wrote the watermark"
        if watermark.get("identity") != identity:
            reason = "the source was configured differently when the watermark was written"
            return cls(identity, is_restart=True), reason
        windows = {int(index): _held(text) for index, text in watermark["windows"].items()}
        return cls(identity, windows, _held(watermark["unreadable"]).totals, watermark["is_restart"]), ""

    def watermark(self) -> dict[str, Any]:
        """The JSON-able form."""
        return {
            "layout": LAYOUT,
            "identity": self.identity,
            "windows": {str(index): _text(held) for index, held in sorted(self.windows.items())},
            "unreadable": _text(Held(self.unreadable)),
            "is_restart": self.is_restart,
        }

    def after(self, delivered: Mapping[int, Held]) -> Progress:
        """Progress after some windows were delivered to their end; one without rows is kept only if it had some.

        >>> Progress("a", {1: Held(Totals(5, 5))}).after({1: Held(NOTHING), 2: Held(NOTHING)}).windows
        {1: Held(totals=Totals(n_rows=0, checksum=0), finishes_us=None)}
        """
        kept = {w: held for w, held in delivered.items() if w in self.windows or held.totals != NOTHING}
        return replace(self, windows={**self.windows, **kept})

    def totals(self, window: int) -> Totals:
        """The totals of what was delivered of a window."""
        return self.windows[window].totals if window in self.windows else NOTHING


def _text(held: Held) -> str:
    parts = [f"{held.totals.n_rows}", f"{held.totals.checksum:x}"]
    return ":".join(parts if held.finishes_us is None else [*parts, str(held.finishes_us)])


def _held(text: str) -> Held:
    n_rows, checksum, *finishes = text.split(":")
    return Held(Totals(int(n_rows), int(checksum, 16)), int(finishes[0]) if finishes else None)
