"""The page on statistics names the calendar cluster of every dimension, as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

from quant_core.dimensions import DIMENSIONS
from quant_core.profile_metrics import PROFILE_METRICS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "statistics.md").read_text(encoding="utf-8")


def test_every_dimension_stands_in_the_row_of_its_cycle() -> None:
    rows = re.findall(r"^\| (day|week|month|year) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
    written = {name: cycle for cycle, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert written == {name: DIMENSIONS[name]().cycle for name in sorted(DIMENSIONS) if name != "cross"}


def test_every_kind_of_metric_has_its_interval() -> None:
    kinds = {PROFILE_METRICS[name]().kind for name in sorted(PROFILE_METRICS)}
    section = PAGE.split("| kind | interval")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| (\w+)", section, re.MULTILINE)) == kinds
