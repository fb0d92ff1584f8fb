"""Names from before the first release: still read, with a warning that says the name now, and nothing else changes."""

from __future__ import annotations

import hashlib
import json
import warnings
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from quant_core.bars import Bars
from quant_core.block import Block
from quant_core.calendars import calendar_of
from quant_core.catalog import Catalog
from quant_core.conditions import CONDITIONS
from quant_core.errors import ConfigError, UnknownNameError
from quant_core.events import EVENTS
from quant_core.features import FEATURES
from quant_core.grammar import parse_block
from quant_core.reference import families
from quant_core.renames import RenamedWarning, first_spelling
from quant_core.spec import MovedWarning, load_research
from quant_core.timeframes import Timeframe
from tests.contract.random_bars import ohlcv

HERE = Path(__file__).parent
EARLIER = HERE / "research_with_earlier_names.yaml"
NOW = HERE.parents[1] / "quant_pipelines" / "config" / "research.yaml"
# What the blocks of the calendar said before they stood on dimensions: market → id → digest of all labels.
LABELS: dict[str, dict[str, str]] = json.loads((HERE / "earlier_calendar_labels.json").read_text())
SPANS = {
    "M30": (datetime(2024, 2, 20, tzinfo=UTC), datetime(2024, 4, 8, tzinfo=UTC)),
    "H4": (datetime(2023, 10, 1, tzinfo=UTC), datetime(2024, 1, 15, tzinfo=UTC)),
    "D1": (datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
    "W1": (datetime(2023, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)),
}
CATALOGS: dict[str, Catalog[Block]] = {"condition": CONDITIONS, "event": EVENTS, "feature": FEATURES}


def read(catalog: Catalog[Block], text: str) -> Block:
    """The block of an earlier name, which must warn."""
    with pytest.warns(RenamedWarning, match="Write the new name"):
        return parse_block(catalog, text)


def test_a_file_with_earlier_names_is_the_same_spec() -> None:
    with pytest.warns(MovedWarning), pytest.warns(RenamedWarning) as seen:
        earlier = load_research(EARLIER.read_text(), "earlier.yaml")
    now = load_research(NOW.read_text(), "research.yaml")
    assert set(earlier.market_stats.conditions) == set(now.market_stats.conditions)
    assert earlier.spec_id == now.spec_id
    texts = [str(w.message) for w in seen]
    assert "parameter period of Atr is called window_bars now (at earlier.yaml: features[1])" in "\n".join(texts)
    assert any("condition hour_bin is called calendar_bin(dimension=hour(zone=UTC)) now" in t for t in texts)


def test_today_s_file_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spec = load_research(NOW.read_text(), "research.yaml")
    assert spec.market_stats.conditions


RENAMED = [
    (catalog, block, field.name, earlier)
    for catalog in families().values()
    for block in catalog.values()
    for field in fields(block)
    for earlier in field.metadata.get("earlier", ())
]


@pytest.mark.parametrize(
    ("catalog", "block", "now", "earlier"),
    RENAMED,
    ids=[f"{block.__name__}-{earlier}" for _, block, _, earlier in RENAMED],
)
def test_every_earlier_parameter_is_read(catalog: Catalog[Block], block: type[Block], now: str, earlier: str) -> None:
    value = getattr(block(), now)
    written = f"{block().name}({earlier}={value})"
    with pytest.warns(RenamedWarning, match=f"parameter {earlier} of {block.__name__} is called {now} now"):
        assert parse_block(catalog, written) == block()
    assert earlier not in {f.name for f in fields(block)}


def test_nested_earlier_names_are_read() -> None:
    now = parse_block(CONDITIONS, "joint(first=calendar_bin(dimension=dow),second=quantile_bin(feature=atr))")
    assert read(CONDITIONS, "joint(first=day_of_week,second=quantile_bin(feature=atr(period=14)))") == now


@pytest.mark.parametrize("word", ["calendar", "exchange"])
def test_earlier_words_for_the_zone_are_read(word: str) -> None:
    dimensions = families()["dimensions"]
    for name in ("dow", "hour", "last_day_of_month"):
        assert read(dimensions, f"{name}(zone={word})") == parse_block(dimensions, f"{name}(zone=session)")
    assert parse_block(dimensions, "hour(zone=UTC)").canonical == "hour(zone=utc)"


def test_an_earlier_block_refuses_what_it_refused() -> None:
    with pytest.raises(UnknownNameError, match="No parameter of hour_bin is called 'zones'"):
        parse_block(CONDITIONS, "hour_bin(zones=UTC)")
    with pytest.warns(RenamedWarning), pytest.raises(ConfigError, match="IANA zone"):
        parse_block(CONDITIONS, "hour_bin(zone=Mars/Olympus)")
    with pytest.raises(UnknownNameError, match="No condition is called 'session'"):
        parse_block(CONDITIONS, "session(scheme=none_of_them)")


def test_random_streams_keep_their_names() -> None:
    """A bootstrap is seeded by the first spelling, so a rename moves no number."""
    spelled = {
        ("event", "k_consecutive"): "k_consecutive(k=3,direction=up)",
        ("condition", "quantile_bin"): "quantile_bin(feature=rsi(period=14),n_bins=5)",
        ("condition", "calendar_bin"): "day_of_week(zone=session)",
        ("condition", "calendar_bin(dimension=hour)"): "hour_bin(zone=UTC)",
        ("condition", "calendar_bin(dimension=turn_of_month)"): "turn_of_month(n_last_days=1,n_first_days=3)",
        ("condition", "calendar_bin(dimension=city_session)"): "session(scheme=local_clocks)",
        ("condition", "calendar_bin(dimension=quarter)"): "calendar_bin(dimension=quarter(zone=session))",
    }
    assert {key: first_spelling(parse_block(CATALOGS[key[0]], key[1])) for key in spelled} == spelled


def bars_of(market: str) -> Bars:
    """Random bars of a market with every sixth one missing."""
    calendar, timeframe = market.split()
    days = calendar_of(calendar)
    ts = days.expected_opens(Timeframe(timeframe), *SPANS[timeframe]).alias("ts")
    ts = ts.filter(pl.int_range(len(ts), eager=True) % 6 != 2)
    frame = pl.DataFrame({"ts": ts, "ts_close": ts}).hstack(ohlcv(len(ts), 3))
    session = days.session_date(ts).alias("session_date")
    return Bars(frame.with_columns(session), "X", Timeframe(timeframe), days)


def said(family: str, block: Block, bars: Bars) -> list[str | None]:
    """What a condition or a feature says of each bar, as text."""
    values = block.labels(bars) if family == "condition" else block.compute(bars)  # type: ignore[attr-defined]
    return values.cast(pl.String).to_list()


def digest_of(labels: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(labels).encode()).hexdigest()[:16]


@pytest.mark.parametrize("market", LABELS)
def test_calendar_blocks_say_what_they_said(market: str) -> None:
    """Differs where a named zone took the date of a daily bar's open: that bar has the session's date now."""
    bars, seen = bars_of(market), set()
    for name, stored in LABELS[market].items():
        family, _, text = name.partition(": ")
        now = said(family, read(CATALOGS[family], text), bars)
        if "zone=" in text and not text.startswith("hour") and not bars.timeframe.is_intraday:
            session = read(CATALOGS[family], text.partition("(")[0])
            assert now == said(family, session, bars)
        else:
            assert digest_of(now) == stored, f"{market} {name}"
        seen.add(len(set(now)))
    assert len(LABELS[market]) == 26
    assert max(seen) > 3
