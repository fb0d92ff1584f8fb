"""The sections of the research file: every ``settings.py`` and ``<name>_settings.py`` of the core, found in its folder.

Put here: their discovery.
Keep out: particular sections (each engine's settings.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import quant_core
from quant_core.catalog import holds_settings
from quant_core.errors import DataContractError
from quant_core.section import Section


def discovered_sections() -> dict[str, tuple[str, Section[Any]]]:
    """Every section by name, with the module that holds it; in alphabetical order.

    A folder without settings is not imported.

    Raises:
        DataContractError: a file of settings holds no ``SECTION``, or two sections have the same name.
    """
    found: dict[str, tuple[str, Section[Any]]] = {}
    for dotted in _modules():
        section = getattr(importlib.import_module(dotted), "SECTION", None)
        if not isinstance(section, Section):
            raise DataContractError(f"File {dotted} must define SECTION, its section of the research file: none found.")
        if section.name in found:
            raise DataContractError(
                f"{found[section.name][0]} and {dotted} define the section {section.name!r}. Rename one of them."
            )
        found[section.name] = (dotted, section)  # pyright: ignore[reportUnknownArgumentType]
    return dict(sorted(found.items()))


def _modules() -> Iterator[str]:
    """Dotted names of the files of settings in the folders of the core."""
    for package in pkgutil.iter_modules(quant_core.__path__):
        if package.ispkg:
            folders = [f"{path}/{package.name}" for path in quant_core.__path__]
            names = sorted(module.name for module in pkgutil.iter_modules(folders))
            yield from (f"quant_core.{package.name}.{name}" for name in names if holds_settings(name))


_FOUND = discovered_sections()
SECTIONS = {name: section for name, (_, section) in _FOUND.items()}
MODULE_OF_SECTION = {name: module for name, (module, _) in _FOUND.items()}
"""Section → the module that holds it: its code counts for what depends on the section."""
