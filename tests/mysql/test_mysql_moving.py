"""A table that changes while it is read: what is stored of it is one state of it, or the run says that it is none."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from quant_core.errors import SourceError
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import ROUTES, MakeSource
from tests.mysql.window_tables import COLUMNS, KEYS, N_BARS, Lakes, assert_up_to_date, bars, fill, refused

pytestmark = pytest.mark.mysql
NO_WAIT = {"increment_rows": 10}


def _at(n_deliveries: int, change: Callable[[], object]) -> Callable[[str], object]:
    """A log that changes the table once, between two deliveries."""
    lines: list[str] = []

    def log(line: str) -> None:
        lines.append(line)
        if len(lines) == n_deliveries:
            change()

    return log


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM", "Aria"])
@pytest.mark.parametrize("route", ROUTES)
def test_a_table_that_is_replaced_while_it_is_read_is_stored_as_it_is_afterwards(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, engine: str, route: str
) -> None:
    for n_deliveries in (1, 3):
        server.load("DROP TABLE IF EXISTS old_deep")
        fill(server, engine=engine)
        fill(server, "new_deep", close=1.75, engine=engine)
        server.load("DELETE FROM new_deep WHERE volume BETWEEN 20 AND 200 OR volume = 700")
        lakes = Lakes(make_source(**KEYS, **NO_WAIT, bulk_reader=route), tmp_path / str(n_deliveries))
        lakes.ingest(_at(n_deliveries, lambda: server.load("RENAME TABLE deep TO old_deep, new_deep TO deep")))
        assert {bar[4] for bar in bars(lakes.store)} == {1.75}
        assert_up_to_date(lakes)


@pytest.mark.parametrize(
    "rewrite",
    [
        ("UPDATE deep SET close = 1.75 WHERE symbol = 'A'",),
        ("DELETE FROM deep WHERE volume < 250",),
        ("DELETE FROM deep", f"INSERT INTO deep {COLUMNS} VALUES ('A', '2020-05-01', 1, 2, 0.5, 1.75, 1)"),
    ],
)
def test_rows_behind_the_reader_that_are_rewritten_are_read_again_in_the_same_run(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, rewrite: tuple[str, ...]
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    lakes.ingest(_at(3, lambda: server.load(*rewrite)))
    assert_up_to_date(lakes)


@pytest.mark.parametrize("route", ROUTES)
def test_a_state_that_was_there_only_at_the_moment_of_reading_does_not_stay(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str
) -> None:
    """Checksums before and after the read are equal, and what was read is something else."""
    fill(server)
    lakes = Lakes(make_source(**KEYS, **NO_WAIT, bulk_reader=route), tmp_path)
    connection, wrong = lakes.source._connection, [True]
    run, bulk = connection.run, connection.bulk

    def at_a_wrong_moment(read: Callable[..., object]) -> Callable[..., object]:
        def reading(statement: str, *arguments: object) -> object:
            if "bar_key" not in statement or not wrong:
                return read(statement, *arguments)
            wrong.clear()
            server.load("UPDATE deep SET close = 1.75", "DELETE FROM deep WHERE volume = 9")
            found = read(statement, *arguments)
            server.load(
                "UPDATE deep SET close = 1.5",
                f"INSERT INTO deep {COLUMNS} SELECT symbol, ts + INTERVAL 6 HOUR, open, high, low, close, 9 FROM deep"
                " WHERE volume = 8",
            )
            return found

        return reading

    monkeypatch.setattr(connection, "run", at_a_wrong_moment(run))
    monkeypatch.setattr(connection, "bulk", at_a_wrong_moment(bulk))
    lakes.ingest()
    assert not wrong
    assert_up_to_date(lakes)
    assert len(bars(lakes.store)) == N_BARS


def test_a_table_that_never_stands_still_is_refused_and_read_when_it_does(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    n = iter(range(1_000))
    with pytest.raises(SourceError, match=r"deep keeps changing while A is read.*run it again"):
        lakes.ingest(lambda _line: server.load(f"UPDATE deep SET close = 1.5 + {next(n)} / 4096 WHERE volume = 30"))
    lakes.ingest()
    assert_up_to_date(lakes)


@pytest.mark.parametrize("engine", ["InnoDB", "MyISAM"])
def test_a_loader_that_appends_meanwhile_is_no_error_and_loses_nothing(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, engine: str
) -> None:
    """It also rewrites its newest bar, as one that forms."""
    fill(server, engine=engine)
    lakes = Lakes(make_source(**KEYS, **NO_WAIT), tmp_path)
    is_over = threading.Event()

    def append() -> None:
        with server.connect() as connection, connection.cursor() as cursor:
            for i in range(1, 4_000):
                stamp = f"TIMESTAMP'2020-10-27 06:00:00' + INTERVAL {i * 7} MINUTE"
                cursor.execute(f"INSERT INTO deep {COLUMNS} VALUES ('A', {stamp}, 1, 2, 0.5, 1, {2_000 + i})")
                cursor.execute(f"UPDATE deep SET close = 1.25 WHERE symbol = 'A' AND ts = {stamp}")
                connection.commit()
                if is_over.is_set():
                    return

    loader = threading.Thread(target=append)
    loader.start()
    try:
        for _ in range(4):
            lakes.ingest()
    finally:
        is_over.set()
        loader.join()
    lakes.ingest()
    assert_up_to_date(lakes)
    restated = {r.restatement.n_rows_changed for r in lakes.ingest().restatements}
    assert restated <= {1}, "at most the bar that formed is restated"


def _random_edit(rng: random.Random) -> str:
    """One edit of a few rows somewhere in the history, before it, behind it, or far in the future."""
    day, n = rng.randrange(-400, 900), rng.randrange(1, 40)
    start = f"TIMESTAMP'2020-01-01 00:00:00' + INTERVAL {day} DAY"
    span = f"symbol = 'A' AND ts >= {start} AND ts < {start} + INTERVAL {n} DAY"
    price, volume = rng.choice(["1.5", "1.75", "NULL"]), rng.choice(["volume + 1", "NULL", "7"])
    stamp = rng.choice([start, start, start, "NULL", "'2020-02-31'", "'2097-01-01'", "'2150-01-01'"])
    return rng.choice(
        [
            f"INSERT INTO deep {COLUMNS} VALUES ('A', {stamp}, 1, 2, 0.5, {price}, {n})",
            f"INSERT INTO deep {COLUMNS} SELECT 'A', {start} + INTERVAL seq HOUR, 1, 2, 0.5, 1, seq FROM seq_1_to_{n}",
            f"UPDATE deep SET close = {price} WHERE {span}",
            f"UPDATE deep SET volume = {volume} WHERE {span}",
            f"UPDATE deep SET ts = ts + INTERVAL {n} HOUR WHERE {span}",
            f"DELETE FROM deep WHERE {span}",
            "DELETE FROM deep WHERE ts > '2090-01-01'",
            f"DELETE FROM deep WHERE symbol = 'A' AND MOD(volume, 97) = {n}",
        ]
    )


def _history(server: MariadbServer, make_source: MakeSource, folder: Path, seed: int) -> None:
    """Random edits between, and during, runs that are killed at random; when it is quiet, nothing is wrong."""
    rng = random.Random(seed)
    fill(server)
    settings = rng.choice([{}, {"ts_zone": "America/New_York"}, {"rows_per_window": 37}, {"bar_stamp": "close"}])
    lakes = Lakes(make_source(**KEYS | NO_WAIT | settings), folder)

    def during(_line: str) -> None:
        if rng.random() < 0.1:
            server.load(_random_edit(rng))
        if rng.random() < 0.1:
            raise KeyboardInterrupt

    for _ in range(6):
        server.load(*(_random_edit(rng) for _ in range(rng.randrange(1, 5))))
        try:
            lakes.ingest(during)
        except (KeyboardInterrupt, SourceError):
            continue
    lakes.ingest()
    assert_up_to_date(lakes)
    texts = refused(lakes.store)
    fresh = refused(lakes.fresh())
    assert all(texts.count(t) >= fresh.count(t) for t in set(fresh))


@pytest.mark.parametrize("seed", range(4))
def test_random_edits_and_kills_end_in_what_the_table_has(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, seed: int
) -> None:
    _history(server, make_source, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_random_edits_and_kills_end_in_what_the_table_has(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, seed: int
) -> None:
    _history(server, make_source, tmp_path, seed)
