"""The order of tests: as a seed draws it, and the long files first where workers share the files.

Put here: what is known of durations, and orders of whole files.
Keep out: fixtures (conftest.py).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import pytest

LONG_FILES = (
    "tests/docs/test_readme_commands.py",
    "tests/browser/test_web_ui.py",
    "tests/docs/test_adding_one_thing.py",
)
"""Files of half a minute and more on two cores, the longest first; ``--durations=40`` shows new ones."""


def reordered(items: Sequence[pytest.Item], seed: str) -> list[pytest.Item]:
    """Files, and the tests in each, in the order of a seed; a file stays whole: its fixtures are made once."""
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    if seed == "reversed":
        return [item for tests in reversed(files) for item in reversed(tests)]
    chosen = random.Random(int(seed))
    chosen.shuffle(files)
    return [item for tests in files for item in chosen.sample(tests, len(tests))]


def longest_first(items: Sequence[pytest.Item], root: Path, *, as_they_are: bool) -> list[pytest.Item]:
    """The long files before all others: one that is begun last keeps a worker busy while the others have nothing left.

    Args:
        items: file by file.
        root: LONG_FILES are relative to it.
        as_they_are: True keeps the long files among themselves in the order that they have.
    """
    turns = {root / path: 0 if as_they_are else turn for turn, path in enumerate(LONG_FILES)}
    return sorted(items, key=lambda item: turns.get(item.path, len(LONG_FILES)))
