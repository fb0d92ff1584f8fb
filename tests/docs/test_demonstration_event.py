"""The README's walk-through works: one new file, and the event is tested, counted and in the results."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from arch.data import sp500
import polars as pl
from quant_core.bars import Bars
from quant_core.market_stats import compute_market_stats
from quant_core.spec import load_research
from quant_core.timeframes import Timeframe
from quant_core.calendars import calendar_of

prices = sp500.load()
calendar = calendar_of("XNYS")
days = pl.Series(prices.index.date.tolist(), dtype=pl.Date)
bounds = calendar.day_bounds(days)
names = ("Open", "High", "Low", "Close", "Volume")
frame = pl.DataFrame({name.lower(): prices[name].to_numpy().astype(float) for name in names})
frame = frame.with_columns(ts=bounds["ts"], ts_close=bounds["ts_close"], session_date=days)
order = ("ts", "ts_close", "open", "high", "low", "close", "volume", "session_date")
bars = Bars(frame.select(order), "SP500", Timeframe.D1, calendar)
spec = load_research(open("quant_pipelines/config/research.yaml", encoding="utf-8").read(), "research.yaml")
compute_market_stats(bars, spec.market_stats).write_parquet(sys.argv[1])
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project without its history, in a temporary folder."""
    target = tmp_path / "project"
    target.mkdir()
    for name in ("quant_core", "quant_pipelines", "sql", "tests"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, target / name)
    return target


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_event_of_the_readme_needs_one_file(copy: Path) -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code
    (copy / "quant_core/events/close_at_high.py").write_text(code.group(1), encoding="utf-8")

    tested = _run(
        copy, "-m", "pytest", "-q", "tests/contract", "quant_core/events/close_at_high.py", "-k", "close_at_high"
    )
    assert tested.returncode == 0, tested.stdout[-3000:]
    passed = re.search(r"(\d+) passed", tested.stdout)
    assert passed
    assert int(passed.group(1)) >= 6

    computed = _run(copy, "-c", SCRIPT, str(copy / "stats.parquet"))
    assert computed.returncode == 0, computed.stderr[-3000:]
    rows = pl.read_parquet(copy / "stats.parquet").filter(pl.col("event") == "close_at_high(tolerance=0.1)")
    assert rows.filter((pl.col("condition") == "all") & (pl.col("n") > 0)).height > 0
    assert rows["p_value"].drop_nulls().len() > 0
