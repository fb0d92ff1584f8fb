"""Run mutants of the core by hand: ``python -m tests.mutation --seed 1 --lines 60 [--only PATH …]``."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.mutation.mutation_run import MAPPED, drawn, fates


def main() -> None:
    """Print the fate of every drawn mutant and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--only", nargs="*", default=list(MAPPED))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fates(drawn(chosen.lines, chosen.seed, chosen.only), Path(folder))
    print(*found, sep="\n")  # noqa: T201
    print({fate: sum(f.fate == fate for f in found) for fate in ("killed", "survived", "equivalent")})  # noqa: T201


if __name__ == "__main__":
    main()
