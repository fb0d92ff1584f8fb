"""``qe doctor`` where raw rows are lost: by name, only after ``--repair``, and asked for again by every repair."""

from __future__ import annotations

from pathlib import Path

import pytest

from quant_pipelines.lake.partitions import PartitionKey
from tests.pipelines.damage import harm, qe
from tests.pipelines.small_project import SmallProject

KEY = PartitionKey("AAA", "D1")


def test_a_part_that_no_source_has_is_lost_by_name_and_asked_for_again_by_every_repair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file in the inbox is another one now: the bars that it has of the part come back, the others are lost."""
    project = SmallProject.at(tmp_path)
    (project.root / "home").mkdir()
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    project.drop("AAA")
    assert qe("launch", "register_symbols")[0] == qe("launch", "ingest", "AAA|D1")[0] == 0
    kept = (project.inbox / "AAA.csv").read_text()
    project.drop("AAA", "\n".join(kept.splitlines()[:-10]) + "\n")
    harm(project.root / "lake" / "raw_bars" / "symbol=AAA" / "timeframe=D1" / "_v1" / "part-00001.parquet", "zeroed")
    assert qe("doctor")[0] == 1
    code, text = qe("doctor", "--repair")
    assert code == 1
    assert "Lost of AAA|D1: delivered parts of rows 1 to 1: 400 rows from 2020-01-0" in text
    assert ", 390 of them restored" in text
    assert project.raw_store.read(KEY).rows.height == 390
    code, text = qe("doctor")
    assert code == 0
    assert "Lost earlier, of AAA|D1: delivered parts of rows 1 to 1: 400 rows" in text
    project.drop("AAA", kept)
    code, text = qe("doctor", "--repair")
    assert code == 0
    assert "Restored of AAA|D1: 10 rows" in text
    assert project.raw_store.read(KEY).rows.height == 400
    assert "Lost" not in qe("doctor")[1]
