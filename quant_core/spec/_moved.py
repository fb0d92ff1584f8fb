"""Settings that moved: read from their earlier places with a warning, or refused with the place they have now.

Put here: earlier places of settings.
Keep out: earlier names of blocks and their parameters (the blocks).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, cast

from quant_core.errors import ConfigError

# Settings of the source system that live elsewhere here: path → where they went.
ELSEWHERE = {
    "data.dataset_path": "Declare files as a source in sources.yaml; every configured source is read.",
    "data.path": "Declare files as a source in sources.yaml; every configured source is read.",
    "data.mysql": "Declare the database as a source in sources.yaml; its DSN comes from the environment.",
    "artifacts": "Results are assets of the lake; its place is the environment variable QUANT_LAKE.",
    "persistence.enabled": "Results are always stored in the lake; remove the setting.",
    "persistence.store_stats_in_db": "Results are always stored in the lake; remove the setting.",
    "persistence.spec_id": "The spec's id is computed from the resolved spec; remove the setting.",
    "persistence.dataset_id": "The data's id is its content hash (data_version); remove the setting.",
    "persistence": "Results are always stored in the lake; remove the section.",
}

# Earlier place in the file → place now. The source system's are at the top.
MOVED = {
    "events": "market_stats.events",
    "conditions": "market_stats.conditions",
    "targets": "market_stats.targets",
    "validation": "folds",
    "market_stats.validation": "folds",
    "market_stats.cost": "cost",
}


class MovedWarning(FutureWarning):
    """A research file gives a setting at an earlier place; the text says the place now."""


def with_current_places(content: Mapping[str, object], where: str) -> dict[str, object]:
    """The file's sections with every setting at its place now, and a warning for each that was elsewhere.

    Raises:
        ConfigError: a setting that does not live in the research file, or one that is given at both places.

    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     with_current_places({"market_stats": {"fdr": 0.1, "validation": {"folds": 2}}}, "a.yaml")
    {'market_stats': {'fdr': 0.1}, 'folds': {'n_folds': 2}}
    >>> print(caught[0].message)
    a.yaml: market_stats.validation has moved. Write it as folds.
    """
    _refuse_elsewhere(content, where)
    current = {name: _copy(value) for name, value in content.items()}
    for earlier, now in MOVED.items():
        holder, _, key = earlier.rpartition(".")
        inner: object = current.get(holder) if holder else current
        if not isinstance(inner, dict) or key not in inner:
            continue
        value = cast("dict[str, object]", inner).pop(key)
        _place(current, now, _renamed_folds(value) if now == "folds" else value, f"{where}: {earlier}")
        warnings.warn(f"{where}: {earlier} has moved. Write it as {now}.", MovedWarning, stacklevel=4)
    return current


def _refuse_elsewhere(content: Mapping[str, object], where: str) -> None:
    """Say where a setting of the source system lives now."""
    for path, advice in ELSEWHERE.items():
        section, _, key = path.partition(".")
        inner = content.get(section)
        if section in content and (not key or (isinstance(inner, Mapping) and key in inner)):
            raise ConfigError(f"Setting {path} of {where} does not live in the research file. {advice}")


def _copy(value: object) -> object:
    """A section that can be changed; the file's own values stay as they are."""
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else value


def _place(current: dict[str, object], now: str, value: object, earlier: str) -> None:
    """Put a value at its place now, which must be free."""
    name, _, key = now.partition(".")
    if not key:
        target: dict[str, object] = current
        key = name
    else:
        inner = current.get(name)
        current[name] = target = cast("dict[str, object]", inner) if isinstance(inner, dict) else {}
    if key in target:
        raise ConfigError(f"The same setting is given twice: as {earlier} and as {now}. Keep {now}.")
    target[key] = value


def _renamed_folds(value: object) -> object:
    """``folds`` inside the earlier section is ``n_folds`` now, in the rules of timeframes too."""
    if not isinstance(value, Mapping):
        return value
    rule = cast("Mapping[str, Any]", value)
    renamed = {"n_folds" if k == "folds" else k: v for k, v in rule.items()}
    own = renamed.get("by_timeframe")
    if isinstance(own, Mapping):
        renamed["by_timeframe"] = {t: _renamed_folds(r) for t, r in cast("Mapping[str, object]", own).items()}
    return renamed
