"""A process of its own that reads files and prints for each: name, seconds, megabytes above the base, outcome."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from quant_core.errors import RefusedInputError
from quant_core.ingestion import Dialect, read_file
from tests.ingestion.bombs import BARS


def peak_mb() -> float:
    """The most memory that the process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(folder: Path) -> None:
    read_file(BARS, "ABC_d1.csv", Dialect())
    base = peak_mb()
    for path in sorted(folder.iterdir()):
        begin = time.process_time()
        try:
            outcome = f"{read_file(path.read_bytes(), path.name, Dialect()).rows.height} rows"
        except RefusedInputError as error:
            outcome = str(error)
        print(json.dumps([path.name, time.process_time() - begin, peak_mb() - base, outcome]))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
