"""Zones written behind times, short dates and split stamps are read; a name with two meanings is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from quant_core.errors import RefusedInputError
from quant_core.ingestion import ParsedFile
from tests.ingestion.reading_text import HEADER, read_text, times_of


def read_stamps(stamps: list[str], header: str = HEADER, **declared: Any) -> ParsedFile:
    rows = "".join(f"{stamp},1,3,1,2,{5 + i}\n" for i, stamp in enumerate(stamps))
    return read_text(header + rows, **declared)


@pytest.mark.parametrize(
    ("suffix", "hour"),
    [
        (" US/Eastern", 14),
        (" America/New_York", 14),
        (" Europe/Berlin", 8),
        (" GMT+0100", 8),
        (" GMT-5", 14),
        (" UTC+05:30", 4),
        ("+00", 9),
        ("-0500", 14),
        (" EST", 14),
        (" CET", 8),
        (" UTC", 9),
        ("Z", 9),
    ],
)
def test_a_written_zone_moves_the_time(suffix: str, hour: int) -> None:
    minute = 0 if "05:30" in suffix else 30
    parsed = read_stamps([f"2024-01-02 09:{m}:00{suffix}" for m in (30, 35, 40)])
    assert times_of(parsed)[0] == f"2024-01-02 {hour:02d}:{minute:02d}:00"
    assert parsed.rows["timeframe"][0] == "M5"
    assert "zone" not in parsed.resolved["assumed"]


def test_a_written_zone_knows_its_summer_time() -> None:
    winter = times_of(read_stamps(["20240308 09:30:00 US/Eastern", "20240308 09:35:00 US/Eastern"]))
    summer = times_of(read_stamps(["20240311 09:30:00 US/Eastern", "20240311 09:35:00 US/Eastern"]))
    assert (winter[0][11:], summer[0][11:]) == ("14:30:00", "13:30:00")
    both = read_stamps(["2024-03-08 09:30 EST", "2024-03-08 09:35 EST", "2024-03-11 09:30 EDT"])
    assert [t[11:16] for t in times_of(both)] == ["14:30", "14:35", "13:30"]


@pytest.mark.parametrize("suffix", ["CST", "IST"])
def test_an_abbreviation_with_two_meanings_is_refused_with_lines_that_mend_it(suffix: str) -> None:
    stamps = [f"2024-01-02 09:3{m}:00 {suffix}" for m in range(4)]
    with pytest.raises(RefusedInputError, match="no single meaning") as error:
        read_stamps(stamps)
    for line in str(error.value).split("Fix: ")[1].split(" | "):
        assert read_stamps(stamps, **yaml.safe_load(line)).rows.height == 4


def test_several_zones_in_one_column_are_refused() -> None:
    with pytest.raises(RefusedInputError, match="several zones"):
        read_stamps(["2024-01-02 09:30 US/Eastern", "2024-01-02 09:35 Europe/Paris"])
    with pytest.raises(RefusedInputError, match="does not exist"):
        read_stamps(["2024-01-02 09:30 Mars/Olympus", "2024-01-02 09:35 Mars/Olympus"])


@pytest.mark.parametrize("dates", [["240102", "240103"], ["02.01.2024", "03.01.2024"], ["2024/01/02", "2024/01/03"]])
def test_short_and_dotted_dates_are_days(dates: list[str]) -> None:
    assert times_of(read_stamps(dates)) == ["2024-01-02 00:00:00", "2024-01-03 00:00:00"]


@pytest.mark.parametrize(
    "dates", [["240102", "240103", "240104"], ["020124", "030124", "040124"], ["010224", "010324", "010424"]]
)
def test_dates_of_six_digits_are_read_in_the_order_that_keeps_them_together(dates: list[str]) -> None:
    assert times_of(read_stamps(dates)) == [f"2024-01-0{d} 00:00:00" for d in (2, 3, 4)]


def test_slashed_dates_of_early_days_stay_refused() -> None:
    with pytest.raises(RefusedInputError, match="cannot be told apart"):
        read_stamps(["02/01/2024", "03/01/2024"])


@pytest.mark.parametrize(
    ("names", "stamps"),
    [
        ("Date,Timestamp", ["20240102,09:30:00", "20240102,09:35:00"]),
        ("Date,Time", ["240102,093000", "240102,093500"]),
        ("<DATE>,<TIME>", ["2024.01.02,09:30", "2024.01.02,09:35"]),
        ("Date,Time", ["2024-01-02 09:30:00,09:30:00", "2024-01-02 09:35:00,09:35:00"]),
    ],
)
def test_split_stamps_are_joined(names: str, stamps: list[str]) -> None:
    parsed = read_stamps(stamps, header=f"{names},open,high,low,close,volume\n")
    assert times_of(parsed) == ["2024-01-02 09:30:00", "2024-01-02 09:35:00"]
