"""What two halves of the bars say of a seasonal bin, counted by hand: stability, replication and ties.

Put here: the columns of seasonality_profiles that compare halves or count bars without a move.
Keep out: values, tests and families of a bin (seasonality_by_hand.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
LEAST_YEARS = 10


def tie_share(moves: Sequence[float | None], inside: Sequence[bool | None], n: int) -> float | None:
    """Of n bars with a move and those without one, the share of those without."""
    ties = sum(move == 0 for move, here in zip(moves, inside, strict=True) if here)
    return ties / (ties + n) if ties + n else None


def stability(row: Row, first: Row, second: Row, *, is_yearly: bool, n_years: float) -> str | None:
    """What the earlier half found and the later one shows; ``n_years`` are those of the earlier half."""
    if row["verdict"] is None:
        return None
    if is_yearly and n_years < LEAST_YEARS:
        return "too_few_years"
    if first.get("verdict") in {None, "insufficient"} or second.get("lift") is None:
        return "too_few_bars"
    if first["verdict"] != "significant":
        return "underpowered" if first["verdict"] == "underpowered" else "not_found"
    return "stable" if math.copysign(1, first["lift"]) == math.copysign(1, second["lift"]) else "unstable"


def replication(row: Row, first: Row, second: Row, *, is_yearly: bool, n_years: float) -> Row:
    """``stability`` and the two columns that follow from it."""
    said = stability(row, first, second, is_yearly=is_yearly, n_years=n_years)
    found: Row = {"stability": said, "stable": None, "replicated": None}
    if said in {"stable", "unstable"}:
        p, is_stable = second.get("p_value"), said == "stable"
        found["stable"] = is_stable
        if not is_stable or p is not None:
            found["replicated"] = is_stable and p <= 0.05
    return found
