"""What people see of a leak audit: the finding of a partition, its table of leaks, and Python that shows a leak again.

Put here: facts, tables and snippets of an audited partition.
Keep out: what is audited (leak_audit_run.py), the asset check and its job (leak_audit_check.py).
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from quant_core.leak_audit.audit import TAKEN_AWAY, Leak
from quant_core.leak_audit.computations import AuditedBlocks
from quant_core.spec import ResearchSpec
from quant_pipelines.checks.leak_audit_run import AuditedPart, LeakAuditSettings, audit_partition
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.stages.check import Finding
from quant_pipelines.stages.metadata import table_value

_SHOWN_BARS = 50
_UNITS = {"ts": "UTC", "ts_close": "UTC", "session_date": "date", "volume": "units"} | dict.fromkeys(
    ("open", "high", "low", "close"), "price"
)
_CATALOGS = {"metrics": "profile_metrics"}
"""Fields of the audited blocks whose family has another name."""


def audit_key(lake: Lake, research: ResearchSpec, key: PartitionKey, settings: LeakAuditSettings) -> Finding | None:
    """Audit one partition and say what was found; None: fewer bars than a cut needs.

    Raises:
        LakeError: the partition has no bars.
    """
    parts = audit_partition(lake, research, key, settings)
    if not parts:
        return None
    blocks, folds = parts
    facts: dict[str, object] = {
        "n_bars": len(blocks.bars),
        "n_bars_of_folds": len(folds.bars),
        "n_cuts": sum(part.report.n_cuts for part in parts),
        "n_values": sum(part.report.n_values for part in parts),
        # 0 where the history is too short for a fold: then no fold, or no engine, was audited.
        "n_values_of_folds": folds.report.n_values,
        "n_values_of_engines": blocks.report.n_values_of_engines,
        "seed": settings.seed,
        "spec_id": research.spec_id,
    }
    leaks = [leak for part in parts for leak in part.report.leaks]
    if leaks:
        # One slice is shown: blocks that share a broken part leak together, and the table of leaks names them all.
        first = next(part for part in parts if part.report.leaks)
        facts |= {"leaks": _leaks_table(leaks), **_first_leak(lake, key, first, settings)}
    return Finding(len(leaks), facts)


def _leaks_table(leaks: list[Leak]) -> dg.MetadataValue:
    rows = [
        {
            "block": leak.block,
            "column": leak.column,
            "cut": f"{leak.cut:%Y-%m-%d %H:%M:%S}",
            "row": ", ".join(map(str, leak.key)),
            "expected": str(leak.without_future),
            "found": str(leak.with_future),
            "how": leak.happening,
        }
        for leak in leaks
    ]
    units = {"cut": "UTC", "expected": "value without the later bars", "found": "value with them"}
    return table_value(pl.DataFrame(rows), units)


def _first_leak(lake: Lake, key: PartitionKey, part: AuditedPart, settings: LeakAuditSettings) -> dict[str, object]:
    """The shortest slice of the first leak as a table, and the lines of Python that show the leak on it."""
    leak = part.report.leaks[0]
    start, stop = leak.slice_rows["bars"]
    rows = part.bars.frame.slice(start, stop - start)
    by_cutting = leak.contrast == TAKEN_AWAY
    snippet = _snippet(lake, key, rows, part, leak) if by_cutting else _whole_audit(lake, key, settings)
    return {
        "first_leak": str(leak),
        "n_bars_of_shortest_slice": rows.height,
        "shortest_slice": table_value(rows.head(_SHOWN_BARS), _UNITS),
        "reproduce": dg.MetadataValue.md(f"```python\n{snippet}```"),
    }


def _snippet(lake: Lake, key: PartitionKey, rows: pl.DataFrame, part: AuditedPart, leak: Leak) -> str:
    """Python that reads the slice from the lake and prints the leak."""
    first, last = (repr(ts.isoformat()) for ts in (rows["ts"][0], rows["ts"][-1]))
    imports, blocks = _block_as_python(part.blocks, leak.block)
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
train_end = datetime.fromisoformat({part.report.train_end.isoformat()!r})
for leak in leaks_at(shortest, {blocks}, cut=cut, train_end=train_end):
    print(leak)
"""


def _block_as_python(blocks: AuditedBlocks, name: str) -> tuple[str, str]:
    """Imports and expression of one audited block alone."""
    for field in ("features", "events", "conditions", "splitters", "targets", "dimensions", "metrics"):
        family = _CATALOGS.get(field, field)
        # A metric is audited by the value per bar that it summarizes.
        ids = {(b.bar_value if field == "metrics" else b).canonical: b.canonical for b in getattr(blocks, field)}
        if name in ids:
            imports = f"from quant_core.{family} import {family.upper()}\nfrom quant_core.grammar import parse_block"
            return imports, f"AuditedBlocks({field}=[parse_block({family.upper()}, {ids[name]!r})])"
    # What is left is named after its timeframe: the coarser bars and the join to them.
    timeframe = name.rsplit(" ", 1)[1]
    imports = "from quant_core.timeframes import Timeframe"
    return imports, f"AuditedBlocks(higher_timeframes=[Timeframe.{timeframe}])"


def _whole_audit(lake: Lake, key: PartitionKey, settings: LeakAuditSettings) -> str:
    """Python that audits the partition again and prints what it finds: for leaks that no cut of a slice shows."""
    return f"""\
from quant_pipelines.checks.leak_audit_run import LeakAuditSettings, audit_partition
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.resources import default_resources

if __name__ == "__main__":  # a fresh process is started, which reads this file again
    key, settings = PartitionKey({key.symbol!r}, {key.timeframe!r}), {settings!r}
    for part in audit_partition(Lake({lake.url!r}), default_resources()["research"].load(), key, settings):
        print(*part.report.leaks, sep="\\n")
"""
