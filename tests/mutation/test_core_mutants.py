"""A mutant changes one place, what is listed as equivalent exists, and tests notice nine of ten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.equivalent_mutants import EQUIVALENT, is_found
from tests.mutation.mutants import mutants
from tests.mutation.mutation_run import MAPPED, ROOT, drawn, fates, passes

N_LINES, SEED = 60, 8


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
    found = {path: mutants((ROOT / path).read_text(encoding="utf-8")) for path in MAPPED}
    assert [key for key in EQUIVALENT if not is_found(key, key[0], found[key[0]])] == []


@pytest.mark.slow
def test_nine_of_ten_mutants_of_the_core_are_noticed(tmp_path: Path) -> None:
    assert passes(tmp_path), "the mapped tests fail without a mutant"
    found = [fate for fate in fates(drawn(N_LINES, SEED), tmp_path) if fate.fate != "equivalent"]
    survivors = [fate for fate in found if fate.fate == "survived"]
    print(f"{len(survivors)} of {len(found)} mutants survived", *survivors, sep="\n")  # noqa: T201
    assert len(survivors) <= 0.1 * len(found), "\n".join(map(str, survivors))
