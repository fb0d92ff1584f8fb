"""Small files that become very large: refused before they do, by the limit's name, within memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, read_file
from quant_core.ingestion.archives import unwrap
from quant_core.ingestion.limits import Budget
from quant_core.ingestion.readers import READERS, _text_pieces
from tests.ingestion import bombs
from tests.ingestion.bombs import BARS, BOMBS

MAX_MB, MAX_S = 500, 10
SURVIVED = {"wide.csv.gz": "28 rows", "rare.csv.gz": "28 rows"}  # one line costs itself alone
REASONS = {
    "zeros.zip": "unpacks to more than 292 MiB: its 4791313 bytes hold at least 4700 MiB. Fix: max_unpacked_mb: 4700 ",
    "lies.zip": "not a readable zip archive",
    "nested.zip": "unpacks to more than 64 MiB",
    "zeros.csv.gz": "unpacks to more than 284 MiB",
    "zeros.feather": "unpacks to more than 64 MiB: its",
    "text.feather": "unpacks to more than 64 MiB: its",
    "text.parquet": "unpacks to more than 64 MiB: its",
    "delta.parquet": "unpacks to more than 64 MiB: its",
    "numbers.parquet": "unpacks to more than 80 MiB: its",
    "nothing.json.gz": "its objects and numbers would take about",
    "depth.json.gz": "its objects and numbers would take about",
    "ragged.csv.gz": "its 30000029 lines would take about 5723 MiB of memory, more than the 400 MiB",
    "short.csv.gz": "its 6000001 lines would take about",
    "blank.csv.gz": "its 60000029 lines would take about",
    "header.csv.gz": "more than the limit of 20000",
}


def test_no_bomb_takes_more_than_500_mb_or_10_seconds(tmp_path: Path) -> None:
    for name, make in BOMBS.items():
        (tmp_path / name).write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-m", "tests.ingestion.reading_bombs", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = {name: (seconds, mb, text) for name, seconds, mb, text in map(json.loads, done.stdout.splitlines())}
    assert told.keys() == BOMBS.keys()
    assert max(mb for _, mb, _ in told.values()) <= MAX_MB
    assert max(seconds for seconds, _, _ in told.values()) <= MAX_S
    for name, (_, _, outcome) in told.items():
        assert REASONS.get(name, SURVIVED.get(name, "?")) in outcome
        assert name in SURVIVED or "Fix:" in outcome


def test_what_real_bars_need_is_within_the_limits() -> None:
    """Bars of a price that never moves expand 20 times as text and 45 as JSON: the most that was measured."""
    for n_bytes in (10_000, 1 << 20, 20 << 20):
        budget = Budget("a.gz", n_bytes, None)
        budget.take(45 * n_bytes, "a.gz")
        budget.take_rows(45 * n_bytes // 50 * 250, "rows", "a.gz")
        assert budget.left >= 0


def test_members_of_one_archive_share_what_the_archive_may_take() -> None:
    """Each table alone is within the limit."""
    column = bombs.zeros(3 * bombs.MB // 2)
    table = bombs.parquet_of(pa.table({"a": column, "b": column, "c": column}), 1)
    packed = bombs.zip_of(**{"0.parquet": table, "1.parquet": table})
    first, second = unwrap(packed, "a.zip", Dialect())
    reader = READERS["parquet_file"]()
    assert reader.preview(first, Dialect()).width == 3
    with pytest.raises(RefusedInputError, match=r"a\.zip!1\.parquet: it unpacks to more than 64 MiB"):
        reader.preview(second, Dialect())


def test_half_a_million_refused_lines_are_kept_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from quant_core.ingestion.readers import delimited_text  # noqa: PLC0415

    monkeypatch.setattr(delimited_text, "_MANY_REFUSED", 40)
    kept = read_file(BARS + b"x\n" * 40, "ABC_d1.csv", Dialect())
    assert (kept.rows.height, kept.quarantine.height) == (28, 40)
    with pytest.raises(RefusedInputError, match=r"41 of its first 69 lines.*limit of 40.*row"):
        read_file(BARS + b"x\n" * 41, "ABC_d1.csv", Dialect())


def test_a_line_of_megabytes_is_one_refused_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_text_pieces, "_LONG_LINE_BYTES", 2000)
    monkeypatch.setattr(_text_pieces, "_PIECE_BYTES", 1000)
    monkeypatch.setattr(_text_pieces, "_CHUNK_BYTES", 1500)
    data = BARS.replace(b"2024-01-09", b"," * 3000 + b"\n2024-01-09")
    parsed = read_file(data, "ABC_d1.csv", Dialect())
    assert parsed.rows.height == 28
    assert parsed.rows["origin_row"].to_list() == [*range(2, 10), *range(11, 31)]
    assert parsed.quarantine.select("origin_row", "reason").rows() == [(10, "long_line")]
