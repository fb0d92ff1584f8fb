"""Findings in a report: their headline, the outcomes behind a page, and figures that can be read."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from quant_core.bars import Bars
from quant_core.market_stats import compute_market_stats
from quant_core.spec import ResearchSpec, load_research
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.sentences import finding_sentence
from quant_pipelines.plots import finding_intervals, finding_page, market_stats_heat_map, svg
from quant_pipelines.report import publish_report
from quant_pipelines.report.finding_outcomes import outcomes_of
from quant_pipelines.report.findings import verdict_sentence
from tests.pipelines.small_project import SmallProject, daily_csv

RESEARCH = load_research(
    """
folds: {scheme: anchored, train_months: 24, test_months: 12, embargo_days: 5}
cost: {round_trip_bps: 2.0}
market_stats:
  events: ["k_consecutive(window_bars=1,direction=up)", "k_consecutive(window_bars=1,direction=down)"]
  conditions: [vol_tertile]
  targets: [up_next_bar, touch_up_before_down, forward_return_n, "retracement(window_bars=2)"]
  n_min: 30
""",
    "pages",
)


@pytest.fixture(scope="module")
def bars() -> Bars:
    generator = np.random.default_rng(2)
    close = np.exp(np.cumsum(generator.normal(0, 0.01, 2400)))
    opened = np.append(1.0, close[:-1]) * np.exp(generator.normal(0, 0.002, 2400))
    high, low = np.maximum(opened, close) * 1.002, np.minimum(opened, close) * 0.998
    return Bars.of(open=opened, high=high, low=low, close=close, timeframe=Timeframe.D1)


@pytest.fixture(scope="module")
def cells(bars: Bars) -> pl.DataFrame:
    """The pooled cells, with the side that the mart would name."""
    pooled = compute_market_stats(bars, RESEARCH.market_stats).filter(split="oos_pooled")
    is_with = pl.col("net_open_mean_bps") >= pl.col("net_open_against_bps")
    return pooled.with_columns(
        net_best_bps=pl.max_horizontal("net_open_mean_bps", "net_open_against_bps"),
        net_best_side=pl.when(is_with).then(pl.lit("with")).otherwise(pl.lit("against")),
    )


@pytest.mark.parametrize("target", ["up_next_bar", "touch_up", "forward_return_n", "retracement"])
@pytest.mark.parametrize("state", ["all", "low"])
def test_the_outcomes_of_a_page_are_those_that_the_cell_counts(
    bars: Bars, cells: pl.DataFrame, target: str, state: str
) -> None:
    rows = cells.filter(pl.col("target").str.starts_with(target), condition_value=state)
    assert rows.height == 2
    for row in rows.iter_rows(named=True):
        found = outcomes_of(bars, RESEARCH, row)
        assert found.events.height == found.years["n"].sum() == row["n"] > 0
        is_rate = row["target_kind"] == "binary"
        estimate = row["p_hat"] if is_rate else row["mean"]
        assert found.events["value"].mean() == pytest.approx(estimate, abs=1e-12)
        lift = row["lift_freq"] if is_rate else row["lift_mean"]
        assert found.events["excess"][-1] == pytest.approx(row["n"] * lift, abs=1e-9)
        if target == "retracement":
            assert found.events["paid"].null_count() == row["n"]
        elif target != "touch_up":
            # Of touches, trades whose outcome stayed open count in the mean too.
            assert found.events["paid"].mean() == pytest.approx(row["net_best_bps"], abs=1e-9)
        weights = found.years["n"] / row["n"]
        assert (weights * found.years["estimate"]).sum() == pytest.approx(estimate, abs=1e-12)
        assert found.years["baseline"].null_count() == 0


def drawn(call: Any, *arguments: Any, **named: Any) -> Figure:
    """The figure that a plot hands to its renderer, laid out."""
    figures: list[Figure] = []

    def keep(figure: Figure) -> bytes:
        figures.append(figure)
        return b""

    call(*arguments, render=keep, **named)
    FigureCanvasAgg(figures[0]).draw()
    return figures[0]


def colliding(axes: Axes, which: str) -> list[tuple[str, str]]:
    """Pairs of tick labels of one axis that overlap."""
    labels = [t for t in getattr(axes, f"get_{which}ticklabels")() if t.get_text() and t.get_visible()]
    boxes = [(t.get_text(), t.get_window_extent()) for t in labels]
    return [(a, b) for (a, box), (b, other) in combinations(boxes, 2) if box.overlaps(other)]


LONG = "touch_up_before_down(atr_multiple=1.0,window_bars=14,horizon_bars=20,ambiguous=null)"


def test_labels_of_intervals_do_not_run_into_each_other() -> None:
    states = [f"quantile_bin(feature=rsi(window_bars=14),n_bins=5) = q{i}\n{LONG} and {LONG}" for i in range(8)]
    labels = [f"rsi_extreme(window_bars=14,side=overbought)\n{state}" for state in states]
    rows = pl.DataFrame({"label": [x for pair in zip(labels, ["short"] * 8, strict=True) for x in pair]}).with_columns(
        p_hat=0.55, baseline=0.5, ci_low=0.5, ci_high=0.6, n=100, n_eff=90.0, verdict=pl.lit("significant")
    )
    assert colliding(drawn(finding_intervals, rows, title="what").axes[0], "y") == []


def test_a_finding_without_a_verdict_is_drawn_too() -> None:
    row = {"label": "the baseline", "p_hat": 0.5, "baseline": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n": 9, "n_eff": 9.0}
    rows = pl.DataFrame([row]).with_columns(verdict=pl.lit(None, pl.String))
    assert b"the baseline" in finding_intervals(rows, title="what", render=svg)


@pytest.mark.parametrize("n_states", [3, 9])
def test_labels_of_the_heat_map_do_not_run_into_each_other(n_states: int) -> None:
    events = [f"rsi_extreme(window_bars=14,side=overbought,low={i}0.0,high=70.0,smoothing_of_it=5)" for i in range(9)]
    rows = pl.DataFrame(
        [
            {"split": split, "fold": 1, "event": e, "condition_value": f"a long name {i}", "bin_order": i}
            for split in ("train", "test")
            for e in events
            for i in range(n_states)
        ]
    ).with_columns(
        lift=0.1, n=100, n_eff=90.0, q_value=0.1, verdict=pl.lit("significant"), target_kind=pl.lit("binary")
    )
    for axes in drawn(market_stats_heat_map, rows, title="what").axes[:2]:
        assert colliding(axes, "y") == []
        assert colliding(axes, "x") == []


def test_the_page_draws_rates_means_and_outcomes_without_a_trade(bars: Bars, cells: pl.DataFrame) -> None:
    for target, words in (("up_next_bar", "net of a trade"), ("retracement", "false"), ("forward", "mean [fraction]")):
        row = cells.filter(pl.col("target").str.starts_with(target), condition_value="all").row(0, named=True)
        found = outcomes_of(bars, RESEARCH, row)
        form = "rate" if row["target_kind"] == "binary" else "mean"
        image = finding_page(found.events, found.years, found.bars, form=form, unit="fraction", render=svg).decode()
        assert words in image
        assert len(image) < 250_000
        figure = drawn(finding_page, found.events, found.years, found.bars, form=form, unit="fraction")
        assert [pair for axes in figure.axes for which in "xy" for pair in colliding(axes, which)] == []


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """Two twins of one event under two names of a target, in the lake with its marts."""
    made = SmallProject.at(tmp_path_factory.mktemp("pages"))
    (made.root / "config" / "research.yaml").write_text(_text_of())
    made.drop("AAA", daily_csv("AAA", 2_500))
    made.register()
    made.run_key("research", "AAA|D1")
    made.run("marts", {})
    return made


def _text_of() -> str:
    return """
folds: {scheme: anchored, train_months: 24, test_months: 12, embargo_days: 5}
cost: {round_trip_bps: 2.0}
market_stats:
  events: ["k_consecutive(window_bars=1,direction=up)", "k_consecutive(window_bars=1,direction=down)"]
  targets: [up_next_bar, "continuation_n(horizon_bars=1,direction=up)"]
  n_min: 30
"""


def test_a_report_opens_every_question_once_with_its_sentence(project: SmallProject) -> None:
    research = load_research(_text_of(), "research.yaml")
    page = _page(project, research)
    articles = re.findall(r"<article.*?</article>", page, re.DOTALL)
    # Two events, their twins under another name of the target, and up and down part nearly the same bars.
    stats = project.lake.read("market_stats", PartitionKey("AAA", "D1")).filter(split="oos_pooled")
    assert len(articles) == stats["hypothesis"].n_unique() == 2
    mart = pl.read_parquet(project.root / "lake" / "mart__market_stats_top" / "data.parquet")
    for article in articles:
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", article))
        sentences = [finding_sentence(row) for row in mart.filter(split="oos_pooled").to_dicts()]
        assert sum(s.replace("<", "&lt;") in text for s in sentences) == 1
        assert "The same question under other names:" in text
        assert 'src="data:image/svg+xml' in article
    assert page.index('id="finding-pages"') < page.index('id="quality"')
    assert "Nothing is significant. These 2 come nearest" in page


def test_pages_are_left_out_where_their_bars_cannot_be_known(project: SmallProject) -> None:
    other = load_research(_text_of().replace("n_min: 30", "n_min: 40"), "research.yaml")
    page = _page(project, other)
    assert "<article" not in page
    assert "their outcomes cannot be shown" in page


def _page(project: SmallProject, research: ResearchSpec) -> str:
    return Path(publish_report(project.lake, research, "AAA").path).read_text(encoding="utf-8").replace("<wbr>", "")


def test_the_verdict_counts_findings_and_their_expected_errors() -> None:
    cells = pl.DataFrame(
        {
            "q_value": [0.01, 0.02, 0.5, None],
            "q_value_global": [0.03, 0.2, 0.9, None],
            "verdict": ["significant", "significant", "not_significant", "insufficient"],
            "verdict_global": ["significant", "not_significant", "not_significant", "insufficient"],
            "p_value": [0.001, 0.04, 0.5, None],
            "cost_bps": [1.0] * 4,
            "clears_cost": [True, False, True, None],
        }
    )
    sentence = verdict_sentence(cells, 0.1)
    assert sentence.startswith("2 significant of 3 questions tested, 1 of them pays after costs.")
    assert "for this symbol and timeframe; at a false discovery rate of 0.1 expect up to 0.2 of them" in sentence
    assert "1 would stand among the findings of all symbols and timeframes. 2 of 3 p-values are at most" in sentence
    # Strangers may change what stands among the findings of all, and nothing else.
    alone = cells.with_columns(pl.lit(None, pl.Float64).alias("q_value_global"), verdict_global=pl.lit(None, pl.String))
    assert verdict_sentence(alone, 0.1) == sentence.replace(
        "1 would stand among the findings of all symbols and timeframes. ", ""
    )
