"""Mutated files of every format: rows or a refusal, never another end, within memory and time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.ingestion.mutated_files import good_files, mutated_file
from tests.pipelines.small_project import daily_csv
from tests.pipelines.test_file_sources import inbox

MAX_MB, MAX_S = 500, 10
SEED = int(os.environ.get("MUTATION_SEED", "9"))


def _read(first: int, last: int) -> list[tuple[int, str, float, float, str]]:
    """What a process of its own says of some files; one that ends it is told by its number."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.ingestion.mutated_files", str(SEED), str(first), str(last)],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert done.returncode == 0, (SEED, lines[-1:], done.returncode, done.stderr[-2000:])
    return [tuple(json.loads(line)) for line in lines if line.startswith("[")]


def _check(first: int, last: int) -> Counter[str]:
    """Every promise about some files; how many gave rows and how many were refused."""
    told = _read(first, last)
    assert [number for number, *_ in told] == list(range(first, last))
    assert [(SEED, *t) for t in told if t[4].startswith("escape")] == []
    assert max(told, key=lambda t: t[3])[3] <= MAX_MB
    assert max(told, key=lambda t: t[2])[2] <= MAX_S, max(told, key=lambda t: t[2])
    unnamed = [t for t in told if "Error: " in t[4] and "Fix: " not in t[4]]
    assert unnamed == []  # a refusal says what mends it
    return Counter("rows" if t[4].endswith(" rows") else "refused" for t in told)


def test_some_mutated_files_give_rows_or_a_refusal() -> None:
    found = _check(0, 440)  # twenty of each
    assert min(found["rows"], found["refused"]) > 100


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_ten_thousand_mutated_files_give_rows_or_a_refusal(block: int) -> None:
    found = _check(440 + block * 1_250, 440 + (block + 1) * 1_250)
    assert min(found["rows"], found["refused"]) > 250


def test_the_others_go_on_beside_mutated_files(tmp_path: Path) -> None:
    """Files of every format, each broken in some way, in one inbox with a good one."""
    for number in range(2 * len(good_files())):
        name, data = mutated_file(SEED, number)
        (tmp_path / f"{number}_{name}").write_bytes(data)
    (tmp_path / "zzz_good.csv").write_text(daily_csv("GOOD", 20))
    source = inbox(tmp_path)
    (good,) = [instrument for instrument in source.instruments() if instrument.symbol == "GOOD"]
    (delivery,) = source.deliveries(good, None)
    assert delivery.rows.height == 20
    assert source.refused()
