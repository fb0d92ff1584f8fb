"""Publishing of reports: one file per symbol in the lake, written only when something it says may have changed.

Put here: paths, identity and writing.
Keep out: content (page.py and the section files).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from quant_core.errors import LakeError
from quant_core.spec import ResearchSpec
from quant_core.symbols import check_symbol
from quant_pipelines.lake.code_version import code_version, text_version
from quant_pipelines.lake.facts import digest
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.seal import fault_in_page, is_sealed_page, seal_page
from quant_pipelines.lake.unpartitioned import REPORTS, content_digest, publish_file, table_path
from quant_pipelines.report.inputs import MARTS_OF_REPORT, TABLES_OF_REPORT, MartShelf, SymbolInputs
from quant_pipelines.report.page import report_html


@dataclass(frozen=True)
class PublishedReport:
    """Where a report lies.

    Attributes:
        path: as the lake's file system names it.
        is_written: False when the file already held the report of these inputs.
        n_bytes: size of the file.
        timeframes: what it covers.
    """

    path: str
    is_written: bool
    n_bytes: int
    timeframes: tuple[str, ...]


def report_code_version() -> str:
    """Hash of the code that decides what a report says and how it looks."""
    folder = Path(__file__).parent
    # Figures are part of what a report says; for a table they are not code.
    looks = text_version([*folder.glob("page.*"), *(folder.parent / "plots").glob("*.py")])
    return digest(f"{code_version('quant_pipelines.report.page')}{looks}".encode())[:16]


def report_path(symbol: str) -> str:
    """The file of a symbol's report, relative to the lake.

    Raises:
        SymbolError: the text is no legal symbol, and so no file name.

    >>> report_path("SP500")
    'reports/SP500.html'
    """
    return f"{REPORTS}/{check_symbol(symbol)}.html"


def reportable_symbols(lake: Lake) -> list[str]:
    """Every symbol with bars in the lake, sorted."""
    return sorted({key.symbol for key in lake.keys("bars")})


def publish_report(lake: Lake, research: ResearchSpec, symbol: str, shelf: MartShelf | None = None) -> PublishedReport:
    """Write the report of a symbol atomically, unless the one there is whole and was made from the same inputs.

    A damaged one is set aside and made again. One from before pages had a checksum is written again, with it.

    Args:
        lake: its tables and marts.
        research: the spec in force; tables made with another one are named as such.
        symbol: a legal symbol.
        shelf: marts already read, for many reports in a row.

    Raises:
        LakeError: the symbol has no bars.
        DamagedFileError: a table that it reads is not what was written.
        SymbolError: the text is no legal symbol.
    """
    path = report_path(symbol)
    inputs = SymbolInputs(lake, research, symbol, shelf or MartShelf(lake))
    if not inputs.keys:
        raise LakeError(
            f"No bars of {symbol} are in the lake at {lake.url}: expected at least one timeframe to report on. "
            f"Materialize them first, for example: qe launch research '{symbol}|D1'"
        )
    identity = _identity(inputs)

    def page(old: bytes | None) -> bytes:
        if old is not None and _mark(identity) in old and is_sealed_page(old):
            return old
        return seal_page(report_html(inputs, identity=identity, code_version=report_code_version()))

    file = publish_file(lake, path, page, fault_in=fault_in_page)
    timeframes = tuple(key.timeframe for key in inputs.keys)
    return PublishedReport(file.location, file.is_written, len(file.content), timeframes)


def _mark(identity: str) -> bytes:
    """How a page names its identity; see page.html."""
    return f'<meta name="report-identity" content="{identity}">'.encode()


def _identity(inputs: SymbolInputs) -> str:
    """Hash of every file the report reads, of the spec and of the code."""
    parts: list[object] = [report_code_version(), inputs.research.spec_id, inputs.symbol]
    for key in inputs.keys:
        for table in TABLES_OF_REPORT:
            facts = inputs.facts(table, key)
            parts.append((key.timeframe, table, asdict(facts) if facts else None))
    parts += [(native, digest(m.to_text().encode())) for native, m in inputs.manifests.items()]
    parts += [(mart, content_digest(inputs.lake, table_path(mart))) for mart in MARTS_OF_REPORT]
    return digest(json.dumps(parts, sort_keys=True, default=str).encode())
