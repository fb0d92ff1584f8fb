"""The correction over all symbols, step by step and not by q-values: an independent count of what it finds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import false_discovery_control


def found_over_all(p_values: Sequence[float], families: Sequence[str], rate: float) -> list[bool]:
    """Select families by their Simes p-values, then correct inside each at rate · selected / families."""
    p, names = np.asarray(p_values), np.asarray(families)
    own = {name: false_discovery_control(p[names == name]) for name in sorted(set(families))}
    selected = false_discovery_control([q.min() for q in own.values()]) <= rate
    share = rate * selected.sum() / len(own)
    found = np.zeros(len(p), dtype=bool)
    for name in np.array(list(own))[selected]:
        found[names == name] = own[name] <= share
    return found.tolist()
