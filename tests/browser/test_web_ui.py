"""The web UI in a real browser: a backfill over all partitions, and what a person sees afterwards."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from playwright.sync_api import expect

from quant_pipelines.lake.partitions import TIMEFRAMES
from tests.browser.web_ui import WebUi, browser_page, running_web_ui, screenshot
from tests.pipelines.small_project import SmallProject, keys_of

pytestmark = pytest.mark.browser

SYMBOLS = ("EURUSD", "GBPUSD")
STAGES = ("raw_bars", "bars", "features", "market_stats", "seasonality_profiles")


def _minutes_csv(symbol: str, n_days: int = 420, bars_per_day: int = 10) -> str:
    """A random walk in one-minute bars, some of every day, with one missing month: every timeframe can be made."""
    generator = np.random.default_rng([7, *symbol.encode()])
    start = datetime(2023, 1, 2, tzinfo=UTC)
    times = [
        start + timedelta(days=d, hours=h, minutes=m)
        for d in range(n_days)
        if not 200 <= d < 230
        for h in range(0, 24, 5)
        for m in range(bars_per_day // 5)
    ]
    close = np.exp(np.cumsum(generator.normal(0.0, 0.0005, len(times))))
    opened = np.concatenate([[1.0], close[:-1]])
    rows = (
        f"{t:%Y-%m-%d %H:%M:%S},{symbol},M1,{o:.5f},{max(o, c) + 1e-5:.5f},{min(o, c) - 1e-5:.5f},{c:.5f},10"
        for t, o, c in zip(times, opened, close, strict=True)
    )
    return "\n".join(["timestamp,symbol,timeframe,open,high,low,close,volume", *rows]) + "\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProject]:
    """Two symbols of one-minute bars, registered in an instance on disk."""
    if shutil.which("chromium") is None:
        message = "chromium is not on this machine; install the package chromium to run the browser tests"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    root = tmp_path_factory.mktemp("web_ui")
    (root / "home").mkdir()
    shutil.copy(Path(__file__).parents[2] / "quant_pipelines" / "config" / "dagster.yaml", root / "home")
    with dg.DagsterInstance.from_config(str(root / "home")) as instance:
        made = SmallProject.at(root, instance)
        for symbol in SYMBOLS:
            made.drop(symbol, _minutes_csv(symbol))
        made.register()
        yield made


@pytest.fixture(scope="module")
def web_ui(project: SmallProject) -> Iterator[WebUi]:
    """The web server and daemon on the project."""
    with running_web_ui(project.environment, project.root / "web.log") as ui:
        yield ui


def _wait_for_backfill(ui: WebUi, timeout_s: float = 540.0) -> tuple[str, int]:
    """Status and number of runs of the newest backfill, once it has ended."""
    query = """{ partitionBackfillsOrError(limit: 1) { ... on PartitionBackfills {
        results { status runs(limit: 100) { status } } } } }"""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        found = ui.graphql(query)["partitionBackfillsOrError"]["results"]
        if found and found[0]["status"] not in ("REQUESTED", "CANCELING", "FAILING"):
            return found[0]["status"], len(found[0]["runs"])
        time.sleep(1.0)
    raise AssertionError(f"the backfill did not end within {timeout_s} s")


def test_a_backfill_over_all_partitions_is_launched_from_the_page_and_fills_the_lake(
    project: SmallProject, web_ui: WebUi
) -> None:
    with browser_page() as page:
        page.goto(f"{web_ui.url}/asset-groups")
        for group in ("ingest", "research", "marts"):
            page.get_by_text(group, exact=True).first.wait_for()
        screenshot(page, "asset_graph_before")

        page.goto(f"{web_ui.url}/locations/quant_engine/jobs/research")
        page.get_by_text("Materialize all").first.click()
        everything = page.get_by_role("button", name="All", exact=True)
        expect(everything).to_have_count(2)  # one per dimension
        everything.nth(0).click()
        everything.nth(1).click()
        page.get_by_text(f"{len(SYMBOLS) * len(TIMEFRAMES)} partitions").first.wait_for()
        screenshot(page, "backfill_dialog")
        page.get_by_role("button", name="Launch backfill").click()
        status, n_runs = _wait_for_backfill(web_ui)
        assert status == "COMPLETED_SUCCESS"
        assert n_runs == min(len(SYMBOLS), len(TIMEFRAMES))  # Dagster cuts a full rectangle along its shorter side

        page.goto(f"{web_ui.url}/runs?view=backfills")
        page.get_by_text("16 partitions").first.wait_for()
        page.get_by_text("Success").first.wait_for()
        screenshot(page, "backfills")
        page.goto(f"{web_ui.url}/runs")
        screenshot(page, "runs")
    for stage in STAGES:
        assert project.materialized(stage) == keys_of(SYMBOLS, TIMEFRAMES)
    assert {str(k) for k in project.lake.keys("market_stats")} == keys_of(SYMBOLS, TIMEFRAMES)


def test_a_person_sees_figures_tables_and_checks_of_a_partition(project: SmallProject, web_ui: WebUi) -> None:
    project.run_range("research", "EURUSD|H1", "EURUSD|D1")
    project.run("marts", {})
    with browser_page() as page:
        page.goto(f"{web_ui.url}/assets/bars?view=partitions&partition=EURUSD%7CD1")
        page.get_by_text("price_chart").first.wait_for()
        screenshot(page, "bars_partition")
        row = page.locator("tr", has_text="price_chart")
        row.get_by_text("[Show Markdown]").click()
        picture = page.locator("img[alt='close with gaps']")
        picture.wait_for()
        assert picture.evaluate("image => image.complete && image.naturalWidth > 500")
        screenshot(page, "bars_price_chart")

        page.goto(f"{web_ui.url}/assets/market_stats?view=partitions&partition=EURUSD%7CD1")
        page.locator("tr", has_text="strongest_findings").get_by_text("[Show Markdown]").click()
        page.locator("img[alt='lift with intervals']").wait_for()
        screenshot(page, "market_stats_intervals")

        page.goto(f"{web_ui.url}/assets/bars?view=checks")
        for check in ("satisfies_its_contract", "no_row_was_refused", "is_fresh", "high_and_low_enclose"):
            page.get_by_text(check).first.wait_for()
        screenshot(page, "bars_checks")

        page.goto(f"{web_ui.url}/assets/mart__coverage")
        page.get_by_text("n_expected").first.wait_for()
        screenshot(page, "mart_coverage")
        page.goto(f"{web_ui.url}/asset-groups")
        page.get_by_text("ingest", exact=True).first.wait_for()
        screenshot(page, "asset_graph")
    assert page.is_closed()
