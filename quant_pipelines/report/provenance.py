"""The footer of a report: what every number was made from, so that it can be made again.

Put here: versions of data, code and spec.
Keep out: moments of time; equal inputs give equal bytes.
"""

from __future__ import annotations

from quant_pipelines.report._document import Column, Fold, Section, Table, Text
from quant_pipelines.report._numbers import NONE
from quant_pipelines.report.inputs import TABLES_OF_REPORT, SymbolInputs


def provenance_section(inputs: SymbolInputs, code_version: str) -> Section:
    """The section: spec, seed, code, raw versions, and the facts inside every file the report reads."""
    raw = [
        [native, str(m.version), m.data_version(), m.latest.origin, m.latest.origin_hash]
        for native, m in inputs.manifests.items()
    ]
    columns = [Column("native"), Column("raw version", form="number"), Column("raw data version", form="id")]
    columns += [Column("last origin", form="raw"), Column("origin hash", form="raw")]
    spec = inputs.research
    text = f"Research spec {spec.spec_id}, seed {spec.seed}, code of the report {code_version}."
    files = _files(inputs)
    return Section(
        "provenance",
        "Data and spec versions",
        [Text(text), Table(columns, raw, "Raw rows."), Fold(f"Versions of {len(files.rows)} tables", [files])],
    )


def _files(inputs: SymbolInputs) -> Table:
    """One row per table of the lake that the report reads."""
    rows: list[list[str]] = []
    for key in inputs.keys:
        for table in TABLES_OF_REPORT:
            facts = inputs.facts(table, key)
            if facts is not None:
                seed = NONE if facts.seed is None else str(facts.seed)
                state = inputs.outdated(table, key) or "up to date"
                row = [key.timeframe, table, facts.data_version, facts.code_version, facts.spec_id or NONE, seed, state]
                rows.append(row)
    columns = [Column("timeframe"), Column("table", form="id"), Column("data version", form="id")]
    columns += [
        Column("code version", form="id"),
        Column("spec id of the section", form="id"),
        Column("seed"),
        Column("state"),
    ]
    return Table(columns, rows)
