"""Texts of files draw nothing and have an end: in refusals, status, logs, metadata, tables and reports."""

from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from quant_core.errors import ConfigError, RefusedInputError, UnknownNameError
from quant_core.ingestion import Dialect, read_file
from quant_core.plain_yaml import MAX_SIZE, read_yaml
from quant_core.quality.unreadable_rows import unreadable_lines
from quant_core.shown_text import escaped, listed, quoted, shown
from quant_core.spec import load_research
from quant_core.tables import TABLES
from quant_pipelines.cli import run
from quant_pipelines.cli._console import SafeConsole
from quant_pipelines.sources.config import load_sources
from quant_pipelines.stages.metadata import entry
from tests.pipelines.small_project import SmallProject, daily_csv

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202egnp.exe\u2066\u200b\ufeff\r\n\x00\x7f" + "a" + "\u0301" * 40
DRAWS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u0301{3}")


def assert_harmless(text: str, *, lines: bool = True) -> None:
    """Nothing in a text moves the cursor, colors, turns or stacks; in one line where that is expected."""
    found = DRAWS.search(text)
    assert found is None, repr(text[max(0, found.start() - 20) : found.end() + 20])
    assert lines or "\n" not in text


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE * 1000, "\ud800", "\U000e0041", "x" * 10**6])
def test_shown_texts_are_harmless_and_short(text: str) -> None:
    for said in (shown(text), quoted(text), listed([text] * 5), escaped(text)[:500]):
        assert_harmless(said, lines=False)
    for said in (shown(text), quoted(text)):
        assert len(said) < 250
    assert len(listed([text] * 10_000)) < 300
    said = shown(text)
    if len(text) > 200:
        left = int(re.findall(r"\(([\d,]+) more characters\)$", said)[0].replace(",", ""))
        assert 0 < len(text) - left <= 200


def test_an_escape_is_never_cut_in_the_middle() -> None:
    for n in range(190, 210):
        assert re.fullmatch(r"x+(\\u202e)*(… \(\d+ more characters\))?", shown("x" * n + "\u202e" * 5)), n


def test_ordinary_texts_stay_as_they_are() -> None:
    for text in ("EURUSD 1,234.5", "é, ü, ß, 中文, русский, العربية", "C:\\bars\\x.csv", "e\u0301", "a\u3000b"):
        assert shown(text) == text


@pytest.mark.parametrize("place", ["header", "value", "symbol"])
def test_refusals_of_hostile_files_are_harmless(place: str) -> None:
    hostile = HOSTILE.replace("\n", "").replace("\r", "").replace("\x00", "")
    texts = {
        "header": f"{hostile},{','.join(hostile + str(i) for i in range(500))}\n" + "x," * 500 + "x\n",
        "value": "date,open,high,low,close\n" + f"{hostile},1,2,1,2\n" * 50,
        "symbol": "date,symbol,open,high,low,close\n" + f"2020-01-01,{hostile},1,2,1,2\n" * 50,
    }
    with pytest.raises(RefusedInputError) as caught:
        read_file(texts[place].encode(), f"{hostile}.csv", Dialect())
    assert_harmless(str(caught.value), lines=False)
    assert len(str(caught.value)) < 2000


def test_errors_of_settings_are_harmless_and_short() -> None:
    long = HOSTILE * 5000
    for error in (
        ConfigError.at(long, expected="x", found=long, next_step="Correct it."),
        ConfigError.at("x", expected="x", found=[long] * 100, next_step="Correct it."),
        UnknownNameError.among("thing", long, [f"{HOSTILE}{i}" for i in range(5000)], where=long),
    ):
        assert_harmless(str(error), lines=False)
        assert len(str(error)) < 1500


def test_metadata_and_the_table_of_quality_are_harmless() -> None:
    values = {"reading": {HOSTILE: [HOSTILE, {"x": HOSTILE * 500}]}, "text": HOSTILE}
    shown_values = [entry(value).value for value in values.values()]
    assert_harmless("".join(_texts_in(shown_values)))
    assert max(len(text) for text in _texts_in(shown_values)) < 700
    row = [(HOSTILE, 3, None, None, None, "ragged_row", HOSTILE * 500)]
    bad = TABLES["quarantine"].empty().vstack(pl.DataFrame(row, schema=TABLES["quarantine"].schema, orient="row"))
    (line,) = unreadable_lines(bad, 4, 5)
    assert_harmless(str(line["example"]), lines=False)
    assert len(str(line["example"])) < 500


def _texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = [*value.keys(), *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in _texts_in(part)]


def test_what_commands_print_of_hostile_files_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = SmallProject.at(tmp_path)
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    project.drop("AAA")
    hostile = HOSTILE.replace("\x00", "").replace("\n", "")
    project.drop("BBB", f"{hostile},b,c\n1,2,3\n", name=f"{hostile[:40]}.csv")
    project.drop("CCC", daily_csv("CCC") + f"{hostile},CCC,1,2\n" * 5)
    for command in (["status"], ["sources"], ["sources", "--json"], ["inspect", str(project.inbox)]):
        printed = io.StringIO()
        run(command, SafeConsole(str, file=printed, width=160))
        assert_harmless(printed.getvalue())
        assert "CCC" in printed.getvalue()
    result = project.register()
    metadata = next(e for e in result.all_events if e.is_successful_output).step_output_data.metadata
    assert_harmless(json.dumps(metadata["refused"].value, ensure_ascii=False))
    for line in [e.message for e in result.all_events if e.message]:
        assert_harmless(line)


ALIASES = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
)
TEXT_BOMB = f"a: &a {'x' * 1000}\nb: &b [{', '.join(['*a'] * 1000)}]\nc: [{', '.join(['*b'] * 260)}]"
MERGES = "\n".join(
    ["a0: &a0 {x: 1, y: 2}"] + [f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}" for i in range(1, 9)]
)


@pytest.mark.parametrize("text", [ALIASES, TEXT_BOMB, MERGES], ids=["lists", "texts", "merges"])
@pytest.mark.parametrize("read", [read_yaml, load_research, load_sources], ids=["yaml", "research", "sources"])
def test_alias_bombs_are_refused_before_they_expand(text: str, read: Callable[[str, str], object]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ConfigError, match=r"settings.yaml cannot be read: expected at most.*line \d") as caught:
            read(text, "settings.yaml")
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [*a]", "an alias inside what it stands for"),
        ("[" * 3000 + "]" * 3000, "expected a few levels"),
        ("a: 2024-13-45", "not YAML"),
        ("a: " + "9" * 5000, "not YAML"),
        ("a: [\x1b[2J", "not YAML"),
        ("a: [\u202e", "not YAML"),
        ("a: !!python/object/apply:os.system [true]", "not YAML"),
        ("? [a]\n: b", "not YAML"),
        ("x: y\n" * (MAX_SIZE // 5 + 1), "expected at most"),
    ],
)
def test_odd_yaml_is_an_error_of_ours(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_yaml(text, "settings.yaml")
    assert "settings.yaml" in str(caught.value)
    assert_harmless(str(caught.value), lines=False)
    assert len(str(caught.value)) < 700


def test_a_few_aliases_are_read() -> None:
    text = "base: &b {separator: ';'}\nfeeds:\n  - {<<: *b, pattern: a}\n  - {<<: *b, pattern: b}\n"
    assert read_yaml(text, "x")["feeds"][1] == {"separator": ";", "pattern": "b"}  # pyright: ignore


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("sources:\n  box: {kind: inbox}\n  other: {kind: sample}\n  box: {kind: inbox}\n", "box", (2, 4)),
        ("sources:\n  box:\n    kind: inbox\n    kind: sample\n", "kind", (3, 4)),
        ("sources: {box: {kind: inbox, feeds: [{pattern: a,\n pattern: b}]}}", "pattern", (1, 2)),
        ("sources: {a: {kind: sample}}\nsources: {}\n", "sources", (1, 2)),
    ],
)
def test_a_key_given_twice_is_refused_with_both_lines(
    text: str, key: str, lines: tuple[int, int], tmp_path: Path
) -> None:
    said = rf"Key '{key}' is given twice in %s: expected once, found in lines {lines[0]} and {lines[1]}\. Remove one\."
    with pytest.raises(ConfigError, match=said % "sources.yaml"):
        load_sources(text, "sources.yaml")
    with pytest.raises(ConfigError, match=said % "research.yaml"):
        load_research(text, "research.yaml")
    (tmp_path / "bars.csv").write_text(daily_csv("AAA"))
    (tmp_path / "feed.yaml").write_text(text)
    printed = io.StringIO()
    console = SafeConsole(str, file=printed, width=300)
    assert run(["inspect", str(tmp_path / "bars.csv"), "--feed", str(tmp_path / "feed.yaml")], console) == 1
    assert re.search(said % "feed.yaml", printed.getvalue())
