"""Discovery: what the files of a folder declare, found without a list that somebody must keep.

Put here: walking a package and collecting one declaration per file.
Keep out: what is declared (the folders themselves).
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TypeVar

from quant_core.errors import DataContractError

T = TypeVar("T")


def modules_of(package: str) -> list[ModuleType]:
    """The modules of a package in alphabetical order; those that start with an underscore hold no declaration.

    >>> [m.__name__.rsplit(".", 1)[1] for m in modules_of("quant_pipelines.plots")][:2]
    ['calibration_rates', 'correlation_matrix']
    """
    path = importlib.import_module(package).__path__
    names = sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_"))
    return [importlib.import_module(f"{package}.{name}") for name in names]


def declarations(package: str, attribute: str, kind: type[T] | tuple[type[T], ...]) -> dict[str, T]:
    """File name → what each file of a package declares.

    Args:
        package: dotted name; every file in it must declare one thing.
        attribute: name of the declaration, such as ``JOB``.
        kind: type or types of it.

    Raises:
        DataContractError: a file declares nothing, or something else.
    """
    found: dict[str, T] = {}
    for module in modules_of(package):
        name = module.__name__.rsplit(".", 1)[1]
        declared = getattr(module, attribute, None)
        if not isinstance(declared, kind):
            raise DataContractError(
                f"File {package}.{name} must declare {attribute}: found {type(declared).__name__}. "
                "Declare it, or start the file name with an underscore."
            )
        found[name] = declared
    return found
