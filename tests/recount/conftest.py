"""The small lake is computed and recounted once for all tests."""

from __future__ import annotations

import pytest

from tests.recount import market_stats_by_hand, seasonality_by_hand
from tests.recount.comparison import Recounted
from tests.recount.small_lake import Counted, counted_lake, research


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> list[Counted]:
    """What the engines stored of every key. Figures are tested elsewhere and take most of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quant_pipelines.stages.runner.MAX_DRAWN_KEYS", 0)
        return counted_lake(tmp_path_factory.mktemp("recount"))


@pytest.fixture(scope="session")
def market_stats(lake: list[Counted]) -> Recounted:
    """The table of this name."""
    count, found = market_stats_by_hand.market_stats, research()
    return Recounted(
        ("symbol", "timeframe", "fold", "split", "event", "condition", "condition_value", "target"),
        [(x.market_stats, count(x.bars, found, x.key.symbol, x.key.timeframe)) for x in lake],
    )


@pytest.fixture(scope="session")
def seasonality_profiles(lake: list[Counted]) -> Recounted:
    """The table of this name."""
    count, found = seasonality_by_hand.seasonality_profiles, research()
    return Recounted(
        ("symbol", "timeframe", "fold", "split", "dimension", "bin", "metric"),
        [(x.seasonality_profiles, count(x.bars, found, x.key.symbol, x.key.timeframe)) for x in lake],
    )
