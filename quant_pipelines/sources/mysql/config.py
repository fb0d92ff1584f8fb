"""The declaration of a MySQL or MariaDB source: one field per option, each with its default.

Put here: fields, their types and the checks that need no server.
Keep out: checks against the live schema (schema.py) and reading the environment (resources.py).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from quant_core.errors import ConfigError, SymbolError
from quant_core.model_parsing import parse_model
from quant_core.quality import QualityRules
from quant_core.symbols import check_symbol
from quant_core.timeframes import Timeframe, parse_timeframe

Scalar = bool | int | float | datetime | date | str
FilterOp = Literal["=", "!=", "<", "<=", ">", ">=", "in", "between", "is_null"]

# Options that say how to read, not which rows exist or how they are numbered.
NOT_IDENTITY = frozenset(
    {
        "connection_url", "env_var", "end", "chunk_minutes", "rows_per_window", "bulk_reader", "increment_rows",
        "max_attempts", "retry_wait_seconds", "retry_max_wait_seconds", "retry_budget_seconds",
        "connect_timeout_seconds", "read_timeout_seconds", "symbols", "symbol_aliases", "timeframes", "discover",
        "calendar", "calendars", "allow_non_positive_prices", "hold_back_unfinished", "fingerprint_days", "quality",
    }
)  # fmt: skip

# Options of earlier releases, and why nothing is lost without them.
_RETIRED = {
    "overlap_bars": "every window of the history that changed is read again, however old",
    "updated_at_col": "rewritten rows are found by checksums of their values",
    "fingerprint_count": "the fingerprint counts and sums up the whole series; fingerprint_days: N shortens its look",
}


class MysqlFilter(BaseModel):
    """One structured predicate; all filters of a source are AND-ed. The value is bound, never pasted.

    >>> MysqlFilter(column="venue", op="in", value=["XNAS", "XNYS"]).op
    'in'
    >>> MysqlFilter(column="volume", op="between", value=[1])
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at filters: volume between: expected a list of two values, found [1]. ...
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    column: str
    op: FilterOp
    value: Scalar | list[Scalar] | None = None

    @model_validator(mode="after")
    def _value_fits_op(self) -> MysqlFilter:
        many = isinstance(self.value, list)
        items = self.value if isinstance(self.value, list) else [self.value]
        if self.op == "in":
            fits, expected = many and len(items) > 0, "a list of at least one value"
        elif self.op == "between":
            fits, expected = many and len(items) == 2, "a list of two values"
        elif self.op == "is_null":
            fits, expected = isinstance(self.value, bool), "true or false"
        else:
            fits, expected = not many and self.value is not None, "one value"
        if any(isinstance(v, float) and not math.isfinite(v) for v in items):
            fits, expected = False, "finite numbers"
        if not fits:
            where = f"filters: {self.column} {self.op}"
            raise ConfigError.at(where, expected=expected, found=self.value, next_step="Correct the filter's value.")
        return self


class MysqlConfig(BaseModel):
    """Everything a MySQL source needs to know, except the secret.

    Attributes:
        connection_url: SQLAlchemy URL without a password (it then wins over ``env_var``); one that holds a
            password is refused, because sources.yaml is a committed, logged file.
        env_var: environment variable that holds the DSN; read by resources.py only.
        schema_name: ``schema`` in YAML: database of the table; None = the DSN's database.
        timeframe_col: None = the table has one timeframe, named by ``timeframe``.
        timeframe_values: timeframe → the table's spelling, where it cannot be parsed or is ambiguous.
        volume_col: None = the table has no volume.
        symbols: None = all; a list of names, or a mapping of our symbol → the table's name.
        symbol_aliases: the table's name → our symbol, for names that cannot be a partition key (``EUR/USD``).
        discover: False = do not ask the table which instruments exist; ``symbols`` × ``timeframes`` are all of them.
        start, end: inclusive bounds on the stored stamp, as UTC instants; a date as end includes the whole day.
        filters: structured predicates, AND-ed; they replace the raw predicate ``extra_where``.
        chunk_minutes: > 0 = a statement never spans more than one window of that many minutes (half-open windows).
        rows_per_window: most rows one statement returns and one delivery holds (bounds the memory).
        bulk_reader: ``auto`` = connectorx where installed (else PyMySQL, with a warning); or force one of them.
        increment_rows: a span of at most so many rows goes through PyMySQL, a larger one through connectorx.
        max_attempts, retry_wait_seconds, retry_max_wait_seconds: attempts of one statement on lost connections, and
            the waits between them, doubled each time.
        retry_budget_seconds: most time of failed attempts in a row; then the source fails at once, for as long again.
        connect_timeout_seconds: until a connection is open and the server has greeted.
        read_timeout_seconds: until a statement is answered; the server is told to give up then, too.
        hold_back_unfinished: True = a bar is delivered only once its close has passed on the server's clock, and the
            bars held back are counted; False = it is delivered, and the raw store waits for its completion.
        ts_unit: unit of an integer time column; required there, refused elsewhere.
        ts_zone: IANA zone of a DATETIME or DATE column; TIMESTAMP and integer columns are instants: UTC.
        ambiguous_time: what an hour that occurs twice in ``ts_zone`` means.
        quality: declared values of the quality checks; ``withdrawn_rows: remove`` takes deleted rows out.
        bar_stamp: whether the time column holds the bar's open or its close.
        price_scale: real price = stored price × price_scale (0.00001 for prices in points).
        fingerprint_days: None = every look at the table sums up all of it (an index range scan); N = the fingerprint,
            by which sensors and ``qe status`` see news, sums up the last N days only. Older changes then wait for the
            next ingest run, which compares everything either way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, hide_input_in_errors=True)

    connection_url: str | None = None
    env_var: str = Field(default="QE_MARKETDATA_MYSQL_URL", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    schema_name: str | None = Field(default=None, alias="schema")
    table: str = "ohlcv"
    symbol_col: str = "symbol"
    ts_col: str = "ts"
    open_col: str = "open"
    high_col: str = "high"
    low_col: str = "low"
    close_col: str = "close"
    volume_col: str | None = "volume"
    timeframe_col: str | None = "timeframe"
    extra_where: None = None
    chunk_minutes: int = Field(default=0, ge=0)
    symbol_lookup_table: str | None = None
    symbol_lookup_symbol_col: str = "symbol"
    symbol_lookup_id_col: str = "id"

    timeframe: Timeframe | None = None
    timeframes: list[Timeframe] | None = None
    timeframe_values: dict[Timeframe, str | int] = Field(default_factory=dict[Timeframe, str | int])
    symbols: list[str] | dict[str, str] | None = None
    symbol_aliases: dict[str, str] = Field(default_factory=dict[str, str])
    discover: bool = True
    start: datetime | date | None = None
    end: datetime | date | None = None
    filters: list[MysqlFilter] = Field(default_factory=list[MysqlFilter])

    ts_unit: Literal["s", "ms", "us", "ns"] | None = None
    ts_zone: str = "UTC"
    ambiguous_time: Literal["quarantine", "earliest", "latest"] = "quarantine"
    bar_stamp: Literal["open", "close"] = "open"
    price_scale: float = Field(default=1.0, gt=0.0, allow_inf_nan=False)
    calendar: str = "always_open"
    calendars: dict[str, str] = Field(default_factory=dict[str, str])
    allow_non_positive_prices: bool | list[str] = False
    quality: QualityRules = Field(default_factory=QualityRules)
    hold_back_unfinished: bool = False

    rows_per_window: int = Field(default=250_000, ge=1)
    fingerprint_days: int | None = Field(default=None, ge=1)
    bulk_reader: Literal["auto", "connectorx", "pymysql"] = "auto"
    increment_rows: int = Field(default=20_000, ge=1)
    max_attempts: int = Field(default=6, ge=1)
    retry_wait_seconds: float = Field(default=0.5, ge=0.0)
    retry_max_wait_seconds: float = Field(default=30.0, ge=0.0)
    retry_budget_seconds: float = Field(default=120.0, gt=0.0)
    connect_timeout_seconds: int = Field(default=10, ge=1)
    read_timeout_seconds: int = Field(default=60, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _refuse_secrets_and_raw_sql(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        settings = cast("dict[str, Any]", data)
        for retired in sorted(settings.keys() & _RETIRED):
            raise ConfigError.at(
                retired, expected="no such option: it is gone", found=settings[retired],
                next_step=f"Remove the line; {_RETIRED[retired]}.",
            )  # fmt: skip
        if settings.get("extra_where") is not None:
            raise ConfigError(
                "extra_where is refused: it would paste raw SQL into every query. "
                "Write structured filters: filters: [{column: venue, op: '=', value: XNAS}]."
            )
        if settings.get("connection_url") is not None:
            _refuse_password(str(settings["connection_url"]))
        return settings

    @field_validator("timeframe", mode="before")
    @classmethod
    def _read_timeframe(cls, value: object) -> object:
        return parse_timeframe(value) if isinstance(value, str) else value

    @field_validator("start", "end", mode="before")
    @classmethod
    def _read_date(cls, value: object) -> object:
        is_date = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value.strip())
        return date.fromisoformat(value.strip()) if isinstance(value, str) and is_date else value

    @field_validator("timeframes", mode="before")
    @classmethod
    def _read_timeframes(cls, value: object) -> object:
        if not isinstance(value, list):
            return value
        return [parse_timeframe(str(v)) for v in cast("list[object]", value)]

    @field_validator("timeframe_values", mode="before")
    @classmethod
    def _read_timeframe_values(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {parse_timeframe(str(k)): v for k, v in cast("dict[object, object]", value).items()}

    @field_validator("symbol_aliases")
    @classmethod
    def _aliases_are_symbols(cls, value: dict[str, str]) -> dict[str, str]:
        for vendor, symbol in value.items():
            try:
                check_symbol(symbol)
            except SymbolError:
                raise ConfigError.at(
                    f"symbol_aliases: {vendor}", expected="letters, digits, '.', '_' or '-'", found=symbol,
                    next_step="Write a legal symbol, such as EUR-USD.",
                ) from None  # fmt: skip
        return value

    @field_validator("ts_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigError.at(
                "ts_zone", expected="an IANA zone", found=value, next_step="Write e.g. UTC or America/New_York."
            ) from None
        return value

    @model_validator(mode="after")
    def _fields_fit_together(self) -> MysqlConfig:
        if self.timeframe_col is None and self.timeframe is None:
            raise ConfigError.at(
                "timeframe", expected="the table's one timeframe (timeframe_col is null)", found=None,
                next_step="Add e.g. timeframe: M1.",
            )  # fmt: skip
        if self.timeframe_col is not None and self.timeframe is not None:
            raise ConfigError.at(
                "timeframe", expected="nothing: the timeframe is read from timeframe_col", found=self.timeframe.value,
                next_step="Set timeframe_col: null, or choose by timeframes: [M1].",
            )  # fmt: skip
        if not self.discover and (not self.symbols or not (self.timeframes or self.timeframe)):
            raise ConfigError.at(
                "discover", expected="symbols and timeframes to be declared where discover is false", found=False,
                next_step="List both, or set discover: true.",
            )  # fmt: skip
        return self

    @classmethod
    def parse(cls, settings: Mapping[str, Any], where: str) -> MysqlConfig:
        """Read the keys of a source in sources.yaml.

        Raises:
            ConfigError: a value is wrong; every wrong key is named, no value that may be secret is repeated.
            UnknownNameError: a key does not exist, with suggestions.

        >>> MysqlConfig.parse({"table": "candle", "ts_col": "date"}, "sources.yaml: sources.db").ts_col
        'date'
        >>> MysqlConfig.parse({"tabel": "candle"}, "sources.yaml: sources.db")
        Traceback (most recent call last):
        quant_core.errors.UnknownNameError: No mysql key is called 'tabel' (at sources.yaml: sources.db.tabel). Did ...
        """
        return parse_model(cls, settings, where, kind="mysql key")

    @property
    def vendor_names(self) -> dict[str, str] | None:
        """Our symbol → the table's name, or None where all symbols are wanted."""
        if self.symbols is None or isinstance(self.symbols, dict):
            return self.symbols
        return {s: s for s in self.symbols}


def _refuse_password(connection_url: str) -> None:
    """Refuse a URL with a password, without repeating any part of it."""
    try:
        has_password = make_url(connection_url).password is not None
    except (ArgumentError, ValueError):
        raise ConfigError(
            "connection_url is not a SQLAlchemy URL (its text is not shown, it may hold a secret). "
            "Expected mysql+pymysql://USER@HOST:PORT/DATABASE."
        ) from None
    if has_password or "password" in connection_url.lower() or "passwd" in connection_url.lower():
        raise ConfigError(
            "connection_url holds a password, and configuration files are committed and logged. Put the whole DSN in "
            "an environment variable and name it: env_var: QE_MARKETDATA_MYSQL_URL. connection_url is for logins "
            "without one."
        )
