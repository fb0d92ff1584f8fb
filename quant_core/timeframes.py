"""Timeframes: the eight bar lengths, their order and the spellings users write.

Put here: names, durations, parsing.
Keep out: session boundaries (calendars/) and resampling (bars/resample.py).
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from quant_core.errors import ConfigError


class Timeframe(StrEnum):
    """A bar length. D1 and W1 are one trading session and one trading week, not 24 and 168 hours.

    >>> Timeframe.H4.duration, Timeframe.M15 < Timeframe.H1, [t.value for t in Timeframe][-1]
    (datetime.timedelta(seconds=14400), True, 'W1')
    """

    M1 = "M1"
    M5 = "M5"
    M15 = "M15"
    M30 = "M30"
    H1 = "H1"
    H4 = "H4"
    D1 = "D1"
    W1 = "W1"

    @property
    def minutes(self) -> int:
        """Nominal length in minutes."""
        return _MINUTES[self.value]

    @property
    def duration(self) -> timedelta:
        """Nominal length."""
        return timedelta(minutes=self.minutes)

    @property
    def is_intraday(self) -> bool:
        """True for bars shorter than a trading session."""
        return self.minutes < 1440

    def __lt__(self, other: str) -> bool:
        return self.minutes < Timeframe(other).minutes

    def __le__(self, other: str) -> bool:
        return self.minutes <= Timeframe(other).minutes

    def __gt__(self, other: str) -> bool:
        return self.minutes > Timeframe(other).minutes

    def __ge__(self, other: str) -> bool:
        return self.minutes >= Timeframe(other).minutes


_MINUTES = {"M1": 1, "M5": 5, "M15": 15, "M30": 30, "H1": 60, "H4": 240, "D1": 1440, "W1": 10080}
_BY_MINUTES = {m: Timeframe(name) for name, m in _MINUTES.items()}
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "t"), 1),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 60),
    **dict.fromkeys(("d", "day", "days"), 1440),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 10080),
}
_AMBIGUOUS = "Timeframe '1M' is ambiguous: minute or month. Write M1 for a minute; months are not a timeframe here."
_WORDS = {"daily": "1d", "day": "1d", "hourly": "1h", "hour": "1h", "weekly": "1w", "week": "1w", "minute": "1min"}


def parse_timeframe(text: str) -> Timeframe:
    """Read a timeframe in any usual spelling; ``1M`` alone is refused because it may mean a month.

    >>> [parse_timeframe(t).value for t in ("M5", "5min", "1h", "60m", "1d", "daily", "h4", "1W")]
    ['M5', 'M5', 'H1', 'H1', 'D1', 'D1', 'H4', 'W1']
    >>> parse_timeframe("1M")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Timeframe '1M' is ambiguous: minute or month. Write M1 for a minute; ...
    """
    raw = text.strip()
    if raw == "1M":
        raise ConfigError(_AMBIGUOUS)
    word = _WORDS.get(raw.lower(), raw.lower())
    match = re.fullmatch(r"(\d+)\s*([a-z]+)", word) or re.fullmatch(r"([mhdw])(\d+)", word)
    if match:
        first, second = match.groups()
        count, unit = (first, second) if first.isdigit() else (second, first)
        minutes = int(count) * _UNITS.get(unit, 0)
        if minutes in _BY_MINUTES:
            return _BY_MINUTES[minutes]
    known = ", ".join(t.value for t in Timeframe)
    raise ConfigError(f"No timeframe is called {text!r}: expected one of {known}, or a spelling such as 5min, 1h, 1d.")


def timeframe_at(value: object, where: str) -> Timeframe:
    """One timeframe of a configuration file.

    Raises:
        ConfigError: not a timeframe, with its place.

    >>> timeframe_at("1M", "a.yaml: data.timeframe")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    quant_core.errors.ConfigError: At a.yaml: data.timeframe: ...
    """
    try:
        return parse_timeframe(str(value))
    except ConfigError as error:
        raise ConfigError(f"At {where}: {error}") from error


def timeframes_at(value: object, where: str) -> tuple[Timeframe, ...]:
    """One timeframe of a configuration file or a list of them, in order of length, each once.

    >>> [t.value for t in timeframes_at(["1d", "M5", "D1"], "a.yaml: data.timeframe")]
    ['M5', 'D1']
    """
    listed: list[object] = value if isinstance(value, list) else [value]  # pyright: ignore[reportUnknownVariableType]
    return tuple(sorted({timeframe_at(t, where) for t in listed}))
