"""A changing inbox: files of daily bars, one per symbol.

Put here: how a file is written, and which changes a file can say.
Keep out: the changes (changing_bars.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.pipelines.changing_bars import ChangingBars, Closes, Day, date_of, past


@dataclass
class ChangingInbox(ChangingBars):
    """Files of a folder.

    Attributes:
        folder: where they lie.
    """

    folder: Path = Path()

    def deletable(self, days: Closes) -> list[Day]:
        return past(days)[1:-1]  # what a file leaves out before its first or after its last bar is not taken back

    def can_follow(self, earlier: Closes, days: Closes) -> bool:
        ends, now = past(earlier), past(days)
        return earlier != days and (ends[0], ends[-1]) == (now[0], now[-1])

    def write(self, symbol: str, days: Closes) -> None:
        lines = ["date,open,high,low,close,volume"]
        for day in sorted(days):
            close = days[day] / 100
            lines.append(f"{date_of(day)},{close},{close + 1},{close - 1},{close},{day[1] + 1}")
        (self.folder / f"{symbol}.csv").write_text("\n".join(lines) + "\n")
