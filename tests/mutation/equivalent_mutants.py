"""Equivalent mutants: changes that no test can notice, each with the reason.

Put here: a module, the changed text before and after, and why every result stays the same.
Keep out: survivors that a test could kill.
"""

from __future__ import annotations

from tests.mutation.mutants import Mutant

_SPLIT, _AUDIT = "quant_core/splitters/single_split.py", "quant_core/leak_audit/audit.py"
EQUIVALENT: dict[tuple[str, str, str], str] = {
    (_SPLIT, "0 < cut < n", "0 <= cut < n"): "a cut at 0 leaves no session before the boundary and is refused below",
    (_SPLIT, "0 < cut < n", "0 < cut <= n"): "a fraction below 1 of n, rounded down, is below n",
    (_AUDIT, "(stop - start) // 2", "(stop - start) * 2"): "a block larger than the slice is halved until it fits",
    (_AUDIT, "return False", "return None"): "the answer is used as a condition alone",
}
"""(module, text before, text after) → why nothing changes."""


def reason_of(path: str, mutant: Mutant) -> str | None:
    """Why a mutant is equivalent; None where it is not listed."""
    return EQUIVALENT.get((path, mutant.before, mutant.text))
