"""Quote files: bid bars and ask bars that a vendor keeps in two files → mid bars.

Put here: joining the two sides.
Keep out: files with both sides in one row (price_sets.py).
"""

from __future__ import annotations

import polars as pl

from quant_core.ingestion.parsed_file import ParsedFile
from quant_core.symbols import check_symbol
from quant_core.tables import TABLES


def merge_bid_ask(bid: ParsedFile, ask: ParsedFile, symbol: str) -> ParsedFile:
    r"""Join bid and ask bars of one instrument by timeframe and time; each price is the mean of the two.

    Without this call the two files are two symbols. The n-th row of a time on one side meets the n-th on the other.
    A pair counts as one row, at the bid's place; a row without its other side goes to quarantine as no_other_side.

    Missing: a price that one side lacks is missing; volume is missing, because quotes have none.

    Raises:
        SymbolError: the symbol is not legal.

    >>> from quant_core.ingestion import Dialect, read_file
    >>> sides = [f"date,open,high,low,close\n2024-01-02,{p},{p},{p},{p}\n" for p in (1, 3)]
    >>> files = [read_file(s.encode(), "A.csv", Dialect(timeframe="D1")) for s in sides]
    >>> mid = merge_bid_ask(files[0], files[1], "A")
    >>> mid.rows["close"].to_list(), mid.resolved["n_ask_below_bid"], mid.resolved["n_zero_spread"]
    ([2.0], 0, 0)
    """
    check_symbol(symbol)
    keys = ["timeframe", "ts", "nth"]
    sides = [side.rows.with_columns(nth=pl.int_range(pl.len()).over("timeframe", "ts")) for side in (bid, ask)]
    pairs = sides[0].join(sides[1], on=keys, how="inner", suffix="_ask", maintain_order="left")
    mid = [((pl.col(p) + pl.col(f"{p}_ask")) / 2).alias(p) for p in ("open", "high", "low", "close")]
    rows = pairs.with_columns(*mid, symbol=pl.lit(symbol), volume=pl.lit(None, dtype=pl.Float64))
    alone = [a.join(b, on=keys, how="anti", maintain_order="left") for a, b in (sides, sides[::-1])]
    typed = pl.struct("ts", "open", "high", "low", "close").struct.json_encode()
    refused = pl.concat(alone).with_columns(
        symbol=pl.lit(symbol), reason=pl.lit("no_other_side"), raw_text=pl.coalesce("raw_text", typed)
    )
    bad = pl.concat([bid.quarantine, ask.quarantine, refused.select(list(TABLES["quarantine"].schema))])
    resolved = {
        "bid": bid.resolved,
        "ask": ask.resolved,
        "n_ask_below_bid": int((pairs["close_ask"] < pairs["close"]).sum()),
        "n_zero_spread": int((pairs["close_ask"] == pairs["close"]).sum()),
    }
    return ParsedFile(rows.select(list(TABLES["raw_rows"].schema)), bad, rows.height + bad.height, resolved)
