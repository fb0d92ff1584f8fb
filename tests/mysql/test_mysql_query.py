"""SQL text of the MySQL source: nothing of the configuration can become SQL."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_core.errors import ConfigError
from quant_pipelines.sources.mysql.config import MysqlFilter
from quant_pipelines.sources.mysql.query import EPOCH, BoundValues, LiteralValues, Series, literal, predicate
from quant_pipelines.sources.mysql.schema import Column, LiveTable, quoted

ATTACKS = [
    "x' OR '1'='1", 'x" OR 1=1 --', "x`; DROP TABLE candle; --", "\\'; DROP TABLE candle; --", "x\x00' --",
    "/*!50000 1*/", "1; SELECT SLEEP(9)", "' UNION SELECT password FROM mysql.user #", "\u2019 OR 1=1", "\xbf' OR 1=1", 
    ":v0",     "%s", "%(x)s", "", "a\nb", "\\", "0x41", "😀'",
]  # fmt: skip
_ROLES = ("symbol", "ts", "open", "high", "low", "close", "volume", "timeframe")
_LITERAL = re.compile(
    r"_utf8mb4 X'[0-9A-F]*'|_utf8mb4 ''|X'[0-9A-F]*'|TIMESTAMP'[0-9: .-]+'|DATE'[0-9-]+'|-?[0-9][0-9.e+-]*"
)


def _table(ts_type: str = "datetime") -> LiveTable:
    columns = {r: Column(f"{r}_c", "decimal") for r in _ROLES}
    return LiveTable("`s`.`t`", "s.t", columns | {"ts": Column("ts_c", ts_type)})


@given(st.one_of(st.text(), st.binary(), st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_every_literal_has_one_of_the_safe_shapes(value: str | bytes | float) -> None:
    assert _LITERAL.fullmatch(literal(value))


@given(st.datetimes(), st.dates())
def test_every_time_literal_has_one_of_the_safe_shapes(moment: datetime, day: date) -> None:
    assert _LITERAL.fullmatch(literal(moment))
    assert _LITERAL.fullmatch(literal(day))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None, [1], object(), "\ud800"])
def test_values_without_a_literal_are_refused(value: object) -> None:
    with pytest.raises(ConfigError):
        literal(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a not in ("0x41",)])
def test_identifiers_with_special_characters_are_refused(attack: str) -> None:
    with pytest.raises(ConfigError):
        quoted(attack)


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a])
@pytest.mark.parametrize("values", [BoundValues, LiteralValues])
def test_attacks_in_values_never_reach_the_statement(attack: str, values: type[BoundValues | LiteralValues]) -> None:
    condition = MysqlFilter(column="venue", op="in", value=[attack, "ok"])
    series = Series(_table(), attack, attack, ((Column("venue", "varchar"), condition),))
    probe = Series(
        _table(), "a", "a", ((Column("venue", "varchar"), MysqlFilter(column="venue", op="in", value=["a", "ok"])),)
    )
    for build in (
        lambda s, v: s.rows(v, 0, 10, 5),
        lambda s, v: s.count(v, 0, 10),
        lambda s, v: s.first_readable(v, 0, None),
        lambda s, v: s.window_totals(v, (0, 9, 1), None, None),
        lambda s, v: s.window_totals(v, (0, 9, 1), 0, 10),
        lambda s, v: s.totals(v, None, 10),
        lambda s, v: s.newest_key(v, 10),
        lambda s, v: s.unreadable(v, 0, None, page=(1, 0)),
    ):
        skeletons = [re.sub(r"_utf8mb4 X'[0-9A-F]+'", "?", build(s, values())) for s in (series, probe)]
        assert skeletons[0] == skeletons[1], "the statement's shape must not depend on the value"


@pytest.mark.parametrize("op", ["=", "!=", "<", "<=", ">", ">="])
def test_comparisons_bind_their_value(op: str) -> None:
    values = BoundValues()
    text = predicate("venue", MysqlFilter(column="venue", op=op, value="x' OR 1"), values)  # type: ignore[arg-type]
    assert text == f"`venue` {'<>' if op == '!=' else op} :v0"
    assert values.parameters == {"v0": "x' OR 1"}


def test_windows_are_half_open() -> None:
    values = BoundValues()
    text = Series(_table(), 7, None).where(values, 0, 60_000_000)
    assert text == "`symbol_c` = :v0 AND `ts_c` >= :v1 AND `ts_c` < :v2"
    assert values.parameters == {"v0": 7, "v1": EPOCH, "v2": EPOCH + timedelta(minutes=1)}


def test_binary_ids_are_rendered_in_hexadecimal() -> None:
    text = Series(_table("bigint"), b"\x00'\xff", None).where(LiteralValues(), -5, 2**63)
    assert text == "`symbol_c` = X'0027FF' AND `ts_c` >= -5"
