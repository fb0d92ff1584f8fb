"""For all tests: where the shared market data lie, a private PostgreSQL server, ids that every process agrees on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres.postgres_server import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data beside the repository; tests that need it are skipped where it is absent."""
    if not (SHARED_DATA / "PROVENANCE.md").is_file():
        pytest.skip("the shared market data (../shared/data) are not on this machine")
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse ids that hold an address: processes that share the tests would not find the same ones."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        raise pytest.UsageError(
            f"{len(unstable)} test ids hold an object's address, the first: {unstable[0]}. Give ids=…"
        )
