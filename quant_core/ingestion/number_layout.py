"""Number layout: what the unnamed numbers of a row mean, by what their values can be.

Put here: evidence for the order of prices, for quotes, and for the volume among further numbers.
Keep out: the time and the texts of a row (headerless.py), files with names (columns.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

_OHLC = ("open", "high", "low", "close")
ORDERS = (_OHLC, ("open", "close", "high", "low"), ("low", "high", "open", "close"), ("high", "low", "open", "close"))
"""Orders of prices in use: most vendors, then Bitfinex and KuCoin, Coinbase, and high-low first."""

_CONSISTENT = 0.95
_NEAR = 0.02  # quotes of one moment lie closer than 2 %
_TRACKS = 0.001  # an adjusted close moves with the close to a tenth of a percent
_MIN_EVIDENCE = 3  # rows
_MANY_ROWS, _FARTHER = 20, 2.0  # so many rows tell open from close by a median jump so much longer
_ONE_BAR = 1.2  # highest over lowest price

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NumberLayout:
    """Roles of the numbers, or why they cannot be told: then ``roles`` is the proposal that the message shows."""

    roles: tuple[str, ...]
    doubt: str = ""


def layout_of(values: Floats, *, is_descending: bool | None = None) -> NumberLayout:
    """Say what the columns of a sample mean.

    The first four are prices; the order is the one in ``ORDERS`` that puts the highest and the lowest in their
    places in 95 % of the rows that are not flat. A second block of four near the first is the other side of quotes.
    Of the others, times and numbers inside the price range (vwap, adjusted close) are not read; the first one outside
    is the volume.

    Args:
        values: (rows, numbers), NaN where a field is no number.
        is_descending: the latest row comes first; None where unknown.

    >>> flat, bar = [5.0, 5.0, 5.0, 5.0, 0.1], [99.0, 102.0, 100.0, 101.0, 5.5]
    >>> layout_of(np.array([flat, bar])).roles
    ('low', 'high', 'open', 'close', 'volume')
    >>> layout_of(np.array([[1.0, 3.0, 1.0, 2.0, 1.5], [2.0, 4.0, 2.0, 3.0, 2.5], [2.0, 4.0, 2.0, 3.0, 3.5]])).doubt
    'the 5th number lies inside the price range: a volume, a mean price or an adjusted close'
    """
    n_numbers = values.shape[1]
    usual = (*_OHLC, *(["volume"] if n_numbers > 4 else []), *["ignore"] * (n_numbers - 5))
    if n_numbers < 4:
        return NumberLayout(("ignore",) * n_numbers, f"{n_numbers} numbers per row are no open, high, low and close")
    prices = values[:, :4][np.isfinite(values[:, :4]).all(axis=1)]
    fits = [order for order in ORDERS if _share(prices, order) >= _CONSISTENT]
    if not fits:
        n_bars, n_good = len(_not_flat(prices)), round(_share(prices, _OHLC) * len(_not_flat(prices)))
        return NumberLayout(
            usual, f"columns taken as open, high, low, close are consistent in {n_good} of {n_bars} rows only"
        )
    order = max(fits, key=lambda o: (_share(prices, o), -ORDERS.index(o)))
    if order in (_OHLC, ORDERS[1]) and _open_and_close_swapped(prices, order, is_descending):
        swapped = tuple({"open": "close", "close": "open"}.get(role, role) for role in order)
        return NumberLayout(
            (*swapped, *usual[4:]), "a row follows the one before only if open and close change their places"
        )
    return _with_others(values, order)


def _not_flat(prices: Floats) -> Floats:
    return prices[prices.max(axis=1) > prices.min(axis=1)] if len(prices) else prices


def _share(prices: Floats, order: tuple[str, ...]) -> float:
    """Share of the rows that are not flat in which high is the highest and low the lowest; 1 without such rows."""
    bars = _not_flat(prices)
    if len(bars) == 0:
        return 1.0
    high, low = bars[:, order.index("high")], bars[:, order.index("low")]
    good: Bools = (high >= bars.max(axis=1)) & (low <= bars.min(axis=1))
    return float(good.mean())


def _open_and_close_swapped(prices: Floats, order: tuple[str, ...], is_descending: bool | None) -> bool:
    """True when rows follow each other without a gap, or in many rows much more closely, only if open is the close."""
    bars = prices if not is_descending else prices[::-1]
    if is_descending is None or len(bars) <= _MIN_EVIDENCE:
        return False
    opens, closes = bars[:, order.index("open")], bars[:, order.index("close")]
    moved = opens != closes
    pairs = [(a, b) for a, b in pairwise(range(len(bars))) if moved[a] and moved[b]]
    if len(pairs) < _MIN_EVIDENCE:
        return False
    as_is = np.mean([opens[b] == closes[a] for a, b in pairs])
    swapped = np.mean([closes[b] == opens[a] for a, b in pairs])
    if swapped > 0.5 and as_is < 0.1:
        return True
    jumps, jumps_swapped = np.abs(opens[1:] - closes[:-1]), np.abs(closes[1:] - opens[:-1])
    is_long = len(bars) > _MANY_ROWS
    return bool(is_long and swapped >= as_is and np.median(jumps) > _FARTHER * np.median(jumps_swapped))


def _with_others(values: Floats, order: tuple[str, ...]) -> NumberLayout:
    """Add the numbers behind the prices."""
    others = [values[:, i] for i in range(4, values.shape[1])]
    for skip in (0, 1):
        block = values[:, 4 + skip : 8 + skip]
        if block.shape[1] == 4 and _are_quotes(values[:, :4], block, order):
            sides = ("bid", "ask") if np.nanmedian(block) >= np.nanmedian(values[:, :4]) else ("ask", "bid")
            first, second = ([f"{side}_{p}" for p in order] for side in sides)
            rest = values.shape[1] - 8 - skip
            return NumberLayout((*first, *["ignore"] * skip, *second, *["ignore"] * rest))
        if block.shape[1] == 4 and _are_prices(block, order):
            skipped = ["volume"] * skip
            doubt = f"the numbers {5 + skip} to {8 + skip} are prices of their own, far from the first four"
            return NumberLayout((*order, *skipped, *["ignore"] * (len(others) - skip)), doubt)
    roles, doubt = ["ignore"] * len(others), ""
    for i, other in enumerate(others):
        if _is_epoch(other):
            continue
        inside = _lies_inside(other, values[:, :4], order)
        is_last_chance = all(_is_epoch(o) or not np.nan_to_num(o).any() for o in others[i + 1 :])
        if inside and not is_last_chance and inside >= _MIN_EVIDENCE:
            continue
        if inside:
            doubt = f"the {5 + i}th number lies inside the price range: a volume, a mean price or an adjusted close"
        roles[i] = "volume"
        break
    return NumberLayout((*order, *roles), doubt)


def _are_quotes(first: Floats, second: Floats, order: tuple[str, ...]) -> bool:
    """True when the second block is a bar too, and lies near the first."""
    usable = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1) & (first > 0).all(axis=1)
    usable &= (second > 0).all(axis=1)
    if usable.mean() < 0.5 or _share(second[usable], order) < _CONSISTENT:
        return False
    apart: Floats = np.abs(np.log(second[usable] / first[usable])).max(axis=1)
    return float((apart < _NEAR).mean()) >= _CONSISTENT


def _are_prices(block: Floats, order: tuple[str, ...]) -> bool:
    """True when four numbers are bars by themselves: the highest and the lowest in place, and close together."""
    rows = block[np.isfinite(block).all(axis=1) & (block > 0).all(axis=1)]
    if len(_not_flat(rows)) < max(_MIN_EVIDENCE, len(block) / 2) or _share(rows, order) < _CONSISTENT:
        return False
    return bool((rows.max(axis=1) < _ONE_BAR * rows.min(axis=1)).mean() >= _CONSISTENT)


def _is_epoch(column: Floats) -> bool:
    """True for times in numbers: whole, of at least ten digits, in order, within a fifth of each other."""
    filled = column[np.isfinite(column)]
    if len(filled) == 0 or filled.min() < 1e9 or (filled % 1).any() or filled.max() > 1.2 * filled.min():
        return False
    steps = np.diff(filled)
    return bool(filled.min() >= 1e11 if len(steps) == 0 else (steps > 0).all() or (steps < 0).all())


def _lies_inside(column: Floats, prices: Floats, order: tuple[str, ...]) -> int:
    """Rows that show a number to be a price: all lie between low and high, or it moves as the close does; else 0."""
    usable = np.isfinite(column) & (column > 0) & np.isfinite(prices).all(axis=1) & (prices > 0).all(axis=1)
    number, bars = column[usable], prices[usable]
    if len(number) == 0:
        return 0
    slack = 1e-9 * bars.max(axis=1)
    if ((number >= bars.min(axis=1) - slack) & (number <= bars.max(axis=1) + slack)).mean() >= _CONSISTENT:
        return len(number)
    close = bars[:, order.index("close")]
    moves, own = np.diff(np.log(close)), np.diff(np.log(number))
    moving = np.abs(moves) > 2 * _TRACKS
    tracks = np.abs(own - moves)[moving] < _TRACKS
    return int(moving.sum()) if moving.sum() >= _MIN_EVIDENCE and tracks.mean() >= 0.9 else 0
