"""One leak audit of the lake: published bars, the blocks of the research spec, random cuts.

Put here: which bars and blocks of a partition are audited, and how a leak is shown so that anyone can see it again.
Keep out: cutting and comparing (quant_core.leak_audit.audit), the asset check and its job (leak_audit_check.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg
import polars as pl

from quant_core.bars import Bars
from quant_core.leak_audit.audit import Leak
from quant_core.leak_audit.blocks import MIN_BARS, AuditedBlocks, AuditReport, audit_blocks
from quant_core.spec import ResearchSpec
from quant_core.timeframes import Timeframe
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import load_bars
from quant_pipelines.stages.check import Finding
from quant_pipelines.stages.metadata import table_value

_SHOWN_BARS = 50
_UNITS = {"ts": "UTC", "ts_close": "UTC", "session_date": "date", "volume": "units"} | dict.fromkeys(
    ("open", "high", "low", "close"), "price"
)


@dataclass(frozen=True)
class LeakAuditSettings:
    """How hard is looked.

    Attributes:
        n_cuts: cuts per partition and audit.
        seed: of the cuts; equal seeds give equal cuts.
        newest_bars: bars per partition that blocks are computed on, the newest; folds are cut on all bars.
    """

    n_cuts: int = 10
    seed: int = 20240229
    newest_bars: int = 5000


def is_in_scope(research: ResearchSpec, key: PartitionKey) -> bool:
    """True for a partition that the spec is about."""
    data = research.data
    timeframes = None if data.timeframes is None else [t.value for t in data.timeframes]
    return (data.symbols is None or key.symbol in data.symbols) and (timeframes is None or key.timeframe in timeframes)


def audit_key(lake: Lake, research: ResearchSpec, key: PartitionKey, settings: LeakAuditSettings) -> Finding | None:
    """Audit the spec's blocks on one partition's bars; None: fewer bars than a cut needs.

    Blocks: the features, the events and conditions of the partition's timeframe, the bars of every coarser timeframe
    and the join to them, and the folds. Targets look ahead by definition and are not audited.

    Raises:
        LakeError: the partition has no bars.
    """
    bars = load_bars(lake, key).bars(research.data.start, research.data.end)
    if len(bars) < MIN_BARS:
        return None
    newest = bars.with_frame(bars.frame.tail(max(settings.newest_bars, MIN_BARS)))
    spec, timeframe = research.market_stats.at(bars.timeframe), bars.timeframe
    coarser = [t for t in Timeframe if t > timeframe]
    audits = [
        _audited(newest, AuditedBlocks(research.features, spec.events, spec.conditions, coarser), settings),
        _audited(bars, AuditedBlocks(splitters=[spec.splitter]), settings),
    ]
    facts: dict[str, object] = {
        "n_bars": len(newest),
        "n_bars_of_folds": len(bars),
        "n_cuts": sum(audited.report.n_cuts for audited in audits),
        "n_values": sum(audited.report.n_values for audited in audits),
        # 0 where the history is too short for a fold: then no fold was audited.
        "n_values_of_folds": audits[1].report.n_values,
        "seed": settings.seed,
        "spec_id": research.spec_id,
    }
    leaks = [leak for audited in audits for leak in audited.report.leaks]
    if leaks:
        # One slice is shown: blocks that share a broken part leak together, and the table of leaks names them all.
        first = next(audited for audited in audits if audited.report.leaks)
        facts |= {"leaks": _leaks_table(leaks), **_first_leak(lake, key, first)}
    return Finding(len(leaks), facts)


@dataclass(frozen=True)
class _Audited:
    """Bars, blocks, and what their audit found."""

    bars: Bars
    blocks: AuditedBlocks
    report: AuditReport


def _audited(bars: Bars, blocks: AuditedBlocks, settings: LeakAuditSettings) -> _Audited:
    return _Audited(bars, blocks, audit_blocks(bars, blocks, n_cuts=settings.n_cuts, seed=settings.seed))


def _leaks_table(leaks: list[Leak]) -> dg.MetadataValue:
    rows = [
        {
            "block": leak.block,
            "column": leak.column,
            "cut": f"{leak.cut:%Y-%m-%d %H:%M:%S}",
            "row": ", ".join(map(str, leak.key)),
            "expected": str(leak.without_future),
            "found": str(leak.with_future),
        }
        for leak in leaks
    ]
    units = {"cut": "UTC", "expected": "value without the bars after the cut", "found": "value with them"}
    return table_value(pl.DataFrame(rows), units)


def _first_leak(lake: Lake, key: PartitionKey, audited: _Audited) -> dict[str, object]:
    """The shortest slice of the first leak as a table, and the lines of Python that show the leak on it."""
    leak = audited.report.leaks[0]
    start, stop = leak.slice_rows["bars"]
    rows = audited.bars.frame.slice(start, stop - start)
    return {
        "first_leak": str(leak),
        "n_bars_of_shortest_slice": rows.height,
        "shortest_slice": table_value(rows.head(_SHOWN_BARS), _UNITS),
        "reproduce": dg.MetadataValue.md(f"```python\n{_snippet(lake, key, rows, audited, leak)}```"),
    }


def _snippet(lake: Lake, key: PartitionKey, rows: pl.DataFrame, audited: _Audited, leak: Leak) -> str:
    """Python that reads the slice from the lake and prints the leak."""
    first, last = (repr(ts.isoformat()) for ts in (rows["ts"][0], rows["ts"][-1]))
    imports, blocks = _block_as_python(audited.blocks, leak.block)
    return f"""\
from datetime import datetime

import polars as pl

{imports}
from quant_core.leak_audit.blocks import AuditedBlocks, leaks_at
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.raw.published_bars import load_bars

bars = load_bars(Lake({lake.url!r}), PartitionKey({key.symbol!r}, {key.timeframe!r})).bars()
first, last = datetime.fromisoformat({first}), datetime.fromisoformat({last})
shortest = bars.with_frame(bars.frame.filter(pl.col("ts").is_between(first, last)))
cut = datetime.fromisoformat({leak.cut.isoformat()!r})
train_end = datetime.fromisoformat({audited.report.train_end.isoformat()!r})
for leak in leaks_at(shortest, {blocks}, cut=cut, train_end=train_end):
    print(leak)
"""


def _block_as_python(blocks: AuditedBlocks, name: str) -> tuple[str, str]:
    """Imports and expression of one audited block alone."""
    for family in ("features", "events", "conditions", "splitters"):
        if name in [block.canonical for block in getattr(blocks, family)]:
            imports = f"from quant_core.{family} import {family.upper()}\nfrom quant_core.grammar import parse_block"
            return imports, f"AuditedBlocks({family}=[parse_block({family.upper()}, {name!r})])"
    # What is left is named after its timeframe: the coarser bars and the join to them.
    timeframe = name.rsplit(" ", 1)[1]
    imports = "from quant_core.timeframes import Timeframe"
    return imports, f"AuditedBlocks(higher_timeframes=[Timeframe.{timeframe}])"
