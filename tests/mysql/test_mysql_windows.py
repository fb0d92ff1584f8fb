"""Changes anywhere in the history of a table are found, read again and stored, and cost nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quant_core.errors import UnknownNameError
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import ROUTES, MakeSource
from tests.mysql.window_tables import (
    COLUMNS,
    KEEPS,
    KEY,
    KEYS,
    N_BARS,
    REMOVES,
    Lakes,
    assert_up_to_date,
    bars,
    fill,
    refused,
)

pytestmark = pytest.mark.mysql
EDITS = {
    "late commit": f"INSERT INTO deep {COLUMNS} VALUES ('A', '2020-03-10 03:00', 1, 2, 0.5, 1.25, 5000)",
    "backfilled history": f"INSERT INTO deep {COLUMNS} SELECT 'A', '2018-06-01' + INTERVAL seq HOUR, 1, 2, 0.5, 1.5,"
    " -seq FROM seq_1_to_700",
    "row deleted": "DELETE FROM deep WHERE volume = 400",
    "rows deleted at the edges of a window": "DELETE FROM deep WHERE ts IN ('2020-02-01', '2020-03-01 18:00')",
    "rows deleted at the ends of the series": f"DELETE FROM deep WHERE symbol = 'A' AND volume IN (1, 2, {N_BARS})",
    "window deleted": "DELETE FROM deep WHERE ts >= '2020-02-01' AND ts < '2020-03-02'",
    "row restated": "UPDATE deep SET close = 1.75 WHERE volume = 200",
    "value restated by its last bit": "UPDATE deep SET close = 1.5 + 2.220446049250313e-16 WHERE volume = 200",
    "two rows restated alike": "UPDATE deep SET close = 1.625 WHERE volume IN (200, 201)",
    "values of two rows exchanged": "UPDATE deep SET volume = 401 - volume WHERE volume IN (200, 201)",
    "value forgotten": "UPDATE deep SET volume = NULL WHERE volume = 200",
    "zero forgotten": "UPDATE deep SET volume = NULL WHERE volume = 0 OR volume = 10",
    "row moved": "UPDATE deep SET ts = '2020-02-20 01:00' WHERE volume = 900",
    "second row of a time": f"INSERT INTO deep {COLUMNS} SELECT symbol, ts, 1, 2, 0.5, 1.25, 7 FROM deep"
    " WHERE volume = 300",
    "newest row restated and one appended": f"REPLACE INTO deep {COLUMNS} VALUES"
    " ('A', '2020-10-27 00:00', 1, 2, 0.5, 1.75, 1), ('A', '2020-10-28 00:00', 1, 2, 0.5, 1.5, 1)",
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_is_found_wherever_it_is(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, edit: str
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    before = lakes.source.fingerprint(REMOVES)
    assert lakes.ingest().taken_in == {"db": before}
    server.load(EDITS[edit])
    assert lakes.source.fingerprint(REMOVES) != before
    lakes.ingest()
    assert_up_to_date(lakes)


def test_two_updates_in_one_second_are_two_changes(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    lakes.ingest()
    for close in (1.25, 1.75):
        server.load(f"UPDATE deep SET close = {close}, updated = '2021-01-01 00:00:00' WHERE volume = 100")
        lakes.ingest()
        assert_up_to_date(lakes)


def test_only_the_windows_that_changed_are_read_again(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    n_first = lakes.ingest().totals.n_deliveries
    server.load(EDITS["row restated"], EDITS["row deleted"])
    manifest = lakes.ingest()
    found = [(d.n_rows_in, d.n_known, d.n_restated, d.n_withdrawn) for d in lakes.store.deliveries(KEY)[n_first:]]
    assert found == [(120, 119, 1, 0), (119, 119, 0, 1)]
    assert manifest.version == 2


def test_rows_taken_back_are_kept_and_counted_until_they_return(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path, KEEPS)
    lakes.ingest()
    version = lakes.store.manifest(KEY)
    assert version is not None
    server.load(EDITS["rows deleted at the edges of a window"], "DELETE FROM deep WHERE volume = 900")
    assert lakes.ingest().n_withdrawn_kept == 3
    assert lakes.store.read(KEY).rows.height == N_BARS
    server.load(EDITS["late commit"])
    assert lakes.ingest().n_withdrawn_kept == 3, "a delivery of another window takes nothing of the count"
    server.load(f"INSERT INTO deep {COLUMNS} VALUES ('A', '2020-02-01', 1, 2, 0.5, 1.5, 124)")
    assert lakes.ingest().n_withdrawn_kept == 2


@pytest.mark.parametrize("instrument", [KEEPS, REMOVES])
def test_a_series_that_is_gone_is_taken_back_and_an_unknown_one_is_an_error(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, instrument: Any
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path, instrument)
    lakes.ingest()
    server.load("DELETE FROM deep WHERE symbol = 'A'")
    manifest = lakes.ingest()
    assert sum(d.n_withdrawn for d in lakes.store.deliveries(KEY)) == N_BARS
    assert lakes.store.read(KEY).rows.height == (N_BARS if instrument is KEEPS else 0)
    assert lakes.ingest() == manifest
    with pytest.raises(UnknownNameError):
        lakes.fresh()


def test_wrong_future_rows_hide_nothing_and_leave_nothing(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    values = ("('A', '2098-01-01', 1, 2, 0.5, 1.5, -1)", "('A', '2161-01-01', 1, 2, 0.5, 1.5, -2)")
    wrong = f"INSERT INTO deep {COLUMNS} VALUES {', '.join(values)}"
    server.load(wrong)
    for instrument in (KEEPS, REMOVES):
        lakes = Lakes(make_source(**KEYS), tmp_path / instrument.rules.withdrawn_rows, instrument)
        lakes.ingest()
        server.load(f"INSERT INTO deep {COLUMNS} VALUES ('A', '2020-12-01', 1, 2, 0.5, 1.5, -3)")
        lakes.ingest()
        assert [bar[-1] for bar in bars(lakes.store)[-2:]] == [N_BARS, -3.0]
        assert [reason for _origin, reason, _text in refused(lakes.store)] == ["ts_out_of_range"]
        server.load("UPDATE deep SET ts = '2020-12-02' WHERE volume = -1", "DELETE FROM deep WHERE volume = -2")
        assert lakes.ingest().n_withdrawn_kept == 0, "what never was complete is no history"
        assert_up_to_date(lakes)
        server.load("DELETE FROM deep WHERE volume < 0", wrong)


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    ("ts_type", "now", "settings"),
    [
        ("DATETIME(6)", "{}", {"ts_zone": "America/New_York", "bar_stamp": "close"}),
        ("TIMESTAMP", "{}", {"price_scale": 0.01}),
        ("DATE", "DATE({})", {}),
        ("INT", "UNIX_TIMESTAMP({})", {"ts_unit": "s", "chunk_minutes": 200_000}),
        ("BIGINT", "1000000000*UNIX_TIMESTAMP({})", {"ts_unit": "ns"}),
        ("BIGINT UNSIGNED", "1000*UNIX_TIMESTAMP({})", {"ts_unit": "ms", "start": "2020-02-15", "end": "2020-12-31"}),
        ("DATETIME", "{}", {"filters": [{"column": "volume", "op": ">", "value": 100}]}),
        ("DATETIME", "{}", {"volume_col": None, "rows_per_window": 90}),
    ],
)  # fmt: skip
def test_every_kind_of_key_and_value_is_kept_up_to_date(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, route: str, ts_type: str, now: str,
    settings: dict[str, Any],
) -> None:  # fmt: skip
    stamp = now.format("'2020-01-01' + INTERVAL {} HOUR")
    server.load(
        f"CREATE OR REPLACE TABLE deep (symbol VARCHAR(32), ts {ts_type}, open DECIMAL(20,8), high FLOAT, low DOUBLE,"
        " close DECIMAL(38,18), volume INT, KEY (symbol, ts))",
        f"INSERT INTO deep SELECT 'A', {stamp.format('seq*24')}, 1.1, 2, 0.5, 1.3, seq FROM seq_1_to_400",
    )
    lakes = Lakes(make_source(**KEYS | {"increment_rows": 5, "bulk_reader": route} | settings), tmp_path)
    lakes.ingest()
    for edit in (
        "DELETE FROM deep WHERE volume IN (150, 200, 201)",
        "UPDATE deep SET close = close + 0.00000001 WHERE volume = 220",
        "UPDATE deep SET volume = NULL WHERE volume = 230",
        "UPDATE deep SET open = NULL WHERE volume = 240",
        f"INSERT INTO deep VALUES ('A', {stamp.format('24*130+24')}, 1.2, 2, 0.5, 1.25, 1000)",
        f"INSERT INTO deep VALUES ('A', {stamp.format('24*500')}, 1.2, 2, 0.5, 1.25, 1001)",
    ):
        server.load(edit)
        lakes.ingest()
        assert_up_to_date(lakes)


def test_unreadable_rows_are_set_aside_once_whatever_happens_around_them(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    keys = KEYS | {"ts_zone": "America/New_York", "rows_per_window": 4}
    bad = ("NULL", "'0000-00-00'", "'2020-02-31 10:00'", "'2020-03-08 02:30'", "'2020-11-01 01:30'")
    server.load(
        "DELETE FROM deep WHERE volume > 40",
        *(f"INSERT INTO deep {COLUMNS} VALUES ('A', {t}, 1, 2, 0.5, 1.5, {i})" for i, t in enumerate((*bad, *bad[:3]))),
        f"INSERT INTO deep {COLUMNS} VALUES ('A', NULL, 1, 2, 0.5, 1.5, 0)",
    )
    lakes = Lakes(make_source(**keys), tmp_path)
    lakes.ingest()
    assert len(refused(lakes.store)) == 9, "two equal ones are two"
    server.load(
        f"INSERT INTO deep {COLUMNS} VALUES ('A', '2020-03-07', 1, 2, 0.5, 1.25, 7000)",
        f"INSERT INTO deep {COLUMNS} VALUES ('A', NULL, 0, 2, 0.5, 1.5, 8000)",
    )
    lakes.ingest()
    assert len(refused(lakes.store)) == 10
    assert_up_to_date(lakes)


@pytest.mark.parametrize("n_deliveries", [1, 2, 5, 7])
def test_a_run_that_is_killed_and_goes_on_leaves_the_store_of_one_that_is_not(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, n_deliveries: int
) -> None:
    fill(server)
    once, twice = (Lakes(make_source(**KEYS), tmp_path / name) for name in ("once", "twice"))
    seen: list[str] = []

    def kill(line: str) -> None:
        seen.append(line)
        if len(seen) == n_deliveries:
            raise KeyboardInterrupt

    for edits in ((), (EDITS["row restated"], EDITS["window deleted"], EDITS["backfilled history"])):
        server.load(*edits)
        once.ingest()
        try:
            twice.ingest(kill)
        except KeyboardInterrupt:
            twice.ingest()
    first, second = once.store.manifest(KEY), twice.store.manifest(KEY)
    assert first is not None
    assert second is not None
    assert second.data_version() == first.data_version()
    assert second.watermarks == first.watermarks


def test_a_watermark_of_an_older_release_leads_to_a_full_comparison(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    manifest = lakes.ingest()
    old = {"identity": "x", "last_key": 7, "overlap_key": 3, "overlap_row": 2, "n_unreadable_head": 0,
           "n_unreadable": 0, "unreadable_pending": False, "updated_at": None}  # fmt: skip
    changed = manifest.model_copy(update={"watermarks": {"db": old}})
    lakes.store.files(KEY).commit(changed)
    server.load(*(EDITS[e] for e in ("row restated", "window deleted", "rows deleted at the ends of the series")))
    n_rows = lakes.ingest().latest.n_rows_in
    assert n_rows < N_BARS
    assert_up_to_date(lakes)
    assert "another release" in str(lakes.store.manifest(KEY))
