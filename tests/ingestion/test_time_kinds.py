"""Every number of an epoch column has its own unit, 24:00 ends its day, and a wrong timeframe is never proposed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quant_core.errors import RefusedInputError
from tests.ingestion.reading_text import read_text, times_of

START = datetime(2024, 12, 31, 20, tzinfo=UTC)
FACTORS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def text_of(stamps: list[str]) -> str:
    return "time,open,high,low,close\n" + "".join(f"{s},1,2,1,2\n" for s in stamps)


def epochs(moments: list[datetime], units: list[str]) -> list[str]:
    return [str(int(m.timestamp()) * FACTORS[u]) for m, u in zip(moments, units, strict=True)]


@pytest.mark.parametrize("first", FACTORS)
@pytest.mark.parametrize("second", FACTORS)
@pytest.mark.parametrize("n_first", [2, 5])
def test_a_file_may_change_the_unit_of_its_epochs(first: str, second: str, n_first: int) -> None:
    moments = [START + timedelta(hours=h) for h in range(7)]
    parsed = read_text(text_of(epochs(moments, [first] * n_first + [second] * (7 - n_first))))
    assert parsed.rows["ts"].to_list() == moments
    assert parsed.rows["timeframe"][0] == "H1"


def test_a_history_from_before_1970_in_one_unit_keeps_its_unit() -> None:
    """Milliseconds of early 1970 have the size of seconds; rows up to 1973 between them tell."""
    moments = [datetime(1969, 12, 1, tzinfo=UTC) + timedelta(days=i) for i in range(6000)]
    parsed = read_text(text_of(epochs(moments, ["ms"] * 6000)))
    assert parsed.rows["ts"].to_list() == moments


def test_a_declared_unit_holds_for_every_number() -> None:
    parsed = read_text(text_of(["1704067200", "1704067260", "1704067320000"]), epoch_unit="s", timeframe="M1")
    assert times_of(parsed) == ["2024-01-01 00:00:00", "2024-01-01 00:01:00"]
    assert parsed.quarantine["reason"].to_list() == ["unparsable_ts"]


@pytest.mark.parametrize("clock", ["{:02d}00", "{}", "{:02d}:00", "{:02d}:00:00", "{:02d}0000"])
def test_hours_from_1_to_24_end_with_the_midnight_after_their_date(clock: str) -> None:
    rows = "".join(f"2024010{d},{clock.format(h)},1,2,1,2\n" for d in (2, 3) for h in range(1, 25))
    parsed = read_text("date,time,open,high,low,close\n" + rows)
    assert parsed.rows["ts"].to_list() == [datetime(2024, 1, 2, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(48)]


def test_24_00_in_one_column_and_nothing_later() -> None:
    parsed = read_text(text_of(["2024-01-02 22:00:00", "2024-01-02 23:00:00", "2024-01-02 24:00:00",
                                "2024-01-02 24:00:01", "2024-01-02 25:00:00"]))  # fmt: skip
    assert times_of(parsed)[-1] == "2024-01-03 00:00:00"
    assert parsed.quarantine["origin_row"].to_list() == [5, 6]


def test_minutes_after_midnight_written_with_six_digits_are_minutes() -> None:
    rows = "".join(f"20240102,00{m:02d}00,1,2,1,2\n" for m in range(1, 10))
    assert times_of(read_text("date,time,open,high,low,close\n" + rows))[0] == "2024-01-02 00:01:00"


@pytest.mark.parametrize("minutes", [2, 7, 10, 45, 90])
@pytest.mark.parametrize("declared", [None, "M5", "M15", "M30", "H1"])
def test_a_step_that_no_timeframe_divides_is_refused_and_none_is_proposed(minutes: int, declared: str | None) -> None:
    moments = [START + timedelta(minutes=minutes * i) for i in range(9)]
    text = text_of([m.strftime("%Y-%m-%d %H:%M") for m in moments])
    length = {"M5": 5, "M15": 15, "M30": 30, "H1": 60, None: 0}[declared]
    if length and minutes % length == 0:
        assert read_text(text, timeframe=declared).rows.height == 9  # a thin market: rows come less often
        return
    with pytest.raises(RefusedInputError, match=f"{minutes} minutes") as error:
        read_text(text, **({"timeframe": declared} if declared else {}))
    assert "timeframe: M" not in str(error.value)


@pytest.mark.parametrize(("days", "said"), [(30, "a month"), (7, "7 days")])
def test_coarser_bars_at_the_beginning_of_a_history_are_refused(days: int, said: str) -> None:
    old = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=days * i) for i in range(8)]
    new = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=i) for i in range(30)]
    with pytest.raises(RefusedInputError, match=f"row 2.*{said}"):
        read_text(text_of([m.strftime("%Y-%m-%d") for m in old + new]))
    thin = [*old[:3], *new]
    assert read_text(text_of([m.strftime("%Y-%m-%d") for m in thin])).rows.height == len(thin)


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        (["1.7040672e9", "1.7040708e9"], "scientific notation"),
        (["45293", "45294"], "spreadsheet"),
        (["45293.5", "45293.75"], "spreadsheet"),
        (["259200", "345600"], "epoch_unit: s"),
    ],
)
def test_numbers_that_may_mean_several_times_are_refused_by_what_they_look_like(stamps: list[str], said: str) -> None:
    with pytest.raises(RefusedInputError, match=said):
        read_text(text_of(stamps), timeframe="D1")


def test_the_proposed_unit_reads_small_epochs() -> None:
    assert times_of(read_text(text_of(["259200", "345600"]), epoch_unit="s")) == [
        "1970-01-04 00:00:00",
        "1970-01-05 00:00:00",
    ]


@pytest.mark.parametrize("is_weekday_only", [True, False])
def test_daily_bars_at_the_beginning_of_hours_are_refused_whatever_the_weekends(is_weekday_only: bool) -> None:
    days = [datetime(2023, 11, 1, tzinfo=UTC) + timedelta(days=i) for i in range(40)]
    days = [d for d in days if d.weekday() < 5 or not is_weekday_only]
    hours = [datetime(2024, 1, 2, tzinfo=UTC) + timedelta(hours=i) for i in range(60)]
    with pytest.raises(RefusedInputError, match=r"row 2.*1 days.*coarser bars would pass for H1"):
        read_text(text_of([m.strftime("%Y-%m-%d %H:%M") for m in days + hours]))
    thin = [*days[:10], *hours]
    assert read_text(text_of([m.strftime("%Y-%m-%d %H:%M") for m in thin])).rows.height == len(thin)


@pytest.mark.parametrize(
    ("declared", "step", "n"), [("D1", 7, 6), ("D1", 31, 6), ("W1", 28, 6), ("H1", 1, 6), ("M15", 1 / 48, 21)]
)
def test_bars_that_are_all_coarser_than_declared_are_refused(declared: str, step: float, n: int) -> None:
    stamps = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=step * i) for i in range(n)]
    text = text_of([m.strftime("%Y-%m-%d %H:%M") for m in stamps])
    with pytest.raises(RefusedInputError, match=f"coarser bars would pass for {declared}"):
        read_text(text, timeframe=declared)


def test_a_thin_market_is_no_coarser_timeframe() -> None:
    minutes = [0, 30, 60, 90, 120, 150, 175, 210, 240, 300, 360, 390, 420, 450, 480, 510, 540, 570, 600, 630, 660, 690]
    stamps = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=m) for m in minutes]
    parsed = read_text(text_of([m.strftime("%Y-%m-%d %H:%M") for m in stamps]), timeframe="M5")
    assert parsed.rows.height == len(minutes)


def test_a_second_format_in_a_file_is_read_where_it_has_one_meaning() -> None:
    assert times_of(read_text(text_of(["2024-01-02 22:00", "2024-01-02 23:00", "2024-01-03", "2024-01-03 01:00"])))[
        2
    ] == ("2024-01-03 00:00:00")
    slashes = read_text(text_of(["2024-01-11", "2024-01-12", "1/13/2024", "1/14/2024"]))
    assert times_of(slashes)[2:] == ["2024-01-13 00:00:00", "2024-01-14 00:00:00"]
    unclear = read_text(text_of(["2024-02-01", "2024-02-02", "2024-02-03", "2/4/2024"]))
    assert unclear.quarantine["reason"].to_list() == ["unparsable_ts"]
    zoned = read_text(text_of(["2024-02-01 00:00+00:00", "2024-02-02 00:00+00:00", "2024-02-03"]))
    assert zoned.quarantine["reason"].to_list() == ["unparsable_ts"], "another clock, perhaps"


def test_years_of_two_digits_are_of_the_years_1950_to_2049() -> None:
    parsed = read_text(text_of(["12/30/49", "12/31/49"]))
    assert times_of(parsed)[0][:4] == "2049"
    assert times_of(read_text(text_of(["01/30/50", "01/31/50"])))[0][:4] == "1950"
