"""The catalog: finds the blocks of a family folder, so that adding a block touches one file.

Put here: discovery and look-up by id, and the catalog of a family.
Keep out: block semantics (family folders) and reading of canonical strings (grammar.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from quant_core.block import Block, snake_case
from quant_core.errors import DataContractError, UnknownNameError

B = TypeVar("B", bound=Block)

CONTRACT = "contract"
"""The module of a family folder that says what a block of the family is."""

SETTINGS = "settings"
"""The module of a folder that holds its section of the research file; a further section is ``<name>_settings``."""


_CATALOGS: dict[type[Block], Catalog[Any]] = {}
"""Every catalog made so far, by the base class of its family: a nested block is looked up by its declared type."""


def catalog_of(base: type[Block]) -> Catalog[Any]:
    """The catalog of a family, by its base class; importing the base class imports the family.

    >>> from quant_core.features.contract import Feature
    >>> catalog_of(Feature).family
    'feature'
    """
    return _CATALOGS[base]


class Catalog(Mapping[str, type[B]], Generic[B]):
    """The blocks of one family by id, in alphabetical order.

    One file = one block: ``events/gap_up.py`` must define the class ``GapUp`` of the family. Files that
    start with an underscore, ``contract.py``, ``settings.py`` and ``<name>_settings.py`` are not blocks.

    Raises:
        DataContractError: a file does not hold exactly one class of the family, or its name differs.
        UnknownNameError: look-up of an id that does not exist, with suggestions.

    >>> from quant_core.events import EVENTS
    >>> EVENTS["k_consecutive"].__name__
    'KConsecutive'

    Attributes:
        family: what errors call one of its blocks.
        package: dotted name of the folder.
        aliases: other names of blocks with some parameters set: name → id.
    """

    def __init__(self, family: str, package: str, path: list[str], base: type[B]) -> None:
        self.family = family
        self.package = package
        self._blocks: dict[str, type[B]] = {}
        for module in sorted(m.name for m in pkgutil.iter_modules(path) if not _is_machinery(m.name)):
            self._blocks[module] = self._block_in(f"{package}.{module}", module, base)
        self.aliases = {name: text for block in self._blocks.values() for name, text in block.aliases}
        _CATALOGS[base] = self

    def _block_in(self, dotted: str, file_name: str, base: type[B]) -> type[B]:
        """Return the one block class that a file defines."""
        module = importlib.import_module(dotted)
        classes = [c for c in vars(module).values() if isinstance(c, type) and c.__module__ == dotted]
        found = [c for c in classes if issubclass(c, base)]
        names = [c.__name__ for c in found if not c.__name__.startswith("_")]
        if len(names) != 1:
            raise DataContractError(
                f"File {dotted} must define exactly one {self.family}: found {names or 'none'}. "
                "Move the others to files of their own, or start the file name with an underscore."
            )
        block = next(c for c in found if c.__name__ == names[0])
        if snake_case(block.__name__) != file_name:
            raise DataContractError(
                f"Class {block.__name__} lives in {file_name}.py: the file name is the block's id. "
                f"Rename the class, or rename the file to {snake_case(block.__name__)}.py."
            )
        return block

    def __getitem__(self, key: str) -> type[B]:
        try:
            return self._blocks[key]
        except KeyError:
            raise UnknownNameError.among(self.family, key, self._blocks) from None

    def __contains__(self, key: object) -> bool:
        return key in self._blocks

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)


def _is_machinery(module: str) -> bool:
    """True for the files of a family folder that hold no block: its contract, its settings and private modules."""
    return module == CONTRACT or holds_settings(module) or module.startswith("_")


def holds_settings(module: str) -> bool:
    """True for a module that holds a section of the research file.

    >>> [holds_settings(name) for name in ("settings", "gaps_settings", "_settings", "gaps")]
    [True, True, False, False]
    """
    return module == SETTINGS or (module.endswith(f"_{SETTINGS}") and not module.startswith("_"))
