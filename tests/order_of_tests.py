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
    "tests/calibration/test_calibration_requirements.py",
    "tests/docs/test_readme_commands.py",
    "tests/browser/test_web_ui.py",
    "tests/mutation/test_core_mutants.py",
    "tests/docs/test_adding_one_thing.py",
    "tests/pipelines/test_doctor.py",
    "tests/pipelines/test_histories.py",
    "tests/pipelines/test_state_sequences.py",
    "tests/pipelines/test_raw_folding.py",
    "tests/pipelines/test_kill.py",
    "tests/ingestion/test_round_trip.py",
    "tests/mysql/test_mysql_moving.py",
    "tests/market_stats/test_market_stats_calibration.py",
    "tests/ingestion/test_fuzz.py",
    "tests/ingestion/test_mutated_files.py",
    "tests/pipelines/test_commands.py",
    "tests/pipelines/test_leak_audit_check.py",
    "tests/pipelines/test_cli.py",
    "tests/ingestion/test_shared_data.py",
    "tests/events/test_run_events.py",
    "tests/stages/test_runner.py",
    "tests/leak_audit/test_leaks_in_blocks.py",
    "tests/pipelines/test_attempts.py",
    "tests/leak_audit/test_shipped_blocks.py",
)
"""Files of many seconds in the default or the slow suite, the longest first; ``--durations=40`` shows new ones."""


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
