"""SQL files: one SELECT with a header that says what a row is, its key and its units.

Put here: parsing of ``sql/marts/*.sql`` and ``sql/checks/*.sql`` and their dependencies.
Keep out: running them (``query.py``) and turning them into assets and checks.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb

from quant_core.errors import ConfigError, UnknownNameError


def _sql_folder() -> Path:
    """``sql/`` beside the packages in a checkout, inside the package in an installation."""
    checkout = Path(__file__).parents[2]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "sql"
    return Path(str(importlib.resources.files("quant_pipelines"))) / "sql"


SQL_FOLDER = _sql_folder()

FACTS_TABLE = "lake_facts"
"""Any SELECT may read it: one row per partition of the tables it reads, with the provenance of its file."""


@dataclass(frozen=True)
class SqlColumn:
    """One documented output column."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True)
class SqlFile:
    """A SELECT with its documentation and the tables it reads.

    Attributes:
        name: the file's stem, e.g. ``mart__coverage`` or ``bars__volume_is_positive``.
        meaning: the header's prose: what one row is.
        key: columns that are unique together; empty for checks.
        columns: the output columns, in order; empty for checks.
        tables: lake tables the statement reads, without its CTEs and ``lake_facts``, alphabetical.
        reads_facts: True when it reads ``lake_facts``, the provenance of the partitions of its tables.
        plot: name of the figure (``Plot:`` in the header) drawn from the result, or None.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[SqlColumn, ...]
    select: str
    tables: tuple[str, ...]
    plot: str | None = None
    reads_facts: bool = False

    @property
    def body(self) -> str:
        """The statement without its header."""
        lines = self.select.splitlines()
        return "\n".join(lines[_header_length(lines) :]).strip()

    @property
    def schema_version(self) -> str:
        """SHA-256 (8 hex digits) of the promised columns and key; stored files with another one are refused."""
        promised = [[column.name for column in self.columns], self.key]
        return hashlib.sha256(json.dumps(promised).encode()).hexdigest()[:8]

    @property
    def version(self) -> str:
        """Hash of the text: the code version of what it computes."""
        return hashlib.sha256(self.select.encode()).hexdigest()[:16]


def read_sql_files(folder: Path) -> list[SqlFile]:
    """All SQL files of a folder, alphabetical.

    Raises:
        ConfigError: the folder does not exist, or a file breaks the rules of ``parse_sql_file``.
    """
    if not folder.is_dir():
        raise ConfigError.at(
            "sql",
            expected=f"the folder {folder}",
            found="nothing",
            next_step="Install the package again; its wheel holds the folder sql.",
        )
    return [parse_sql_file(path.stem, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.sql"))]


def mart_file(name: str) -> SqlFile:
    """One mart by its name.

    Raises:
        UnknownNameError: no file of ``sql/marts`` has this name.
    """
    folder = SQL_FOLDER / "marts"
    path = folder / f"{name}.sql"
    if not path.is_file():
        raise UnknownNameError.among("mart", name, [p.stem for p in folder.glob("*.sql")])
    return parse_sql_file(name, path.read_text(encoding="utf-8"))


def parse_sql_file(name: str, text: str) -> SqlFile:
    r"""Read header and statement.

    Raises:
        ConfigError: no header, not exactly one SELECT, or a column line without three parts.

    >>> file = parse_sql_file("mart__x", "-- One row is one symbol.\n-- Key: symbol\n-- Columns:\n"
    ...                       "--   symbol | id | Partition key.\nWITH a AS (SELECT * FROM bars) SELECT symbol FROM a")
    >>> file.meaning, file.key, file.tables, file.columns[0].unit
    ('One row is one symbol.', ('symbol',), ('bars',), 'id')
    """
    lines = text.splitlines()
    header = [line[2:] for line in lines[: _header_length(lines)]]
    meaning = " ".join(line.strip() for line in header if line.strip() and not _is_field(line)).strip()
    if not meaning:
        raise ConfigError.at(
            f"{name}.sql",
            expected="a header comment saying what one row is",
            found="none",
            next_step="Start with '-- '.",
        )
    key, plot = _field(header, "Key:"), _field(header, "Plot:")
    columns = tuple(_column(name, line) for line in header if "|" in line)
    tables = tables_read(name, text)
    return SqlFile(
        name=name,
        meaning=meaning,
        key=tuple(part.strip() for part in key.split(",") if part.strip()),
        columns=columns,
        select=text,
        tables=tuple(table for table in tables if table != FACTS_TABLE),
        plot=plot or None,
        reads_facts=FACTS_TABLE in tables,
    )


def tables_read(name: str, sql: str) -> tuple[str, ...]:
    """The tables of one SELECT from DuckDB's own parse tree, CTE names excluded.

    Raises:
        ConfigError: the text is not exactly one SELECT statement.

    >>> tables_read("x", "WITH a AS (SELECT 1 FROM t1) SELECT * FROM a JOIN t2 USING (k), (SELECT 1 FROM t3)")
    ('t1', 't2', 't3')
    """
    with duckdb.connect() as connection:
        row = connection.execute("SELECT json_serialize_sql(?::VARCHAR)", [sql]).fetchone()
    tree: Any = json.loads(row[0]) if row else {"error": True}
    if tree.get("error") or len(tree["statements"]) != 1:
        found = tree.get("error_message", f"{len(tree.get('statements', []))} statements")
        raise ConfigError.at(
            f"{name}.sql", expected="exactly one SELECT", found=found, next_step="Split or fix the statement."
        )
    tables, ctes = set[str](), set[str]()
    _walk(tree["statements"][0], tables, ctes)
    return tuple(sorted(tables - ctes))


def _walk(node: Any, tables: set[str], ctes: set[str]) -> None:
    """Collect base tables and CTE names of a parse tree."""
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            _walk(item, tables, ctes)
    elif isinstance(node, dict):
        branch = cast("dict[str, Any]", node)
        if branch.get("type") == "BASE_TABLE":
            tables.add(branch["table_name"])
        named: dict[str, list[dict[str, str]]] = branch.get("cte_map") or {}
        ctes.update(entry["key"] for entry in named.get("map", []))
        for value in branch.values():
            _walk(value, tables, ctes)


def _header_length(lines: list[str]) -> int:
    """Number of leading comment lines."""
    return next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))


def _field(header: list[str], label: str) -> str:
    """The rest of the header line that starts with a label, or nothing."""
    return next((line.strip().removeprefix(label).strip() for line in header if line.strip().startswith(label)), "")


def _is_field(line: str) -> bool:
    return "|" in line or line.strip().startswith(("Key:", "Plot:", "Columns:"))


def _column(file: str, line: str) -> SqlColumn:
    parts = [part.strip() for part in line.split("|")]
    if len(parts) != 3 or not all(parts):
        raise ConfigError.at(
            f"{file}.sql",
            expected="column lines 'name | unit | meaning'",
            found=line.strip(),
            next_step="Fill all three.",
        )
    return SqlColumn(*parts)
