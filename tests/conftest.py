"""Fixtures for all tests: where the shared market data lie, a private PostgreSQL server."""

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
