"""Times that no calendar has, in typed tables: the row is lost and counted, the others are read; no panic escapes."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import polars as pl
import pyarrow
import pyarrow.feather
import pyarrow.parquet
import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, read_file
from quant_core.ingestion.panics import refuse_panics

pa: Any = pyarrow
N = 5
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
DAYS = [1_704_153_600 + i * 86_400 for i in range(N - 1)]  # 2024-01-02 to 2024-01-05
MOST = 2**63 - 1


def file_of(times: Any, kind: str) -> bytes:
    table = pa.table({"date": times, **{name: [1.0] * N for name in ("open", "high", "low", "close")}})
    out = io.BytesIO()
    if kind == "parquet":
        pyarrow.parquet.write_table(table, out)
    else:
        pyarrow.feather.write_feather(table, out)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "feather"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
@pytest.mark.parametrize("unit", PER_SECOND)
@pytest.mark.parametrize("bad", [MOST, -MOST, MOST // 1000])
def test_a_row_of_an_impossible_time_costs_itself_alone(kind: str, zone: str | None, unit: str, bad: int) -> None:
    if kind == "parquet" and unit == "s":
        bad = bad // 2000  # the format holds milliseconds
    if unit == "ns" and abs(bad) < MOST:
        bad *= 900  # 2**63 // 1000 nanoseconds are a day of 1970
    times = pa.array([*(day * PER_SECOND[unit] for day in DAYS), bad], pa.int64()).cast(pa.timestamp(unit, zone))
    parsed = read_file(file_of(times, kind), f"ABC_d1.{kind}", Dialect())
    assert parsed.rows.height == N - 1
    assert parsed.rows["ts"].dt.year().unique().to_list() == [2024]
    assert parsed.quarantine.select("origin_row", "reason").rows() == [(N, "unparsable_ts")]


@pytest.mark.parametrize("kind", ["parquet", "feather"])
@pytest.mark.parametrize("bad", [2**31 - 1, -(2**31)])
def test_a_row_of_an_impossible_date_costs_itself_alone(kind: str, bad: int) -> None:
    days = pa.array([*(day // 86_400 for day in DAYS), bad], pa.int32()).cast(pa.date32())
    parsed = read_file(file_of(days, kind), f"ABC_d1.{kind}", Dialect())
    assert (parsed.rows.height, parsed.quarantine["reason"].to_list()) == (N - 1, ["unparsable_ts"])
    assert parsed.rows["ts"][0] == datetime.fromisoformat("2024-01-02T00:00+00:00")


@pytest.mark.parametrize("type_of_times", [pa.timestamp("ms"), pa.duration("ms")])
@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_a_file_without_a_possible_time_is_refused(kind: str, type_of_times: Any) -> None:
    with pytest.raises(RefusedInputError, match=r"ABC_d1"):
        read_file(file_of(pa.array([MOST] * N).cast(type_of_times), kind), "ABC_d1", Dialect())


def test_a_panic_refuses_its_input_and_an_interrupt_goes_on() -> None:
    late = pl.Series([2**31 - 1], dtype=pl.Int32).cast(pl.Date)
    with pytest.raises(pl.exceptions.PanicException):
        late.cast(pl.String)
    with pytest.raises(RefusedInputError, match=r"Refused a\.csv: a library cannot read .*date.* Fix: .*9999"):
        refuse_panics(lambda: late.cast(pl.String), "a.csv")
    for stop in (KeyboardInterrupt, SystemExit):

        def interrupted(stop: type[BaseException] = stop) -> None:
            raise stop

        with pytest.raises(stop):
            refuse_panics(interrupted, "a.csv")
