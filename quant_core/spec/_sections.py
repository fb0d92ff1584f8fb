"""The sections of the research file: every ``settings.py`` of the core, found in its folder.

Put here: their discovery.
Keep out: particular sections (each engine's settings.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import quant_core
from quant_core.catalog import SETTINGS
from quant_core.errors import DataContractError
from quant_core.section import Section


def discovered_sections() -> dict[str, Section[Any]]:
    """Every section by name, in alphabetical order; a folder that holds no settings.py is not imported.

    Raises:
        DataContractError: a settings.py holds no ``SECTION``, or two sections have the same name.
    """
    found: dict[str, Section[Any]] = {}
    for package in pkgutil.iter_modules(quant_core.__path__):
        folders = [f"{path}/{package.name}" for path in quant_core.__path__]
        if not package.ispkg or SETTINGS not in {module.name for module in pkgutil.iter_modules(folders)}:
            continue
        dotted = f"quant_core.{package.name}.{SETTINGS}"
        section = getattr(importlib.import_module(dotted), "SECTION", None)
        if not isinstance(section, Section):
            raise DataContractError(f"File {dotted} must define SECTION, its section of the research file: none found.")
        if section.name in found:
            raise DataContractError(f"Two settings.py define the section {section.name!r}. Rename one of them.")
        found[section.name] = section  # pyright: ignore[reportUnknownArgumentType]
    return dict(sorted(found.items()))


SECTIONS = discovered_sections()
