"""Options of the MySQL source that need no server."""

from __future__ import annotations

import pytest

from quant_core.errors import ConfigError, UnknownNameError
from quant_pipelines.sources.mysql.config import MysqlConfig, MysqlFilter


def test_defaults_are_the_documented_ones() -> None:
    config = MysqlConfig.parse({}, "here")
    assert config.env_var == "QE_MARKETDATA_MYSQL_URL"
    assert (config.schema_name, config.table, config.symbol_col, config.ts_col) == (None, "ohlcv", "symbol", "ts")
    assert (config.open_col, config.high_col, config.low_col, config.close_col) == ("open", "high", "low", "close")
    assert (config.volume_col, config.timeframe_col, config.chunk_minutes) == ("volume", "timeframe", 0)
    assert (config.symbol_lookup_table, config.symbol_lookup_symbol_col, config.symbol_lookup_id_col) == (
        None, "symbol", "id",
    )  # fmt: skip


def test_every_option_of_the_source_system_is_accepted_by_name() -> None:
    settings = {
        "connection_url": None, "env_var": "X_DSN", "schema": "s", "table": "t", "symbol_col": "a", "ts_col": "b",
        "open_col": "c", "high_col": "d", "low_col": "e", "close_col": "f", "volume_col": None, "timeframe_col": "g",
        "extra_where": None, "chunk_minutes": 5, "symbol_lookup_table": "l", "symbol_lookup_symbol_col": "n",
        "symbol_lookup_id_col": "i",
    }  # fmt: skip
    assert MysqlConfig.parse(settings, "here").schema_name == "s"


@pytest.mark.parametrize(
    "url",
    [
        "mysql+pymysql://u:hunter2@h/db",
        "mysql+pymysql://u@h/db?password=hunter2",
        "hunter2 is not a url",
        {"password": "hunter2"},
    ],
)
def test_a_connection_url_with_a_secret_is_refused_without_repeating_it(url: object) -> None:
    with pytest.raises(ConfigError) as caught:
        MysqlConfig.parse({"connection_url": url}, "here")
    assert "hunter2" not in str(caught.value)


def test_a_connection_url_without_a_password_is_accepted() -> None:
    url = "mysql+pymysql://reader@localhost/db"
    assert MysqlConfig.parse({"connection_url": url}, "here").connection_url == url


def test_raw_sql_predicates_are_refused_and_the_way_out_is_named() -> None:
    with pytest.raises(ConfigError, match="filters:"):
        MysqlConfig.parse({"extra_where": "1=1"}, "here")


def test_wrong_values_are_named_without_repeating_them() -> None:
    with pytest.raises(ConfigError, match=r"chunk_minutes.*rows_per_window") as caught:
        MysqlConfig.parse({"chunk_minutes": -1, "rows_per_window": "hunter2"}, "sources.yaml: sources.db")
    assert "hunter2" not in str(caught.value)
    assert "sources.yaml: sources.db" in str(caught.value)


def test_unknown_keys_are_refused_with_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="symbol_lookup_table"):
        MysqlConfig.parse({"symbol_lookup_tabel": "x"}, "here")


@pytest.mark.parametrize(
    "settings",
    [
        {"timeframe_col": None},
        {"timeframe": "M1"},
        {"discover": False},
        {"discover": False, "symbols": ["A"]},
        {"ts_zone": "Mars/Olympus"},
        {"ts_zone": "../../etc/passwd"},
        {"price_scale": 0},
        {"price_scale": float("inf")},
        {"timeframes": ["M7"]},
        {"env_var": "A=B"},
        {"ts_unit": "minutes"},
    ],
)
def test_values_that_do_not_fit_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        MysqlConfig.parse(settings, "here")


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("in", []), ("in", "a"), ("between", [1]), ("between", 3), ("is_null", 1), ("is_null", None), ("=", None),
        ("=", [1]), ("<", float("nan")), ("in", [1.0, float("inf")]),
    ],
)  # fmt: skip
def test_filter_values_must_fit_their_operator(op: str, value: object) -> None:
    with pytest.raises(ConfigError):
        MysqlFilter.model_validate({"column": "c", "op": op, "value": value})


def test_unknown_filter_operators_are_refused() -> None:
    with pytest.raises(ConfigError, match="filters"):
        MysqlConfig.parse({"filters": [{"column": "c", "op": "like '%' or", "value": "x"}]}, "here")
