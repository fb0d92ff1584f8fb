"""Opening of sources: what a kind of source is, and how an entry of sources.yaml becomes one.

Put here: the declaration of a kind, what it may use, and discovery of the kinds.
Keep out: particular kinds (their own files), the environment (resources.py), who delivers what (catalog.py).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quant_core.errors import PartitionLockedError
from quant_pipelines.discovery import modules_of
from quant_pipelines.lake.lake import Lake
from quant_pipelines.sources.config import SourceEntry
from quant_pipelines.sources.content_index import ContentIndex
from quant_pipelines.sources.contract import Source
from quant_pipelines.sources.saved_index import index_of, index_text

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opening:
    """What a source is opened with.

    Attributes:
        lake: for places relative to it, and for what is remembered between processes.
        now: the clock.
        variable: value of an environment variable by its name, "" where it is not set; for secrets.
        redact: a text without the secrets of the environment, for what is remembered; by default all of it.
        read_budget_s: seconds for looking into files not seen before; the others wait. By default there is no limit.
    """

    lake: Lake
    now: Callable[[], datetime]
    variable: Callable[[str], str]
    redact: Callable[[str], str] = str
    read_budget_s: float = math.inf

    def index(self, name: str) -> ContentIndex:
        """What the files of a source held, kept in the lake between processes.

        It only saves time: where it is damaged or cannot be kept, the files are read again, and a warning says why.
        """
        path, storage = f".index/{name}.json", self.lake.storage

        def load() -> dict[str, dict[str, Any]]:
            try:
                return index_of(storage.read(path)) if storage.exists(path) else {}
            except (ValueError, OSError) as error:
                _LOG.warning("%s of the lake is set aside, and the files of %s are read again: %s", path, name, error)
                return {}

        def save(known: dict[str, dict[str, Any]]) -> None:
            # Only the reasons: a short password may be a part of a symbol, and symbols are data.
            shown = {i: {**entry, "refused": self.redact(entry["refused"])} for i, entry in known.items()}
            try:
                with self.lake.lock_beside(path):
                    storage.clean_leftovers_of(path)
                    storage.write(path, index_text(shown))
            except (OSError, PartitionLockedError) as error:
                _LOG.warning("%s of the lake cannot be kept; the next process reads all files again: %s", path, error)

        return ContentIndex(load, save, self.read_budget_s)


@dataclass(frozen=True)
class SourceKind:
    """One kind of source, declared as ``KIND`` in its file.

    Attributes:
        name: what sources.yaml calls it.
        open: (entry, opening) → the source; wrong settings are a ConfigError that names their place.
        dsn_variable: environment variable with its secret, where an entry names no other by ``env_var``; "" for a kind
            that needs no secret. Only a kind with a secret may be ``enabled: auto``: on when its variable is set.
    """

    name: str
    open: Callable[[SourceEntry, Opening], Source]
    dsn_variable: str = ""

    def variable_of(self, entry: SourceEntry) -> str:
        """The environment variable of an entry; "" where it needs none."""
        return str(entry.settings.get("env_var") or self.dsn_variable) if self.dsn_variable else ""


def source_kinds() -> dict[str, SourceKind]:
    """Every kind that a file of this folder declares, by name."""
    declared = [getattr(module, "KIND", None) for module in modules_of("quant_pipelines.sources")]
    return {kind.name: kind for kind in declared if isinstance(kind, SourceKind)}


def why_off(entry: SourceEntry, opening: Opening) -> str:
    """Why a declared source is not in use; "" where it is."""
    if entry.enabled is False:
        return "enabled: false"
    variable = source_kinds()[entry.kind].variable_of(entry)
    if entry.enabled == "auto" and not (opening.variable(variable) or entry.settings.get("connection_url")):
        return f"environment variable {variable} is not set"
    return ""
