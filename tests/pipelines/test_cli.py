"""``qe``: the commands work end to end on a small project, and errors are one line with a non-zero exit."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from quant_core.bars import Bars
from quant_core.errors import QuantError
from quant_pipelines.assets import features
from quant_pipelines.cli import run
from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.small_project import SOURCES, SmallProject, daily_csv


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """A project that the environment points at, with two symbols in its inbox."""
    made = SmallProject.at(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    made.drop("AAA")
    made.drop("BBB")
    return made


def _qe(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    console = Console(file=io.StringIO(), width=240, force_terminal=False)
    code = run(arguments, console)
    return code, console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


def test_register_backfill_and_read_a_project(project: SmallProject) -> None:
    assert _qe("launch", "register_symbols")[0] == 0
    code, text = _qe("backfill", "--missing", "--dry-run")
    assert (code, text.splitlines()) == (0, ["4 keys in 1 runs of job research.", "  AAA|D1 … BBB|W1: 4 keys"])
    assert _qe("backfill", "--missing", "--symbols", "AAA")[0] == 0
    assert {str(k) for k in project.lake.keys("market_stats")} == {"AAA|D1", "AAA|W1"}
    assert _qe("backfill", "--missing", "--dry-run")[1].startswith("2 keys in 1 runs")
    assert _qe("backfill", "--stale", "--dry-run")[1].startswith("0 keys in 0 runs")
    assert _qe("launch", "marts")[0] == 0
    code, text = _qe("top")
    assert code == 0
    assert "k_consecutive(window_bars=2,direction=up)" in text
    assert "up_next_bar" in text
    assert "AAA" in _qe("quality")[1]
    status = _qe("status")[1]
    assert "Keys: 0 failed, 2 missing, 0 stale, 2 up to date, 12 not applicable" in status


def test_another_spec_makes_the_keys_stale_and_a_backfill_brings_them_up_to_date(project: SmallProject) -> None:
    _qe("launch", "register_symbols")
    assert _qe("launch", "research", "AAA|D1")[0] == 0
    spec = project.root / "config" / "research.yaml"
    spec.write_text(spec.read_text().replace("sma(window_bars=5)", "sma(window_bars=6)"))
    assert _qe("backfill", "--stale", "--dry-run")[1].startswith("1 keys in 1 runs")
    assert _qe("backfill", "--stale")[0] == 0
    assert "sma(window_bars=6)" in project.lake.read("features", PartitionKey("AAA", "D1")).columns
    assert _qe("backfill", "--stale", "--dry-run")[1].startswith("0 keys")


def test_failed_keys_are_found_and_forgotten_after_a_good_run(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    _qe("launch", "register_symbols")
    good = features.compute_features

    def broken(bars: Bars, *settings: Any) -> pl.DataFrame:
        if bars.symbol == "BBB":
            raise QuantError("no feature today")
        return good(bars, *settings)

    with monkeypatch.context() as patched:
        patched.setattr(features, "compute_features", broken)
        code, text = _qe("launch", "research", "AAA|D1", "BBB|D1")
    assert code == 1
    assert "BBB|D1: features: no feature today" in text
    assert _qe("backfill", "--failed", "--dry-run")[1].splitlines()[1] == "  BBB|D1 … BBB|D1: 1 keys"
    assert _qe("backfill", "--failed")[0] == 0
    assert _qe("backfill", "--failed", "--dry-run")[1].startswith("0 keys")


def test_every_failed_key_is_counted_whatever_ran_before(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbols = [f"S{i:02}" for i in range(20)]
    for symbol in symbols:
        project.drop(symbol, daily_csv(symbol, 60))
    _qe("launch", "register_symbols")
    assert _qe("backfill", "--missing", "--timeframes", "D1")[0] == 0
    assert _qe("launch", "research", *[f"{symbol}|D1" for symbol in symbols[:3]])[0] == 0
    spec = project.root / "config" / "research.yaml"
    spec.write_text(spec.read_text().replace("sma(window_bars=5)", "sma(window_bars=6)"))

    def broken(*_: object) -> None:
        raise QuantError("no feature today")

    with monkeypatch.context() as patched:
        patched.setattr(features, "compute_features", broken)
        assert _qe("launch", "research", *[f"{symbol}|D1" for symbol in symbols])[0] == 1
    assert "Keys: 20 failed" in _qe("status")[1]
    assert _qe("backfill", "--failed", "--dry-run")[1].startswith("20 keys in 1 runs")
    assert _qe("backfill", "--failed")[0] == 0
    assert "Keys: 0 failed" in _qe("status")[1]


def test_a_failed_report_leaves_the_state_of_the_keys_readable(project: SmallProject) -> None:
    _qe("launch", "register_symbols")
    assert _qe("report", "AAA")[0] == 1  # it has no bars yet
    assert _qe("status")[0] == 0
    assert _qe("backfill", "--failed", "--dry-run")[1].startswith("0 keys")


def test_demo_prints_findings_quality_and_where_everything_is(project: SmallProject) -> None:
    config = project.root / "config" / "sources.yaml"
    config.write_text(SOURCES + "  sample: {kind: sample}\n")
    code, text = _qe("demo", "--rows", "3")
    assert code == 0, text
    assert "SP500|D1, SP500|W1, NASDAQ|D1, NASDAQ|W1" in text
    for word in ("n_eff", "outcome [ci]", "verdict", "up_next_bar", "zero_volume", "make ui"):
        assert word in text
    for word in ("tested bins (all bars)", "D1", "baseline", "not_significant", "stability", "own bar", "next bar"):
        assert word in text.split("5. Seasonality")[1].split("6. Quality")[0]
    for symbol in ("SP500", "NASDAQ"):
        page = project.root / "lake" / "reports" / f"{symbol}.html"
        assert f"Report:  {page}" in text
        assert "<h1>" in page.read_text()
    assert str(project.root / "lake") in text
    assert not project.lake.exists("bars", PartitionKey("AAA", "D1"))  # the demo leaves other sources alone


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("backfill",), "expected --missing, --failed or --stale"),
        (("launch", "reserch"), "No job is called 'reserch'. Did you mean 'research'"),
        (("launch", "research", "AAA"), "expected SYMBOL|TIMEFRAME"),
        (("launch", "research", "ZZZ|D1"), "Run the job register_symbols first"),
        (("top",), "Run: qe launch marts"),
    ],
)
def test_an_error_is_one_line_without_a_traceback(project: SmallProject, arguments: tuple[str, ...], says: str) -> None:
    code, text = _qe(*arguments)
    assert code == 1
    assert text.startswith("Error: ")
    assert says in text
    assert len(text.splitlines()) == 1
    with pytest.raises(QuantError):
        _qe("--debug", *arguments)


def test_without_dagster_home_the_error_says_what_to_set(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME")
    code, text = _qe("status")
    assert code == 1
    assert "export DAGSTER_HOME=" in text


def test_a_new_dagster_home_gets_the_packaged_settings_with_telemetry_off(project: SmallProject) -> None:
    code, text = _qe("launch", "register_symbols")
    assert code == 0, text
    settings = (project.root / "home" / "dagster.yaml").read_text()
    assert "telemetry:\n  enabled: false" in settings
