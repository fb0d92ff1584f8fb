"""Spans in a report: how many bars every timeframe has.

Put here: the section's table.
Keep out: gaps and coverage (quality.py).
"""

from __future__ import annotations

from quant_pipelines.report._document import Column, Section, Table
from quant_pipelines.report._numbers import count
from quant_pipelines.report.inputs import SymbolInputs


def spans_section(inputs: SymbolInputs) -> Section:
    """The section: one row per timeframe."""
    rows = [[key.timeframe, count(inputs.lake.read("bars", key).height)] for key in inputs.keys]
    return Section("spans", "Spans of the bars", [Table([Column("timeframe"), Column("bars", form="number")], rows)])


SECTIONS = {70: spans_section}
