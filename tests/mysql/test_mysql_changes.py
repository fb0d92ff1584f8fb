"""What a MySQL source notices between two calls, what it refuses to hide, and what it never tells."""

from __future__ import annotations

import importlib.util
import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from quant_core.errors import ConfigError, SourceError
from quant_core.timeframes import Timeframe
from quant_pipelines.sources.contract import Instrument
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.source import MysqlSource
from tests.mysql.mariadb_server import READER_PASSWORD, MariadbServer
from tests.mysql.small_tables import MakeSource, rows_of

pytestmark = pytest.mark.mysql
INSTRUMENT = Instrument("A", Timeframe.M1, "always_open", "db", "A")
KEYS: dict[str, Any] = {"table": "live", "timeframe_col": None, "timeframe": "M1", "rows_per_window": 300}


@pytest.fixture
def live(server: MariadbServer) -> MariadbServer:
    """A thousand bars, all written at the same moment."""
    server.load(
        "CREATE OR REPLACE TABLE live (symbol VARCHAR(32), ts DATETIME(6), open DOUBLE, high DOUBLE, low DOUBLE,"
        " close DOUBLE, volume DOUBLE, updated DATETIME(6), PRIMARY KEY (symbol, ts))",
        "INSERT INTO live SELECT 'A', TIMESTAMP'2020-01-01 00:00:00' + INTERVAL seq MINUTE, 1, 2, 0.5, 1.5, seq,"
        " TIMESTAMP'2020-02-01 00:00:00' FROM seq_1_to_1000",
    )
    return server


def test_the_fingerprint_moves_with_every_kind_of_change_it_promises(
    live: MariadbServer, make_source: MakeSource
) -> None:
    source = make_source(**KEYS)
    seen = [source.fingerprint(INSTRUMENT)]
    assert source.fingerprint(INSTRUMENT) == seen[0]
    for statement in (
        "INSERT INTO live VALUES ('A', '2021-01-01', 1, 2, 0.5, 1.5, 1001, '2020-02-01')",
        "UPDATE live SET close = 1.6 WHERE volume = 1001",
        "UPDATE live SET close = 1.6 WHERE volume = 7",
        "UPDATE live SET close = NULL WHERE volume IN (8, 9)",
        "UPDATE live SET high = high + 4e-16, low = low - 1e-16 WHERE volume = 10",
        "INSERT INTO live VALUES ('A', '2019-01-01', 1, 2, 0.5, 1.5, 1002, '2020-02-01')",
        "DELETE FROM live WHERE volume IN (500, 501)",
    ):
        live.load(statement)
        seen.append(source.fingerprint(INSTRUMENT))
    assert len(set(seen)) == 8
    live.load("INSERT INTO live VALUES ('B', '2021-01-01', 1, 2, 0.5, 1.5, 1, '2020-02-01')")
    assert source.fingerprint(INSTRUMENT) == seen[-1], "another symbol's rows change nothing"


def test_another_configuration_voids_the_watermark_and_says_so(
    live: MariadbServer, make_source: MakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    full = list(make_source(**KEYS).deliveries(INSTRUMENT, None))
    scaled = list(make_source(**KEYS, price_scale=0.01).deliveries(INSTRUMENT, full[-1].watermark))
    assert rows_of(scaled).height == 1_000
    assert "configured differently" in scaled[0].details["read_from_start_because"]
    assert "read from its start" in caplog.text
    smaller = make_source(**KEYS | {"rows_per_window": 50})
    assert not list(smaller.deliveries(INSTRUMENT, full[-1].watermark)), "how rows are read is not which rows exist"


def test_an_unfinished_bar_is_held_back_and_counted_where_declared(
    live: MariadbServer, make_source: MakeSource
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    live.load(f"INSERT INTO live VALUES ('A', '{now.isoformat(sep=' ')}', 1, 2, 0.5, 1.5, 1001, '2020-02-01')")
    held = list(make_source(**KEYS, hold_back_unfinished=True).deliveries(INSTRUMENT, None))
    assert rows_of(held).height == 1_000
    assert held[-1].details["n_unfinished_held_back"] == 1
    assert rows_of(list(make_source(**KEYS).deliveries(INSTRUMENT, None))).height == 1_001


def test_close_stamps_become_bar_opens(live: MariadbServer, make_source: MakeSource) -> None:
    opens, closes = (
        rows_of(list(make_source(**KEYS, bar_stamp=s).deliveries(INSTRUMENT, None))) for s in ("open", "close")
    )
    assert (opens["ts"] - closes["ts"]).unique().to_list() == [timedelta(minutes=1)]


def test_without_connectorx_the_fallback_is_loud_and_gives_the_same_rows(
    live: MariadbServer, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with_it = rows_of(list(make_source(**KEYS).deliveries(INSTRUMENT, None)))
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n, *a: None if n == "connectorx" else find(n, *a))
    without = list(make_source(**KEYS).deliveries(INSTRUMENT, None))
    assert {d.details["route"] for d in without} == {"pymysql"}
    assert rows_of(without).equals(with_it)
    assert any(r.levelno == logging.WARNING and "NOT installed" in r.getMessage() for r in caplog.records)
    with pytest.raises(ConfigError, match="not installed"):
        list(make_source(**KEYS, bulk_reader="connectorx").deliveries(INSTRUMENT, None))


def test_options_that_connectorx_would_ignore_are_refused_not_dropped(live: MariadbServer) -> None:
    source = MysqlSource(MysqlConfig.parse(KEYS, "x"), live.dsn() + "?ssl_check_hostname=false", "db")
    with pytest.raises(ConfigError, match=r"ssl_check_hostname.*bulk_reader: pymysql"):
        source._connection.bulk_available()


def test_a_missing_index_is_reported(
    live: MariadbServer, make_source: MakeSource, caplog: pytest.LogCaptureFixture
) -> None:
    live.load(
        "CREATE OR REPLACE TABLE bare LIKE live",
        "ALTER TABLE bare DROP PRIMARY KEY",
        "INSERT INTO bare SELECT * FROM live",
    )
    found = list(make_source(**KEYS | {"table": "bare"}).deliveries(INSTRUMENT, None))
    assert rows_of(found).height == 1_000
    assert found[0].details["index"] is False
    assert "has no index on symbol" in caplog.text


def test_the_session_is_read_only(live: MariadbServer, make_source: MakeSource) -> None:
    with pytest.raises(SourceError, match=r"READ ONLY|denied"):
        make_source(**KEYS)._connection.run("DELETE FROM live")


def _leaks(text: str) -> list[str]:
    quoted = [
        "S3cret",
        "p%40ss",
        "p@ss",
        READER_PASSWORD,
        quote(READER_PASSWORD, safe=""),
        "Wr0ng",
        "reader@",
        "reader:",
        "'reader'",
    ]
    return [q for q in quoted if q in text]


def test_no_error_log_or_representation_holds_the_dsn_or_its_password(
    live: MariadbServer, make_source: MakeSource, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    fast = {"max_attempts": 2, "retry_wait_seconds": 0.01}
    config, wide = MysqlConfig.parse(KEYS | fast, "x"), MysqlConfig.parse(KEYS | fast | {"schema": "nowhere"}, "x")
    dsns = [live.dsn(password="Wr0ngS3cret"), live.dsn(port=1), live.dsn(database="nowhere"), live.dsn()]
    dsns += ["S3cret", "mysql+pymysql://reader:S3cret@h:port/x", "postgresql://u:S3cret@h/x", ""]
    told = [repr(config)]
    for i, dsn in enumerate(dsns):
        with pytest.raises((SourceError, ConfigError)) as caught:
            list(MysqlSource(wide if i == 3 else config, dsn, "db").instruments())
        told += traceback.format_exception(caught.value)
        assert caught.value.__cause__ is None
    source = make_source(**KEYS)
    deliveries = list(source.deliveries(INSTRUMENT, None))
    told += [
        repr(source),
        str(source),
        repr(source._connection),
        repr([(d.details, d.watermark, d.origin) for d in deliveries]),
    ]
    with pytest.raises(SourceError) as caught:
        source._connection.bulk("SELECT nonsense FROM nowhere")
    told += traceback.format_exception(caught.value)
    output = capfd.readouterr()
    assert not _leaks("\n".join([*told, caplog.text, output.out, output.err]))
    assert _leaks(live.dsn()), "the search itself must find the secret where it is"
