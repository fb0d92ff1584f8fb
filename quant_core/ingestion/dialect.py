"""Dialect: everything a person can declare about how a file writes bars.

Put here: the declared options, their defaults and the checks of their values.
Keep out: detection of what was not declared and reading (the other files of this folder).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from quant_core.calendars import with_holidays
from quant_core.errors import UnknownNameError
from quant_core.model_parsing import parse_model
from quant_core.timeframes import parse_timeframe

ROLES = (
    "ts",
    "date",
    "time",
    "symbol",
    "timeframe",
    "complete",
    *("open", "high", "low", "close", "volume"),
    *("bid_open", "bid_high", "bid_low", "bid_close", "ask_open", "ask_high", "ask_low", "ask_close"),
    *("adj_open", "adj_high", "adj_low", "adj_close", "adj_volume"),
    "ignore",
)
"""What a column can be; ``ignore`` is a column that is not read."""

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


def parse_offset(text: str) -> timedelta | None:
    """Read a fixed offset from UTC; None when the text is not one.

    >>> parse_offset("-05:30"), parse_offset("Europe/Paris")
    (datetime.timedelta(days=-1, seconds=66600), None)
    """
    match = _OFFSET.fullmatch(text)
    if not match:
        return None
    sign, hours, minutes = match.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes))
    return size if sign == "+" else -size


def check_zone(text: str) -> str:
    """Return a zone unchanged when it is a fixed offset or a known IANA name.

    >>> check_zone("+05:30")
    '+05:30'
    """
    if parse_offset(text) is None:
        try:
            ZoneInfo(text)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"zone {text!r} is neither an IANA name (Europe/Paris) nor an offset (+05:30)") from error
    return text


class _Model(BaseModel):
    """Settings of every dialect model: frozen, unknown keys refused with a suggestion."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if isinstance(value, Mapping):
            for key in value:  # pyright: ignore[reportUnknownVariableType]
                if key not in cls.model_fields:
                    raise UnknownNameError.among("dialect key", str(key), cls.model_fields)  # pyright: ignore[reportUnknownArgumentType]
        return value  # pyright: ignore[reportUnknownVariableType]


class ShiftedZone(_Model):
    """A fixed offset plus the summer time of another zone, on that zone's dates.

    ``{base: "-05:00", dst_of: Europe/London}`` is UTC-5 in winter and UTC-4 while London has summer time.
    """

    base: str
    dst_of: str

    @field_validator("base")
    @classmethod
    def _offset(cls, value: str) -> str:
        if parse_offset(value) is None:
            raise ValueError(f"base {value!r} is not an offset such as -05:00")
        return value

    @field_validator("dst_of")
    @classmethod
    def _zone(cls, value: str) -> str:
        return check_zone(value)


class ZoneRule(_Model):
    """A zone in force until a moment of the file's own clock (exclusive); the last rule has no end."""

    zone: str | ShiftedZone
    until: datetime | None = None

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | ShiftedZone) -> str | ShiftedZone:
        return check_zone(value) if isinstance(value, str) else value


class Dialect(_Model):
    """How a file writes bars; every field left out is detected, or has the stated default.

    Attributes:
        format: reader id (``delimited_text``, ``json_rows``, ``parquet_file``, ``feather_file``); detected from bytes.
        members: glob of the archive members to read; default all.
        max_file_mb: limit of the bytes of a file, MiB; default 2048.
        max_unpacked_mb: limit of the bytes that an archive or a compressed table unpacks to, MiB; default 64 times the
            file, at least 64 and at most 2048.
        encoding: text encoding; detected: byte-order mark, UTF-16 by its zero bytes, UTF-8, else latin-1.
        separator: field separator; detected among comma, semicolon, tab, bar and blank.
        skip_lines: lines before the header (banner); detected.
        header: True, False, or the list of column roles/names of a file without header.
        columns: vendor column name (any case) → role; on top of the built-in aliases.
        null_values: texts that mean "missing"; default empty, NA, N/A, #N/A, null, NULL, None.
        decimal: decimal mark; thousands: grouping mark to remove, default none.
        date_format: strptime format of the time column, or of the date column when split.
        time_format: strptime format of the time-of-day column when split.
        epoch_unit: unit of numeric times; detected by magnitude.
        zone: clock of naive times: IANA name, offset, shifted zone, or dated rules; default UTC.
        ambiguous: what a repeated local hour means: ``order`` resolves it by row order where the hour is
            written twice and quarantines it otherwise.
        bar_stamp: what the time is: the bar's open (default) or close.
        calendar: calendar of the market: sessions of daily bars, cuts of intraday ones; default ``always_open``, and
            undeclared is exactly as if that were written.
        holidays: dates on which the market was closed although the calendar does not know it.
        price_scale: prices are divided by it. price_digits: then rounded to this many decimals.
        price_columns: raw or adjusted columns where a file has both; default raw.
        symbol, timeframe: fixed values. symbol_aliases: vendor symbol → symbol.
        file_name_regex: groups ``symbol`` and ``timeframe`` searched in the member's, then the file's name.

    >>> Dialect(separator=";", zone="-05:00").bar_stamp is None
    True
    >>> Dialect(seperator=";")
    Traceback (most recent call last):
    quant_core.errors.UnknownNameError: No dialect key is called 'seperator'. Did you mean 'separator'?
    """

    format: str | None = None
    members: str | None = None
    max_file_mb: int | None = Field(default=None, gt=0)
    max_unpacked_mb: int | None = Field(default=None, gt=0)
    encoding: str | None = None
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    skip_lines: int | None = Field(default=None, ge=0)
    header: bool | list[str] | None = None
    columns: dict[str, str] | None = None
    null_values: list[str] | None = None
    decimal: Literal[".", ","] | None = None
    thousands: str | None = Field(default=None, min_length=1, max_length=1)
    date_format: str | None = None
    time_format: str | None = None
    epoch_unit: Literal["s", "ms", "us", "ns"] | None = None
    zone: str | ShiftedZone | list[ZoneRule] | None = None
    ambiguous: Literal["order", "earliest", "latest", "quarantine"] | None = None
    bar_stamp: Literal["open", "close"] | None = None
    calendar: str | None = None
    holidays: list[date] | None = None
    price_scale: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    price_digits: int | None = Field(default=None, ge=0, le=15)
    price_columns: Literal["raw", "adjusted"] | None = None
    symbol: str | None = None
    symbol_aliases: dict[str, str] | None = None
    timeframe: str | None = None
    file_name_regex: str | None = None

    @property
    def calendar_id(self) -> str:
        """Id of the calendar in use, without the declared holidays.

        >>> Dialect().calendar_id, Dialect(calendar="XNYS", holidays=[date(2025, 1, 9)]).calendar_id
        ('always_open', 'XNYS-2025-01-09')
        """
        return with_holidays(self.calendar or "always_open", self.holidays or [])

    @field_validator("columns")
    @classmethod
    def _roles(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        for name, role in (value or {}).items():
            if role not in ROLES:
                raise UnknownNameError.among("column role", role, ROLES, where=f"columns: {name}")
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: Any) -> Any:
        if isinstance(value, list):
            rules = cast(list[ZoneRule], value)
            if not rules or any(r.until is None for r in rules[:-1]) or rules[-1].until is not None:
                raise ValueError("every zone rule but the last needs `until`, and the last must have none")
            ends = [r.until for r in rules[:-1] if r.until]
            if any(e.tzinfo for e in ends) or ends != sorted(set(ends)):
                raise ValueError("`until` of zone rules must be naive times of the file's clock, ascending")
        return check_zone(value) if isinstance(value, str) else value  # pyright: ignore[reportUnknownVariableType]

    @field_validator("timeframe")
    @classmethod
    def _timeframe(cls, value: str | None) -> str | None:
        return None if value is None else parse_timeframe(value).value

    @field_validator("file_name_regex")
    @classmethod
    def _regex(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                groups = re.compile(value).groupindex
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
            if not set(groups) & {"symbol", "timeframe"}:
                raise ValueError("needs a named group (?P<symbol>…) or (?P<timeframe>…)")
        return value

    @model_validator(mode="after")
    def _marks_differ(self) -> Dialect:
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError(f"thousands and decimal are both {self.thousands!r}: declare decimal as the other mark")
        return self

    @classmethod
    def parse(cls, mapping: Mapping[str, Any], where: str) -> Dialect:
        """Read a dialect from configuration; errors name the place.

        Raises:
            ConfigError: an unknown key (with suggestions) or a wrong value.

        >>> Dialect.parse({"decimal": ";"}, "sources.yaml: feeds[0]")
        Traceback (most recent call last):
        quant_core.errors.ConfigError: Wrong value at sources.yaml: feeds[0].decimal: expected '.' or ',', found ';'...
        """
        for key in mapping:
            if key not in cls.model_fields:  # the model's own error does not know the place
                raise UnknownNameError.among("dialect key", str(key), cls.model_fields, where=where)
        return parse_model(cls, mapping, where, kind="dialect key")
