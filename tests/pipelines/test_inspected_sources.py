"""``qe sources`` tells how everything configured would be understood, and leaves the lake alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from quant_pipelines.cli import run
from tests.pipelines.small_project import SmallProject, daily_csv


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """Two good files, one without a usable bar, a source that is off; the environment points there."""
    made = SmallProject.at(tmp_path)
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("QE_MARKETDATA_MYSQL_URL", raising=False)
    settings = tmp_path / "config" / "sources.yaml"
    settings.write_text(settings.read_text() + "  market: {kind: mysql, enabled: auto}\n")
    made.drop("AAA")
    made.drop("BBB", daily_csv("BBB", 30).replace(",1000\n", ",many\n"))
    made.drop("CCC", "date,open,high,low,close\n2020-01-01,0,0,0,0\n")
    return made


def told(*arguments: str) -> tuple[int, str]:
    """Exit code and what was printed."""
    out = io.StringIO()
    return run(["sources", *arguments], Console(file=out, width=160)), out.getvalue()


def as_json(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the JSON printed."""
    code, text = told("--json", *arguments)
    return code, json.loads(text)


def test_every_source_is_told_with_what_it_would_deliver_and_refuse(project: SmallProject) -> None:
    before = sorted(p for p in project.root.rglob("*") if "inbox" not in p.parts)
    code, found = as_json()
    assert code == 1, "a file is refused"
    (inbox,) = found["sources"]
    assert (inbox["name"], inbox["failed"]) == ("inbox", None)
    assert [(s["symbol"], s["timeframe"], s["n_bars"]) for s in inbox["series"]] == [
        ("AAA", "D1", 400),
        ("BBB", "D1", 30),
    ]
    assert {t["name"]: t["origin"] for t in inbox["series"][0]["traits"]}["calendar"] == "assumed"
    assert list(found["refused"]) == ["inbox: CCC.csv"]
    assert "QE_MARKETDATA_MYSQL_URL" in found["switched_off"]["market"]
    assert sorted(p for p in project.root.rglob("*") if "inbox" not in p.parts and ".index" not in p.parts) == before


def test_people_read_the_same(project: SmallProject) -> None:
    code, text = told("AAA", "--timeframes", "W1")
    assert code == 1
    assert "Source inbox: 2 series" in text
    assert "AAA W1, made from D1" in text
    assert "BBB" not in text.replace("CCC", "")
    assert "Source inbox: Refused CCC.csv" in text
    assert "Source market is off: " in text


def test_without_the_refused_file_all_is_well(project: SmallProject) -> None:
    (project.inbox / "CCC.csv").unlink()
    assert told("--source", "inbox")[0] == 0


def test_unknown_names_are_refused_with_the_known_ones(project: SmallProject) -> None:
    assert "No source is called 'inbix'. Did you mean 'inbox'?" in told("--source", "inbix")[1]
    assert "No symbol is called 'AAB'. Did you mean 'AAA'?" in told("AAB")[1]
