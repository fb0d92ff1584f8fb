"""Run every benchmark of this folder, one process each, and say which missed its target."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run them in alphabetical order; exit status 1 when one missed its target or broke."""
    missed = []
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        print(f"== {file.stem}", flush=True)
        if subprocess.run(
            [sys.executable, "-m", f"tests.benchmarks.{file.stem}", *sys.argv[1:]], check=False
        ).returncode:
            missed.append(file.stem)
    print(f"missed or broken: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
