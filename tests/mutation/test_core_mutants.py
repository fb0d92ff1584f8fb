"""A mutant changes one place, and what is listed as equivalent exists."""

from __future__ import annotations

from tests.mutation.equivalent_mutants import EQUIVALENT
from tests.mutation.mutants import mutants
from tests.mutation.mutation_run import MAPPED, ROOT


def test_each_mutant_changes_one_place() -> None:
    source = "def f(x):\n    if 0 < x and not x == 7:\n        return x + 1\n    raise ValueError(x - 1)\n"
    assert [str(m).replace("  →  ", " > ") for m in mutants(source)] == [
        "2: 0 < x and not x == 7 > 0 < x or not x == 7",
        "2: 0 < x > 0 <= x",
        "2: 0 > 1",
        "2: 0 > -1",
        "2: not x == 7 > x == 7",
        "2: x == 7 > x != 7",
        "2: 7 > 8",
        "2: 7 > 6",
        "3: return x + 1 > return None",
        "3: x + 1 > x - 1",
        "3: 1 > 2",
        "3: 1 > 0",
    ]


def test_equivalent_mutants_exist() -> None:
    found = {(p, m.before, m.text) for p in MAPPED for m in mutants((ROOT / p).read_text(encoding="utf-8"))}
    assert set(EQUIVALENT) <= found
