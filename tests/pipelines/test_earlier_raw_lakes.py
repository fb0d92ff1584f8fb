"""Raw rows of earlier releases: read as they are, with their data version, and folded when new rows come."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from quant_core.errors import LakeError
from quant_pipelines.lake.facts import digest, to_parquet
from tests.pipelines.damage import harm
from tests.pipelines.raw_damages import FOLDER, MANIFESTS, faults, growing_history, raw_content, repaired
from tests.pipelines.raw_histories import KEY, instrument, played, said, without_folding


def _as_earlier_release(folder: Path) -> str:
    """Turn a store without folds into one of an earlier release; returns what that called its rows."""
    place = folder / FOLDER
    stored = json.loads((place / "manifest.json").read_bytes())
    versions: dict[int, dict[str, object]] = {}
    for kind in ("parts", "quarantine"):
        for part in stored[kind]:
            frame = pl.read_parquet(place / part["path"])
            (place / part["path"]).write_bytes(content := to_parquet(frame))
            entry = {k: v for k, v in part.items() if k not in ("first", "last", "version", "is_sealed")}
            empty = {"number": part["version"], "parts": [], "quarantine": [], "restatements": []}
            own = versions.setdefault(part["version"], empty)
            own[kind].append(entry | {"content_hash": digest(content)})  # pyright: ignore[reportAttributeAccessIssue]
    for change in stored["restatements"]:
        versions[change["version"]]["restatements"].append(change["restatement"])  # pyright: ignore[reportAttributeAccessIssue]
    later = ("number", "part_numbers", "quarantine_numbers", "restatement", "span")
    old = {
        "instrument": stored["instrument"],
        "versions": list(versions.values()),
        "deliveries": [{k: v for k, v in r.items() if k not in later} for r in stored["recent"]],
        "watermarks": stored["watermarks"],
        "open_version": stored["open_version"],
        "taken_in": stored["taken_in"],
    }
    (place / "manifest.json").write_text(json.dumps(old, indent=1))
    (place / "manifest.copy.json").unlink()
    parts = [p for kind in ("parts", "quarantine") for v in versions.values() for p in v[kind]]  # pyright: ignore[reportGeneralTypeIssues]
    content = [[p["path"], p["content_hash"], _earlier_text(p["unfinished_from"])] for p in parts]
    facts = [old["instrument"]["calendar"], instrument().rules.model_dump(mode="json")]
    return digest(json.dumps([content, facts]).encode())


def _earlier_text(moment: str | None) -> str:
    return "None" if moment is None else moment.replace("T", " ").replace("Z", "+00:00")


def test_a_lake_of_an_earlier_release_is_read_keeps_its_data_version_and_grows(tmp_path: Path) -> None:
    with without_folding():
        store = played(tmp_path, [growing_history(8)])
    told, deliveries = said(store), store.deliveries(KEY)
    earlier = _as_earlier_release(tmp_path)
    manifest = store.manifest(KEY)
    assert manifest is not None
    assert manifest.data_version() == earlier
    assert (said(store), store.deliveries(KEY)) == (told, deliveries)
    assert faults(tmp_path) == {}
    store.ingest(growing_history(8), instrument())
    assert (tmp_path / FOLDER / "manifest.json").read_bytes() == (tmp_path / FOLDER / MANIFESTS[1]).read_bytes()
    assert store.ingest(growing_history(14), instrument()).n_parts == 14
    with without_folding():
        clean = played(tmp_path / "clean", [growing_history(14)])
    assert said(store) == said(clean)
    part = next((tmp_path / FOLDER / "_folded").iterdir())
    harm(part, "truncated")
    assert faults(tmp_path) == {part.name: "truncated"}


def test_parts_of_an_earlier_release_without_any_manifest_stay_where_they_are(tmp_path: Path) -> None:
    with without_folding():
        store = played(tmp_path, [growing_history(3)])
    _as_earlier_release(tmp_path)
    (tmp_path / FOLDER / "manifest.json").unlink()
    before = raw_content(tmp_path)
    done = repaired(tmp_path, growing_history(3))
    assert not done.is_whole
    assert "parts of an earlier release. Restore it from a backup" in done.lines[0]
    assert raw_content(tmp_path) == before
    with pytest.raises(LakeError, match="is missing"):
        store.ingest(growing_history(3), instrument())
