"""The research spec of the calibration tests: the packaged one, and a short one for quick checks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from quant_core.conditions.calendar_bin import CalendarBin
from quant_core.conditions.vol_tertile import VolTertile
from quant_core.events.breakout_hhll import BreakoutHhll
from quant_core.events.k_consecutive import KConsecutive
from quant_core.spec import MarketStatsSpec, load_research

_FILE = Path(__file__).resolve().parents[2] / "quant_pipelines" / "config" / "research.yaml"


def packaged_spec() -> MarketStatsSpec:
    """What the pipeline computes by default."""
    return load_research(_FILE.read_text(encoding="utf-8"), _FILE.name).market_stats


def short_spec() -> MarketStatsSpec:
    """Two events and two conditions at the packaged levels."""
    return replace(
        packaged_spec(),
        events=(KConsecutive(window_bars=3), BreakoutHhll()),
        conditions=(VolTertile(), CalendarBin()),
        only={},
    )
