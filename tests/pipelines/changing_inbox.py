"""A changing inbox: files of daily bars to which what happens to files happens, and all that they ever held.

Put here: the changes, and how a file is written.
Keep out: who reads the files (random_histories.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

_FIRST_YEAR, _FUTURE_YEAR = 2019, 2099

Day = tuple[int, int]
"""(year, day of the year from 0)."""


def date_of(day: Day) -> date:
    """Its date."""
    return date(day[0], 1, 1) + timedelta(days=day[1])


def _past(days: dict[Day, int]) -> list[Day]:
    """Days that are no wrong dates, sorted: a wrong date is set aside and does not widen what a file speaks of."""
    return sorted(day for day in days if day[0] < _FUTURE_YEAR)


def _span(days: dict[Day, int]) -> tuple[Day, Day]:
    past = _past(days)
    return past[0], past[-1]


@dataclass
class Inbox:
    """Files of daily bars, one per symbol, as days with their price.

    Attributes:
        now: symbol → day → close in ticks.
        before: symbol → earlier contents, to which a file may go back.
        ever: symbol → day → every close that a file ever had there.
    """

    folder: Path
    chance: random.Random
    now: dict[str, dict[Day, int]] = field(default_factory=dict)
    before: dict[str, list[dict[Day, int]]] = field(default_factory=dict)
    ever: dict[str, dict[Day, set[int]]] = field(default_factory=dict)

    def change(self, symbol: str) -> str:
        """One random change of a file; its name."""
        days = dict(self.now.get(symbol, {}))
        if not days:
            days, what = {(_FIRST_YEAR, i): self._price() for i in range(20, 32)}, "add"
        else:
            what = self.chance.choice(["append", "append", "restate", "delete", "late", "future", "revert", "touch"])
            days = getattr(self, f"_{what}")(symbol, days)
        self._write(symbol, days)
        return f"{what} {symbol}"

    def _price(self) -> int:
        return self.chance.randrange(9_000, 11_000)

    def _append(self, _: str, days: dict[Day, int]) -> dict[Day, int]:
        last = max(day for year, day in days if year == _FIRST_YEAR)
        return days | {(_FIRST_YEAR, last + 1 + i): self._price() for i in range(self.chance.randrange(1, 4))}

    def _restate(self, _: str, days: dict[Day, int]) -> dict[Day, int]:
        return days | {self.chance.choice(sorted(days)): self._price()}

    def _delete(self, _: str, days: dict[Day, int]) -> dict[Day, int]:
        inner = _past(days)[1:-1]  # what a file leaves out before its first or after its last bar is not taken back
        gone = self.chance.choice(inner) if len(inner) > 4 else None
        return {day: price for day, price in days.items() if day != gone}

    def _late(self, _: str, days: dict[Day, int]) -> dict[Day, int]:
        return days | {(_FIRST_YEAR, self.chance.randrange(0, 40)): self._price()}

    def _future(self, _: str, days: dict[Day, int]) -> dict[Day, int]:
        return days | {(_FUTURE_YEAR, self.chance.randrange(0, 3)): self._price()}

    def _revert(self, symbol: str, days: dict[Day, int]) -> dict[Day, int]:
        earlier = self.before.get(symbol) or [days]
        # Only to a content with the same first and last bar: what is outside of a file's range stays.
        return next((e for e in reversed(earlier) if _span(e) == _span(days) and e != days), days)

    def _touch(self, _: str, days: dict[Day, int]) -> dict[Day, int]:
        return days

    def _write(self, symbol: str, days: dict[Day, int]) -> None:
        if symbol in self.now:
            self.before.setdefault(symbol, []).append(self.now[symbol])
        self.now[symbol] = days
        for day, price in days.items():
            self.ever.setdefault(symbol, {}).setdefault(day, set()).add(price)
        lines = ["date,open,high,low,close,volume"]
        for year, day in sorted(days):
            close = days[year, day] / 100
            lines.append(f"{date_of((year, day))},{close},{close + 1},{close - 1},{close},{day + 1}")
        (self.folder / f"{symbol}.csv").write_text("\n".join(lines) + "\n")
