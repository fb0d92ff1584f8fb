"""Names from before the first release: still read, with a warning that says the name now, and nothing else changes."""

from __future__ import annotations

import warnings
from dataclasses import fields
from datetime import date
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
from quant_core.spec import load_research
from quant_core.timeframes import Timeframe
from tests.contract.random_bars import ohlcv

HERE = Path(__file__).parent
EARLIER = HERE / "research_with_earlier_names.yaml"
NOW = HERE.parents[1] / "quant_pipelines" / "config" / "research.yaml"
# What the blocks of the calendar said before they stood on dimensions: one row per bar, one column per earlier id.
LABELS = pl.read_parquet(HERE / "earlier_calendar_labels.parquet")
MARKETS = LABELS.select("calendar", "timeframe").unique(maintain_order=True).rows()
CATALOGS: dict[str, Catalog[Block]] = {"condition": CONDITIONS, "event": EVENTS, "feature": FEATURES}


def read(catalog: Catalog[Block], text: str) -> Block:
    """The block of an earlier name, which must warn."""
    with pytest.warns(RenamedWarning, match="Write the new name"):
        return parse_block(catalog, text)


def test_a_file_with_earlier_names_is_the_same_spec() -> None:
    with pytest.warns(RenamedWarning) as seen:
        earlier = load_research(EARLIER.read_text(), "earlier.yaml")
    now = load_research(NOW.read_text(), "research.yaml")
    assert earlier.canonical == now.canonical
    assert earlier.spec_id == now.spec_id
    texts = [str(w.message) for w in seen]
    assert "parameter period of Atr is called window_bars now (at earlier.yaml: features[1])" in "\n".join(texts)
    assert any("condition hour_bin is called calendar_bin(dimension=hour(zone=UTC)) now" in t for t in texts)


def test_today_s_file_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_research(NOW.read_text(), "research.yaml")


RENAMED = [
    (catalog, block, field.name, earlier)
    for catalog in families().values()
    for block in catalog.values()
    for field in fields(block)
    for earlier in field.metadata.get("earlier", ())
]


@pytest.mark.parametrize(("catalog", "block", "now", "earlier"), RENAMED, ids=str)
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


def bars_of(calendar: str, timeframe: str) -> Bars:
    """The bars whose labels were stored; prices do not matter."""
    own = LABELS.filter(calendar=calendar, timeframe=timeframe)
    frame = pl.DataFrame({"ts": own["ts"], "ts_close": own["ts"]}).hstack(ohlcv(own.height, 1))
    days = calendar_of(calendar)
    return Bars(
        frame.with_columns(days.session_date(frame["ts"]).alias("session_date")), "X", Timeframe(timeframe), days
    )


@pytest.mark.parametrize("column", [c for c in LABELS.columns if ": " in c])
@pytest.mark.parametrize(("calendar", "timeframe"), MARKETS)
def test_calendar_blocks_say_what_they_said(calendar: str, timeframe: str, column: str) -> None:
    """Differs where a named zone took the date of a daily bar's open: that bar has the session's date now."""
    bars = bars_of(calendar, timeframe)
    family, _, text = column.partition(": ")
    block = read(CATALOGS[family], text)
    now = block.labels(bars) if family == "condition" else block.compute(bars).cast(pl.String)  # type: ignore[attr-defined]
    names_a_date = "zone=" in text and not text.startswith("hour")
    if names_a_date and not bars.timeframe.is_intraday:
        now = block.labels(bars) if family == "condition" else block.compute(bars)  # type: ignore[attr-defined]
        session = read(CATALOGS[family], text.partition("(")[0])
        same = session.labels(bars) if family == "condition" else session.compute(bars)  # type: ignore[attr-defined]
        assert now.to_list() == same.to_list()
    else:
        stored = LABELS.filter(calendar=calendar, timeframe=timeframe)[column]
        assert now.to_list() == stored.to_list()


def test_the_stored_labels_are_worth_comparing() -> None:
    assert set(LABELS["calendar"]) == {"always_open", "fx_24_5", "XNYS", "XLON"}
    assert set(LABELS["timeframe"]) == {"M30", "H4", "D1", "W1"}
    assert LABELS["ts"].min().date() < date(2023, 1, 10)  # type: ignore[union-attr]
    assert all(LABELS[c].n_unique() > 2 for c in LABELS.columns if ": " in c)
