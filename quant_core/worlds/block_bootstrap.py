"""Real bars, resampled in blocks until nothing is left to predict but their sizes and shapes.

Put here: the world ``block_bootstrap``.
Keep out: where the real bars come from (the caller fits the world on them).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from quant_core.bars import Bars
from quant_core.block import Count, learned
from quant_core.errors import ConfigError
from quant_core.worlds._paths import START_PRICE, Floats, bars_of_prices
from quant_core.worlds.contract import World

_MIN_POOL = 100


@dataclass(frozen=True)
class BlockBootstrap(World):
    """Blocks of consecutive real bars in random order, each bar mirrored by a fair coin.

    A bar is its open, high, low and close relative to the close before it. Mirroring changes all signs and swaps high
    and low: sizes, shapes, gaps, fat tails and the clustering of volatility stay those of the market, direction becomes
    a fair coin. Sizes are scaled so that a bar's move has the standard deviation ``bar_vol``. Bars that did not move
    (close equal to the close before) are left out: they are neither up nor down.

    Attributes:
        block_bars: length of a block, bars.
        pool: relative open, high, low, close of the real bars; filled by ``fit``.

    Truth: ½ for every cell and horizon, exactly. Source: the block bootstrap of Künsch (1989), circular here.

    Example: two days that repeat, one up and one down; a mirrored +2 is a −2.

    >>> real = Bars.of(close=[100.0 + 2 * (i % 2) for i in range(200)])
    >>> moves = BlockBootstrap().fit(real).simulate(50, seed=3).frame["close"].diff().drop_nulls().abs()
    >>> round(moves.min() / moves.max(), 2)
    0.98
    """

    block_bars: Count = 60
    pool: tuple[tuple[float, float, float, float], ...] | None = learned()

    def fit(self, real: Bars) -> BlockBootstrap:
        """The world of these bars.

        Raises:
            ConfigError: under 100 bars that moved.
        """
        prices = real.frame.select("open", "high", "low", "close").to_numpy()
        before = prices[:-1, 3]
        relative = (prices[1:] / before[:, None]) - 1.0
        kept = relative[np.all(np.isfinite(relative), axis=1) & (relative[:, 3] != 0)]
        if len(kept) < max(_MIN_POOL, self.block_bars):
            raise ConfigError(
                f"World block_bootstrap needs at least {max(_MIN_POOL, self.block_bars)} real bars that moved: found "
                f"{len(kept)} in {real.symbol} {real.timeframe}. Give it a longer history."
            )
        return replace(self, pool=tuple(tuple(row) for row in kept.tolist()))

    def simulate(self, n_bars: int, seed: int) -> Bars:
        rng = np.random.default_rng(seed)
        pool = self._scaled_pool()
        starts = rng.integers(0, len(pool), -(-n_bars // self.block_bars))
        at = (starts[:, None] + np.arange(self.block_bars)).ravel()[:n_bars] % len(pool)
        shapes = pool[at]
        mirrored = rng.random(n_bars) < 0.5
        shapes[mirrored] = -shapes[mirrored][:, [0, 2, 1, 3]]
        close = START_PRICE * (1.0 + np.cumsum(shapes[:, 3]))
        before = np.concatenate([[START_PRICE], close[:-1]])
        opens, high, low = (before + START_PRICE * shapes[:, i] for i in range(3))
        # Sums of steps round: the range must still enclose open and close.
        high, low = np.maximum(high, np.maximum(opens, close)), np.minimum(low, np.minimum(opens, close))
        return bars_of_prices(opens, high, low, close, self.name)

    def _scaled_pool(self) -> Floats:
        """The pool with a root mean square move of ``bar_vol``."""
        if self.pool is None:
            raise ConfigError("World block_bootstrap has no bars to resample. Call fit(real) with real bars first.")
        pool = np.array(self.pool)
        return pool * (self.bar_vol / np.sqrt(np.mean(pool[:, 3] ** 2)))
