"""Bars: the frame every block works on, and what is made of bars alone.

Put here: the value ``Bars``, resampling, the join of a higher timeframe, coverage, comparison of histories, the
sessions around them.
Keep out: calendars, blocks, engines.
"""

from quant_core.bars.bars import Bars

__all__ = ["Bars"]
