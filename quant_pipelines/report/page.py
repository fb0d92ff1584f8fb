"""The page: the sections of a report in order, and their HTML.

Put here: collecting the sections, the summary at the top, and rendering by the template.
Keep out: what a section says (one file each), storing (publishing.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from quant_core.errors import DataContractError
from quant_core.timeframes import Timeframe
from quant_pipelines.discovery import modules_of
from quant_pipelines.lake.partitions import PartitionKey
from quant_pipelines.marts.sentences import headline
from quant_pipelines.report._document import Block, Column, Section, Table, Text
from quant_pipelines.report._numbers import NONE, count, moment
from quant_pipelines.report.findings import paying_cells, pooled_cells, significant_cells
from quant_pipelines.report.inputs import SymbolInputs
from quant_pipelines.report.provenance import provenance_section
from quant_pipelines.report.seasonal import tested_bins

_FOLDER = Path(__file__).parent

SectionMaker = Callable[[SymbolInputs], Section]
"""What makes a section. A file of this folder declares those it has as ``SECTIONS``: place in the report → maker."""


def report_html(inputs: SymbolInputs, *, identity: str, code_version: str) -> bytes:
    """The whole report of a symbol that has bars; equal inputs give equal bytes.

    Args:
        inputs: the symbol's tables.
        identity: hash of everything the report is made from; kept in the page.
        code_version: version of the code that makes the report.
    """
    made = [maker(inputs) for _, maker in sorted(section_makers().items())]
    sections = [Section("summary", "At a glance", _summary(inputs)), *made]
    page = _template().render(
        symbol=inputs.symbol,
        spec_id=inputs.research.spec_id,
        identity=identity,
        # The style is a file of this package, not data: the only text that is not escaped.
        style=Markup((_FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704
        sections=sections,
        footer=provenance_section(inputs, code_version),
    )
    return page.encode("utf-8")


@cache
def section_makers() -> dict[int, SectionMaker]:
    """Place in the report → maker, of every file of this folder that declares sections.

    Raises:
        DataContractError: two sections have one place.
    """
    found: dict[int, SectionMaker] = {}
    for module in modules_of("quant_pipelines.report"):
        declared: dict[int, SectionMaker] = getattr(module, "SECTIONS", {})
        taken = sorted(found.keys() & declared.keys())
        if taken:
            raise DataContractError(
                f"Section {taken[0]} of {module.__name__} has the place of another one. Choose a free number."
            )
        found |= declared
    return found


@cache
def _template() -> Template:
    """The page's template; every text it is given is escaped, and a missing one is an error."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment.get_template("page.html")


def _breakable(text: str) -> Markup:
    """A long id that may wrap after brackets and commas; its pieces are escaped.

    >>> _breakable("a(b=1,c<2)")
    Markup('a(<wbr>b=1,<wbr>c&lt;2)')
    """
    return Markup("<wbr>").join(re.split(r"(?<=[(,])(?=.)", text))


def _summary(inputs: SymbolInputs) -> list[Block]:
    """One row per timeframe: span, calendar, what was tested and what was found; and that in one sentence."""
    rows = [_summary_row(inputs, key) for key in inputs.keys]
    columns = [
        Column("timeframe"),
        Column("calendar"),
        Column("bars", form="number"),
        Column("first [UTC]", form="short"),
    ]
    columns += [
        Column("last [UTC]", form="short"),
        Column("questions tested", "Out of sample, all folds pooled; cells that ask the same are one.", "number"),
    ]
    columns += [Column("significant", "After the correction for the timeframe's own questions.", "number")]
    columns += [Column("pay", "Significant ones whose trade clears its cost, also from the next open.", "number")]
    columns += [Column("seasonal bins tested", form="number"), Column("significant bins", form="number")]
    columns += [Column("confirmed later", "Found on the earlier half and confirmed on the later one.", "number")]
    return [Text(_sentence(inputs), "verdict"), Table(columns, rows)]


def _sentence(inputs: SymbolInputs) -> str:
    """The report in one sentence."""
    cells = [c for key in inputs.keys if (c := pooled_cells(inputs, key)) is not None]
    bins = [b for key in inputs.keys if (b := tested_bins(inputs, key)) is not None]
    tested, found = sum(c["q_value"].count() for c in cells), sum(significant_cells(c).height for c in cells)
    paying, has_cost = sum(paying_cells(c) for c in cells), any(c["cost_bps"].count() for c in cells)
    statistics = f"Out of sample: {headline(found, tested, paying, has_cost=has_cost)}"
    if not tested:
        statistics = "No cell holds enough observations for a test out of sample."
    seasonal = [b.filter(verdict="significant") for b in bins]
    n_bins, n_found = sum(b.height for b in bins), sum(b.height for b in seasonal)
    n_confirmed = sum(int(b["replicated"].sum()) for b in seasonal)
    profiles = f"Over all bars, {_share(n_found, n_bins, 'tested seasonal bin')} significant"
    confirmed = f", {count(n_confirmed)} of them found on the earlier half and confirmed on the later one"
    profiles += f"{confirmed if n_found else ''}."
    return " ".join([statistics if cells else "No statistics yet.", profiles if bins else "No seasonal profiles yet."])


def _share(found: int, tested: int, what: str) -> str:
    """How many of how many, with its verb.

    >>> _share(0, 12, "bin"), _share(1, 12, "bin"), _share(3, 1200, "bin")
    ('none of 12 bins is', '1 of 12 bins is', '3 of 1,200 bins are')
    """
    return f"{count(found) if found else 'none'} of {count(tested)} {what}s {'are' if found > 1 else 'is'}"


def _summary_row(inputs: SymbolInputs, key: PartitionKey) -> list[str]:
    """The texts of one timeframe."""
    ts, facts = inputs.lake.read("bars", key)["ts"], inputs.facts("bars", key)
    intraday = Timeframe(key.timeframe).is_intraday
    cells, bins = pooled_cells(inputs, key), tested_bins(inputs, key)
    first, last = (moment(t, intraday=intraday) for t in (ts.min(), ts.max()))  # pyright: ignore[reportArgumentType]
    row = [key.timeframe, facts.calendar if facts else NONE, count(ts.len()), first, last]
    if cells is None:
        row += [NONE] * 3
    else:
        tested, found = cells["q_value"].count(), significant_cells(cells).height
        row += [count(tested), count(found), count(paying_cells(cells)) if cells["cost_bps"].count() else NONE]
    if bins is None:
        return [*row, *[NONE] * 3]
    found = bins.filter(verdict="significant")
    return [*row, count(bins.height), count(found.height), count(int(found["replicated"].sum()))]
