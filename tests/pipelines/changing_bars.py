"""Daily bars that change as bars of sources do, and all that they ever were.

Put here: the kinds of changes.
Keep out: where the bars are written (changing_inbox.py, changing_table.py) and who reads them (random_histories.py).
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

_FIRST_YEAR, _FUTURE_YEAR = 2019, 2099
_CHANGES = ("append", "append", "restate", "delete", "late", "future", "revert", "touch")

Day = tuple[int, int]
"""(year, day of the year from 0)."""
Closes = dict[Day, int]
"""Day → close in ticks."""


def date_of(day: Day) -> date:
    """Its date."""
    return date(day[0], 1, 1) + timedelta(days=day[1])


def past(days: Closes) -> list[Day]:
    """Days that are no wrong dates, sorted: a wrong date is set aside and does not widen what a file speaks of."""
    return sorted(day for day in days if day[0] < _FUTURE_YEAR)


@dataclass
class ChangingBars(ABC):
    """Bars of some symbols, to which random things happen.

    Attributes:
        symbols: which there can be.
        now: symbol → its bars.
        before: symbol → earlier contents, to which it may go back.
        ever: symbol → day → every close that was ever there.
    """

    symbols: Sequence[str]
    chance: random.Random
    now: dict[str, Closes] = field(default_factory=dict)
    before: dict[str, list[Closes]] = field(default_factory=dict)
    ever: dict[str, dict[Day, set[int]]] = field(default_factory=dict)

    def change(self, symbol: str) -> str:
        """One random change of a symbol; its name."""
        days = dict(self.now.get(symbol, {}))
        if not days:
            days, what = {(_FIRST_YEAR, i): self._price() for i in range(20, 32)}, "add"
        else:
            what = self.chance.choice(_CHANGES)
            days = getattr(self, f"_{what}")(symbol, days)
        if symbol in self.now:
            self.before.setdefault(symbol, []).append(self.now[symbol])
        for day, price in days.items():
            self.ever.setdefault(symbol, {}).setdefault(day, set()).add(price)
        self.write(symbol, days)
        self.now[symbol] = days
        return f"{what} {symbol}"

    @abstractmethod
    def write(self, symbol: str, days: Closes) -> None:
        """Write the new bars of a symbol; the old ones are still in ``now``."""

    def deletable(self, days: Closes) -> list[Day]:
        """Days that the source can take back by leaving them out."""
        return past(days)

    def can_follow(self, earlier: Closes, days: Closes) -> bool:
        """Whether going back to earlier bars takes back all that came after them."""
        return earlier != days

    def _price(self) -> int:
        return self.chance.randrange(9_000, 11_000)

    def _append(self, _: str, days: Closes) -> Closes:
        last = max(day for year, day in days if year == _FIRST_YEAR)
        return days | {(_FIRST_YEAR, last + 1 + i): self._price() for i in range(self.chance.randrange(1, 4))}

    def _restate(self, _: str, days: Closes) -> Closes:
        return days | {self.chance.choice(sorted(days)): self._price()}

    def _delete(self, _: str, days: Closes) -> Closes:
        gone = self.deletable(days)
        drop = self.chance.choice(gone) if len(gone) > 4 else None
        return {day: price for day, price in days.items() if day != drop}

    def _late(self, _: str, days: Closes) -> Closes:
        return days | {(_FIRST_YEAR, self.chance.randrange(0, 40)): self._price()}

    def _future(self, _: str, days: Closes) -> Closes:
        return days | {(_FUTURE_YEAR, self.chance.randrange(0, 3)): self._price()}

    def _revert(self, symbol: str, days: Closes) -> Closes:
        return next((e for e in reversed(self.before.get(symbol, [])) if self.can_follow(e, days)), days)

    def _touch(self, _: str, days: Closes) -> Closes:
        return days
