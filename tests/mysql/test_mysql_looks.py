"""What a MySQL source looks at and when: completions, the fingerprint's look, the hash, rules and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from quant_core.errors import ConfigError, UnknownNameError
from quant_pipelines.lake.lake import Lake
from quant_pipelines.raw.raw_store import RawStore
from quant_pipelines.sources.mysql import source as mysql_source
from quant_pipelines.sources.mysql.config import MysqlConfig
from quant_pipelines.sources.mysql.row_hash import is_computed_alike
from tests.mysql.mariadb_server import MariadbServer
from tests.mysql.small_tables import ROUTES, MakeSource
from tests.mysql.test_mysql_windows import EDITS
from tests.mysql.window_tables import COLUMNS, KEEPS, KEY, KEYS, N_BARS, REMOVES, Lakes, assert_up_to_date, fill

pytestmark = pytest.mark.mysql


def test_a_bar_that_completes_without_a_change_is_delivered_again(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    source = make_source(**KEYS)
    server.load(
        f"INSERT INTO deep {COLUMNS} VALUES ('A', UTC_TIMESTAMP(6) - INTERVAL 58500000 MICROSECOND, 1, 2, 0.5, 1.5, -9)"
    )
    store = RawStore(Lake(str(tmp_path)))
    before = store.ingest(source, KEEPS)
    assert before.parts[-1].unfinished_from is not None
    fingerprint = source.fingerprint(KEEPS)
    for _ in range(60):
        if source.fingerprint(KEEPS) != fingerprint:
            break
        server.load("DO SLEEP(0.1)")
    after = store.ingest(source, KEEPS)
    assert after.latest.n_completed == 1
    assert after.parts[-1].unfinished_from is None


def test_a_short_look_of_the_fingerprint_leaves_old_changes_to_the_next_run(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    lakes = Lakes(make_source(**KEYS, fingerprint_days=30), tmp_path)
    lakes.ingest()
    before = lakes.source.fingerprint(REMOVES)
    server.load(EDITS["row restated"])
    assert lakes.source.fingerprint(REMOVES) == before
    lakes.ingest()
    assert_up_to_date(lakes)
    server.load(f"INSERT INTO deep {COLUMNS} VALUES ('A', UTC_TIMESTAMP() - INTERVAL 1 DAY, 1, 2, 0.5, 1.5, -9)")
    assert lakes.source.fingerprint(REMOVES) != before


def test_what_a_table_lost_leaves_the_history_where_its_source_declares_that(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path
) -> None:
    fill(server)
    source, store = make_source(**KEYS, quality={"withdrawn_rows": "remove"}), RawStore(Lake(str(tmp_path)))
    instrument = next(i for i in source.instruments() if i.symbol == "A")
    store.ingest(source, instrument)
    server.load(EDITS["row deleted"])
    store.ingest(source, instrument)
    assert store.read(KEY).rows.height == N_BARS - 1
    with pytest.raises(UnknownNameError, match="withdrawn_rows"):
        make_source(**KEYS, quality={"withdrawn_row": "remove"})


@pytest.mark.parametrize("option", ["overlap_bars", "updated_at_col", "fingerprint_count"])
def test_options_that_are_gone_say_what_to_do(option: str) -> None:
    with pytest.raises(ConfigError, match=rf"{option}.*it is gone.*Remove the line"):
        MysqlConfig.parse({option: 1}, "sources.yaml: sources.db")


def test_the_server_computes_the_hash_of_a_row_as_we_do(make_source: MakeSource) -> None:
    assert is_computed_alike(make_source(**KEYS)._connection.scalar)


@pytest.mark.parametrize("route", ROUTES)
def test_a_server_with_another_hash_sends_it_and_the_watermark_is_the_same(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, route: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    fill(server)
    for volume in ("volume", None):
        keys = KEYS | {"increment_rows": 10, "bulk_reader": route, "volume_col": volume}
        ours = Lakes(make_source(**keys), tmp_path / f"ours{volume}").ingest()
        with monkeypatch.context() as patch:
            patch.setattr(mysql_source, "is_computed_alike", lambda _ask: False)
            theirs = Lakes(make_source(**keys), tmp_path / f"theirs{volume}").ingest()
        assert theirs.watermarks == ours.watermarks
    assert "it has to send the hashes" in caplog.text


def test_an_ingest_that_finds_nothing_looks_once(
    server: MariadbServer, make_source: MakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(server)
    monkeypatch.setattr(mysql_source, "_SAME_MOMENT_S", 5.0)
    lakes = Lakes(make_source(**KEYS), tmp_path)
    lakes.ingest()
    run, looks = lakes.source._connection.run, list[str]()

    def counted(statement: str, *arguments: dict[str, object]) -> object:
        looks.extend([statement] if "window_index" in statement else [])
        return run(statement, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(lakes.source._connection, "run", counted)
    lakes.ingest()
    assert len(looks) == 1
    server.load(EDITS["row restated"])
    lakes.ingest()
    assert len(looks) == 3, "once before and once after the read"
