"""The reference pages: every block and every table, written from the code that defines them.

Put here: turning catalogs and table contracts into markdown; ``python -m quant_core.reference blocks`` prints a page.
Keep out: explanations that no declaration holds (docs/).
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from dataclasses import fields
from typing import cast

import quant_core
from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.errors import UnknownNameError
from quant_core.tables import TABLES


def families() -> dict[str, Catalog[Block]]:
    """Every family folder's catalog, by the folder's place in the core.

    >>> {"events", "targets", "quality/checks"} <= set(families())
    True
    """
    found: dict[str, Catalog[Block]] = {}
    for module in pkgutil.walk_packages(quant_core.__path__, "quant_core."):
        if module.ispkg:
            package = importlib.import_module(module.name)
            for value in vars(package).values():
                if isinstance(value, Catalog) and value.package == package.__name__:
                    found[module.name.removeprefix("quant_core.").replace(".", "/")] = cast("Catalog[Block]", value)
    return found


def blocks_page() -> str:
    """The page of all blocks: id with defaults, and the first sentence of the docstring."""
    lines = [
        "# Blocks",
        "",
        "Every block with its default parameters, as the spec and the results write it. One file is one block:",
        "`quant_core/<family>/<name>.py` holds its definition, missing-value rule and an example worked by hand.",
        "This page is printed by `python -m quant_core.reference blocks`; `make reference` remakes all such pages.",
    ]
    for folder, catalog in families().items():
        package = importlib.import_module(f"quant_core.{folder.replace('/', '.')}")
        lines += ["", f"## {folder}", "", _first_sentence(package), "", "| block | what it is |", "|---|---|"]
        for block in catalog.values():
            lines.append(f"| `{_signature(block)}` | {_first_sentence(block)} |")
    return "\n".join(lines) + "\n"


def tables_page() -> str:
    """The page of all tables: columns, units, meanings, keys."""
    lines = [
        "# Tables",
        "",
        "Every table of the lake. This page is printed by `python -m quant_core.reference tables`; `make reference`",
        "remakes all such pages.",
    ]
    for name, table in TABLES.items():
        lines += ["", f"## {name}", "", table.markdown()]
    return "\n".join(lines) + "\n"


def _signature(block: type[Block]) -> str:
    """The canonical id of the block's defaults; learned fields are no parameters."""
    names = {f.name for f in fields(block)}
    return block().canonical.replace("|", "\\|") if names else block().name


def _first_sentence(thing: object) -> str:
    """First line of a docstring, safe inside a markdown table."""
    return (inspect.getdoc(thing) or "").splitlines()[0].replace("|", "\\|")


PAGES = {"blocks": blocks_page, "tables": tables_page}


def page(name: str) -> str:
    """One page by name.

    Raises:
        UnknownNameError: there is no such page.
    """
    if name not in PAGES:
        raise UnknownNameError.among("reference page", name, PAGES)
    return PAGES[name]()


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1] if len(sys.argv) > 1 else "blocks"))
