"""Bars on which the contract of every block is proved."""

from __future__ import annotations

import pytest

from quant_core.bars import Bars
from tests.contract.random_bars import daily_bars, intraday_bars


@pytest.fixture(scope="session")
def markets() -> dict[str, Bars]:
    """A 24/5 market in half hours and an exchange in days."""
    return {"intraday": intraday_bars(), "daily": daily_bars()}
