"""Archives are unwrapped within their limit; numbers are read exactly as Python reads them."""

from __future__ import annotations

import gzip
import io
import zipfile

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_core.errors import RefusedInputError, SymbolError
from quant_core.ingestion import Dialect, read_file
from quant_core.ingestion.archives import unwrap
from quant_core.ingestion.numbers import scale_prices
from quant_core.symbols import check_symbol, parse_symbol

BARS = b"date,open,high,low,close\n2024-01-02,1,2,1,2\n2024-01-03,1,2,1,2\n"


def _zip(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_every_member_is_read_and_named_after_its_archive() -> None:
    data = _zip(**{"EURUSD.csv": BARS, "GBPUSD.csv.gz": gzip.compress(BARS), ".hidden": b"x", "__MACOSX/a": b"x"})
    parsed = read_file(data, "all.zip", Dialect(file_name_regex=r"(?P<symbol>[A-Z]+)\.csv"))
    assert parsed.rows["symbol"].to_list() == ["EURUSD", "EURUSD", "GBPUSD", "GBPUSD"]
    assert parsed.rows["origin"].unique(maintain_order=True).to_list() == [
        "all.zip!EURUSD.csv",
        "all.zip!GBPUSD.csv.gz",
    ]
    assert (parsed.n_rows_in, len(parsed.resolved["members"])) == (4, 2)


def test_members_are_chosen_by_pattern() -> None:
    data = _zip(**{"bars.csv": BARS, "readme.txt": b"hello"})
    assert read_file(data, "ABC.zip", Dialect(members="*.csv")).rows.height == 2
    with pytest.raises(RefusedInputError, match="no member to read"):
        read_file(data, "ABC.zip", Dialect(members="*.json"))


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: _zip(**{"a.csv": data})])
def test_bombs_are_refused_before_they_unpack(pack: object) -> None:
    assert callable(pack)
    bomb = pack(b"0" * (3 << 20))
    with pytest.raises(RefusedInputError, match="unpacks to more than 2 MiB"):
        unwrap(bomb, "a.gz", Dialect(max_unpacked_mb=2))
    assert len(unwrap(bomb, "a.gz", Dialect(max_unpacked_mb=3))[0].data) == 3 << 20


def test_nested_bombs_share_one_budget() -> None:
    data = _zip(**{f"{i}.csv": b"0" * (1 << 20) for i in range(4)})
    with pytest.raises(RefusedInputError, match="more than 2 MiB"):
        unwrap(data, "a.zip", Dialect(max_unpacked_mb=2))


def test_deep_nesting_and_broken_archives_are_refused() -> None:
    data = BARS
    for _ in range(4):
        data = gzip.compress(data)
    with pytest.raises(RefusedInputError, match="nested deeper"):
        unwrap(data, "a.gz", Dialect())
    with pytest.raises(RefusedInputError, match="not a readable gzip"):
        unwrap(gzip.compress(BARS)[:-9], "a.gz", Dialect())
    with pytest.raises(RefusedInputError, match="not a readable zip"):
        unwrap(_zip(a=BARS)[:40], "a.zip", Dialect())


NUMBER_TEXTS = st.one_of(
    st.floats(min_value=1e-300, max_value=1e300).map(repr),
    st.decimals(min_value=0, max_value=10**6, places=9).map(str),
    st.from_regex(r"[0-9]{1,25}\.[0-9]{1,25}(e-?[0-9]{1,2})?", fullmatch=True),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NUMBER_TEXTS, min_size=1, max_size=30), st.booleans())
def test_numbers_equal_python_float_in_bulk_and_line_by_line(texts: list[str], line_by_line: bool) -> None:
    quote = '"' if line_by_line else ""
    lines = [f"2024-01-01 {i // 60:02d}:{i % 60:02d},{quote}{t}{quote},1,1,1" for i, t in enumerate(texts)]
    parsed = read_file(("ts,open,high,low,close\n" + "\n".join(lines)).encode(), "A.csv", Dialect(timeframe="M1"))
    assert parsed.rows["open"].to_list() == [float(t) for t in texts]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=1), st.sampled_from([10.0, 1000.0, 100000.0, 3.0]))
def test_price_scale_is_the_correctly_rounded_quotient(values: list[int], scale: float) -> None:
    scaled = scale_prices(pl.Series("p", values, dtype=pl.Float64), Dialect(price_scale=scale))
    assert scaled.to_list() == [v / scale for v in values]


@given(st.text(max_size=80))
def test_symbols_are_legal_or_refused(text: str) -> None:
    try:
        symbol = parse_symbol(text)
    except SymbolError:
        return
    assert check_symbol(symbol) == symbol
    assert all(c.isascii() and (c.isalnum() or c in "._-") for c in symbol)
    assert symbol[0] != "."
    assert len(symbol) <= 64
