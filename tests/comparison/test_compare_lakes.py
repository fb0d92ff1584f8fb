"""The comparison of two lakes sees every planted difference and none where only names changed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.comparison.compare_lakes import compare_lakes, main, present_name

ROOT = Path(__file__).resolve().parents[2]
STATS = Path("market_stats/symbol=A/timeframe=D1/data.parquet")
PROFILES = Path("seasonality_profiles/symbol=A/timeframe=D1/data.parquet")
FEATURES = Path("features/symbol=A/timeframe=D1/data.parquet")
MART = Path("mart__market_stats_summary/data.parquet")


def stats(event: str, condition: str, target: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "symbol": ["A"] * 3, "timeframe": ["D1"] * 3, "fold": [0, 0, 1], "split": ["train", "test", "train"],
            "event": [event] * 3, "condition": [condition, "all", "all"], "condition_value": ["0", "all", "all"],
            "target": [target] * 3, "n": [10, 20, 30], "p_hat": [0.5, None, float("nan")],
        }
    )  # fmt: skip


def lake(root: Path, *, earlier: bool) -> Path:
    """The same few numbers, under earlier or present names."""
    rsi = "rsi(period=14)" if earlier else "rsi(window_bars=14)"
    event = "k_consecutive(k=3,direction=up)" if earlier else "k_consecutive(window_bars=3,direction=up)"
    condition = "day_of_week(zone=session)" if earlier else "calendar_bin(dimension=dow(zone=session))"
    target = "forward_return_n(n=5)" if earlier else "forward_return_n(horizon_bars=5)"
    dimension = "cross(first=hour(zone=UTC),second=dow(zone=UTC))" if earlier else (
        "cross(first=hour(zone=utc),second=dow(zone=session))"
    )  # fmt: skip
    place = {"symbol": ["A"], "timeframe": ["D1"]}
    files = {
        STATS: stats(event, condition, target).sample(fraction=1.0, shuffle=True, seed=int(earlier)),
        PROFILES: pl.DataFrame(
            {**place, "fold": [-1], "split": ["all"], "dimension": [dimension], "bin": ["0|0"],
             "metric": ["p_reversal(within_bars=1)" if earlier else "p_reversal(horizon_bars=1)"], "value": [0.25]}
        ),
        FEATURES: pl.DataFrame({"ts": [datetime(2024, 1, d, tzinfo=UTC) for d in (1, 2)], rsi: [1.0, None]}),
        MART: pl.DataFrame({**place, "split": ["test"], "strongest_event": [event], "spec_id": [str(earlier)]}),
    }  # fmt: skip
    for path, frame in files.items():
        (root / path).parent.mkdir(parents=True)
        frame.write_parquet(root / path)
    return root


def test_renamed_ids_are_no_difference(tmp_path: Path) -> None:
    assert list(compare_lakes(lake(tmp_path / "old", earlier=True), lake(tmp_path / "new", earlier=False))) == []


def changed(path: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def plant(root: Path) -> None:
        change(pl.read_parquet(root / path)).write_parquet(root / path)

    return plant


PLANTED: list[tuple[Callable[[Path], None], str]] = [
    (changed(STATS, lambda f: f.with_columns(n=pl.when(pl.col("n") == 10).then(11).otherwise("n"))), "n was 10, is 11"),
    (changed(STATS, lambda f: f.with_columns(p_hat=pl.col("p_hat").fill_null(0.0))), "p_hat was None, is 0.0"),
    (changed(STATS, lambda f: f.with_columns(p_hat=pl.col("p_hat").fill_nan(None))), "p_hat was nan, is None"),
    (changed(STATS, lambda f: f.with_columns(p_hat=pl.col("p_hat") + 1e-16)), "p_hat was 0.5, is 0.5000000000000001"),
    (changed(STATS, lambda f: f.filter(pl.col("n") != 30)), "fold=1, split=train"),
    (changed(STATS, lambda f: pl.concat([f, f.head(1).with_columns(fold=pl.lit(7, pl.Int64))])), "row is new"),
    (changed(STATS, lambda f: f.drop("n")), "column n is missing"),
    (changed(STATS, lambda f: f.with_columns(m=1)), "column m is new"),
    (changed(STATS, lambda f: f.with_columns(pl.col("n").cast(pl.Int32))), "column n is Int32, was Int64"),
    (changed(STATS, lambda f: pl.concat([f, f.filter(pl.col("n") == 10)])), "1 rows repeat a key in the new table"),
    (changed(FEATURES, lambda f: f.with_columns(pl.lit(2.0).alias(f.columns[1]))), "rsi(window_bars=14) was 1.0"),
    (changed(PROFILES, lambda f: f.with_columns(value=0.26)), "value was 0.25, is 0.26"),
    (changed(MART, lambda f: f.with_columns(strongest_event=pl.lit("gap_up"))), "is 'gap_up'"),
    (lambda root: (root / MART).unlink(), "is missing"),
    (lambda root: pl.DataFrame({"a": [1]}).write_parquet(root / "other.parquet"), "other.parquet: is new"),
]


@pytest.mark.parametrize(("plant", "words"), PLANTED, ids=[words for _, words in PLANTED])
def test_a_planted_difference_is_seen(
    tmp_path: Path, plant: Callable[[Path], None], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = lake(tmp_path / "old", earlier=True), lake(tmp_path / "new", earlier=False)
    plant(new)
    assert main([str(old), str(new)]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert any(words in line for line in lines)
    assert last == f"{len(lines)} differences"


def test_rounding_and_additions_are_let_through_only_when_asked(tmp_path: Path) -> None:
    old, new = lake(tmp_path / "old", earlier=True), lake(tmp_path / "new", earlier=False)
    changed(STATS, lambda f: f.with_columns(p_hat=pl.col("p_hat") + 1e-16, m=1))(new)
    changed(STATS, lambda f: pl.concat([f, f.head(1).with_columns(fold=pl.lit(7, pl.Int64))]))(new)
    both = [str(old), str(new)]
    assert main(both) == 1
    assert main([*both, "--rounding", "1e-12"]) == 1
    assert main([*both, "--additions"]) == 1
    assert main([*both, "--rounding", "1e-12", "--additions"]) == 0
    changed(STATS, lambda f: f.with_columns(p_hat=pl.col("p_hat") * 1.001))(new)
    assert main([*both, "--rounding", "1e-12", "--additions"]) == 1
    changed(STATS, lambda f: f.with_columns(p_hat=pl.lit(None, pl.Float64)))(new)
    assert main([*both, "--rounding", "1e-12", "--additions"]) == 1


def test_the_command_ends_with_the_number(tmp_path: Path) -> None:
    old, new = lake(tmp_path / "old", earlier=True), lake(tmp_path / "new", earlier=False)
    command = [sys.executable, "-m", "tests.comparison.compare_lakes", str(old), str(new)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "0 differences")
    with pytest.raises(SystemExit, match="no Parquet file"):
        main([str(tmp_path / "nothing"), str(new)])


def test_names_that_are_no_ids_stay() -> None:
    assert present_name("events", "always_tru") == "always_tru"
    assert present_name("dimensions", "is_month(zone=UTC,month=3)") == "is_month(zone=session,month=3)"
    assert present_name("dimensions", "last_day_of_month(k=2,basis=calendar,zone=UTC)").endswith("zone=session)")
