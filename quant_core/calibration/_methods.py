"""What methods of correction find and what of it is false: inside one family, and over a universe of families.

Put here: the methods that are compared, their error rates and power.
Keep out: where p-values come from (``_universes.py``, ``_lab_families.py``), which are drawn (``families.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from quant_core.calibration._universes import Universe
from quant_core.inference import INFERENCES
from quant_core.inference.benjamini_hochberg import BenjaminiHochberg
from quant_core.inference.contract import Correction, UniverseCorrection

Found: TypeAlias = NDArray[np.bool_]
Decide: TypeAlias = Callable[[Universe, float], Found]
_ALONE = "benjamini_hochberg, each family alone"
_KEY = ("scope", "source", "split_bars", "n_families", "planted_share", "method")


def _inside(kind: type[Correction]) -> Decide:
    """Each family corrected alone by a method, told the effective sizes."""

    def decide(universe: Universe, rate: float) -> Found:
        method = kind(rate=rate)
        found = np.zeros(len(universe.p_values), dtype=np.bool_)
        for family in np.unique(universe.families):
            member = universe.families == family
            found[member] = method.adjust(universe.p_values[member], universe.n_eff[member]) <= rate
        return found

    return decide


def _over(kind: type[UniverseCorrection]) -> Decide:
    """All families at once."""

    def decide(universe: Universe, rate: float) -> Found:
        return kind(rate=rate).adjust(universe.p_values, universe.families) <= rate

    return decide


def methods(scope: str) -> Mapping[str, Decide]:
    """The methods of one scope: ``family`` (claims about one partition) or ``universe`` (claims over all).

    >>> "weighted_benjamini_hochberg" in methods("family"), "selected_families" in methods("universe")
    (True, True)
    """
    if scope == "family":
        return {name: _inside(method) for name, method in INFERENCES.items() if issubclass(method, Correction)}
    universe = {name: _over(method) for name, method in INFERENCES.items() if issubclass(method, UniverseCorrection)}
    return {_ALONE: _inside(BenjaminiHochberg), **universe}


def judged(universe: Universe, rate: float, scope: str, place: Mapping[str, object]) -> pl.DataFrame:
    """What every method of the scope does in one universe: one row per method.

    Columns: ``fdp`` share of false discoveries among all (0 without any), ``fdp_selected`` the same averaged over the
    families with discoveries, both null where no test is known to be null; ``power`` share of the planted tests that
    are found, null without any; ``n_found``.

    Args:
        universe: tests of known truth.
        rate: that the methods promise, fraction.
        scope: ``family`` or ``universe``.
        place: columns that say where the universe comes from.
    """
    rows: list[dict[str, object]] = []
    for name, decide in methods(scope).items():
        found = decide(universe, rate)
        false = found & universe.is_null
        in_family = np.bincount(universe.families, weights=found)
        false_in_family = np.bincount(universe.families, weights=false)
        selected = in_family > 0
        shares = false_in_family[selected] / in_family[selected]
        has_null = bool(universe.is_null.any())
        n_planted = int(universe.is_planted.sum())
        rows.append(
            {
                "scope": scope,
                **place,
                "method": name,
                "fdp": float(false.sum() / max(found.sum(), 1)) if has_null else None,
                "fdp_selected": (float(shares.mean()) if len(shares) else 0.0) if has_null else None,
                "power": float((found & universe.is_planted).sum() / n_planted) if n_planted else None,
                "n_found": int(found.sum()),
            }
        )
    return pl.DataFrame(rows, schema_overrides=dict.fromkeys(("fdp", "fdp_selected", "power"), pl.Float64))


def rates_of_methods(universes: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Means over universes with their Monte Carlo standard errors: one row per place and method.

    Power also as the difference to the first method, universe by universe: all methods see the same p-values.

    Args:
        universes: rows of ``judged``, in any number; a universe has a number ``index`` inside its place.
    """
    rows = pl.concat(list(universes))
    where = [c for c in _KEY if c != "method"]
    first = rows.group_by(*where, "index", maintain_order=True).first().select(*where, "index", first_power="power")
    gained = rows.join(first, on=[*where, "index"], maintain_order="left").with_columns(
        gain=pl.col("power") - pl.col("first_power")
    )
    measured = ("fdp", "fdp_selected", "power", "gain", "n_found")
    return gained.group_by(*_KEY, maintain_order=True).agg(
        *(pl.col(name).mean() for name in measured),
        *((pl.col(name).std() / pl.col(name).count().sqrt()).alias(f"{name}_se") for name in measured),
        pl.len().cast(pl.Int64).alias("n_universes"),
    )
