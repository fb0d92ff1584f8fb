"""Which coarser timeframe a block looks at.

Put here: the parameters ``timeframe`` and ``tf_multiplier`` and what they resolve to.
Keep out: making coarser bars (quant_core/bars/resample.py) and joining them (quant_core/bars/higher_timeframe.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from quant_core.block import Block
from quant_core.errors import ConfigError
from quant_core.timeframes import Timeframe

HigherTimeframe = Literal["higher", "M5", "M15", "M30", "H1", "H4", "D1", "W1"]
Multiplier = Annotated[int, Field(ge=0, le=10_080)]

# The usual step up: coarse enough to be another view, fine enough to change within the horizon of a target.
_STEP_UP = {
    Timeframe.M1: Timeframe.M15,
    Timeframe.M5: Timeframe.H1,
    Timeframe.M15: Timeframe.H1,
    Timeframe.M30: Timeframe.H4,
    Timeframe.H1: Timeframe.H4,
    Timeframe.H4: Timeframe.D1,
    Timeframe.D1: Timeframe.W1,
}
_BY_MINUTES = {t.minutes: t for t in Timeframe}


@dataclass(frozen=True)
class Higher:
    """A block's wish for a coarser timeframe.

    Attributes:
        block: the block that asks, for its error text.
        timeframe: a name, or ``higher`` for the usual step up.
        tf_multiplier: 0, or how many bars make one coarser bar; the product must be one of the eight timeframes.
    """

    block: Block
    timeframe: HigherTimeframe
    tf_multiplier: int

    def check(self) -> None:
        """Refuse both parameters at once.

        Raises:
            ConfigError: a timeframe and a multiplier are given, or a multiplier of 1.
        """
        if self.tf_multiplier and self.timeframe != "higher":
            raise self._wrong("0 beside a named timeframe", self.tf_multiplier, "Give timeframe or tf_multiplier.")
        if self.tf_multiplier == 1:
            raise self._wrong("0, or at least 2", 1, "Drop the parameter.")

    def of(self, own: Timeframe) -> Timeframe | None:
        """The coarser timeframe for bars of ``own``; None where no coarser one exists (W1).

        Raises:
            ConfigError: the named timeframe is not coarser, or the multiple is no timeframe.

        >>> from quant_core.features.sma import Sma
        >>> step = Higher(Sma(), "higher", 0)
        >>> step.of(Timeframe.H1).value, step.of(Timeframe.W1), Higher(Sma(), "higher", 12).of(Timeframe.M5).value
        ('H4', None, 'H1')
        """
        if self.tf_multiplier:
            return self._multiple(own)
        if self.timeframe == "higher":
            return _STEP_UP.get(own)
        named = Timeframe(self.timeframe)
        if named <= own:
            where, fix = f"{self.block.name}.timeframe", "Name a coarser one, or write higher."
            raise ConfigError.at(where, expected=f"coarser than {own.value}", found=named.value, next_step=fix)
        return named

    def _multiple(self, own: Timeframe) -> Timeframe:
        made = _BY_MINUTES.get(own.minutes * self.tf_multiplier)
        if made is None:
            known = [str(t.minutes // own.minutes) for t in Timeframe if t > own and t.minutes % own.minutes == 0]
            expected = f"one of {', '.join(known) or 'none'} on {own.value} bars"
            raise self._wrong(expected, self.tf_multiplier, "Choose one of these, or name a timeframe.")
        return made

    def _wrong(self, expected: str, found: object, fix: str) -> ConfigError:
        return ConfigError.at(f"{self.block.name}.tf_multiplier", expected=expected, found=found, next_step=fix)
