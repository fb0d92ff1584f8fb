"""The shipped dagster.yaml files open the batching storages; a home with Dagster's own settings keeps working."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from quant_pipelines.resources import PACKAGED_CONFIG
from quant_pipelines.stages.event_log import BatchingSqliteEventLog
from quant_pipelines.stages.event_log_postgres import BatchingPostgresEventLog

BARS = dg.AssetKey("bars")


def _home(folder: Path, settings: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text(settings)
    return folder


def _packaged(name: str) -> str:
    return (PACKAGED_CONFIG / name).read_text()


def test_base_dir_is_relative_to_the_home_wherever_the_process_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = _home(tmp_path / "home", _packaged("dagster.yaml"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance.event_log_storage, BatchingSqliteEventLog)
        instance.report_runless_asset_event(dg.AssetMaterialization("bars", partition="A|D1"))
        assert instance.get_materialized_partitions(BARS) == {"A|D1"}
        # What webserver, daemon and code server pass to each other.
        with dg.DagsterInstance.from_ref(instance.get_ref()) as again:
            assert again.get_materialized_partitions(BARS) == {"A|D1"}
    assert (home / "history" / "runs" / "index.db").is_file()
    assert not list(elsewhere.iterdir())


def test_a_home_moves_between_stock_and_batching_settings(tmp_path: Path) -> None:
    home = _home(tmp_path, "telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
        instance.report_runless_asset_event(dg.AssetMaterialization("bars", partition="A|D1"))
        instance.add_dynamic_partitions("symbols", ["A"])
    _home(tmp_path, _packaged("dagster.yaml"))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_materialized_partitions(BARS) == {"A|D1"}
        assert instance.get_dynamic_partitions("symbols") == ["A"]
        instance.report_runless_asset_event(dg.AssetMaterialization("bars", partition="B|D1"))
    _home(tmp_path, "telemetry: {enabled: false}\n")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_materialized_partitions(BARS) == {"A|D1", "B|D1"}


def test_an_absolute_base_dir_stays_where_it_is(tmp_path: Path) -> None:
    settings = yaml.safe_load(_packaged("dagster.yaml"))
    settings["event_log_storage"]["config"]["base_dir"] = str(tmp_path / "events")
    with dg.DagsterInstance.from_config(str(_home(tmp_path / "home", yaml.safe_dump(settings)))) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("bars", partition="A|D1"))
    assert (tmp_path / "events" / "index.db").is_file()
    assert not (tmp_path / "home" / "history" / "runs").exists()


@pytest.mark.postgres
def test_the_team_settings_keep_everything_in_postgres(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", postgres_url)
    home = _home(tmp_path, _packaged("dagster.team.yaml"))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert isinstance(instance.event_log_storage, BatchingPostgresEventLog)
        instance.report_runless_asset_event(dg.AssetMaterialization("bars", partition="A|D1"))
        run = instance.create_run_for_job(dg.GraphDefinition("nothing").to_job())
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_materialized_partitions(BARS) == {"A|D1"}
        assert instance.get_run_by_id(run.run_id) is not None
    assert not list(home.rglob("*.db"))


def test_the_team_settings_name_no_secret_and_differ_in_storage_and_queue_only() -> None:
    person, team = yaml.safe_load(_packaged("dagster.yaml")), yaml.safe_load(_packaged("dagster.team.yaml"))
    for storage in ("event_log_storage", "run_storage", "schedule_storage"):
        assert team.pop(storage)["config"] == {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}
    person.pop("event_log_storage")
    assert person.pop("concurrency").keys() == team.pop("concurrency").keys()
    assert person == team


@pytest.mark.parametrize(("preset", "found"), [(None, "1000"), ("7", "7")])
def test_importing_the_storage_turns_batches_on_unless_they_are_set(preset: str | None, found: str) -> None:
    before = "" if preset is None else f"os.environ['DAGSTER_EVENT_BATCH_SIZE'] = {preset!r}; "
    program = (
        f"import os, sys; os.environ.pop('DAGSTER_EVENT_BATCH_SIZE', None); {before}"
        "sys.modules['dagster_postgres'] = None; "  # an optional extra: importing it now fails
        "import quant_pipelines.stages.event_log, quant_pipelines.stages.run_events; "
        "print(os.environ['DAGSTER_EVENT_BATCH_SIZE'])"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == found
