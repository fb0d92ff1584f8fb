"""For all tests: where the shared market data lie, a private PostgreSQL server, stable ids, and the order of tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.order_of_tests import longest_first, reordered
from tests.postgres.postgres_server import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data beside the repository; tests that need it are skipped where it is absent."""
    if not (SHARED_DATA / "PROVENANCE.md").is_file():
        pytest.skip("the shared market data (../shared/data) are not on this machine")
    return SHARED_DATA


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--order-seed N``: files, and the tests in each, in an order drawn by N; ``reversed`` is the last one first."""
    parser.addoption("--order-seed", default=None, help="run files and their tests in the order of this seed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse ids that hold an address, and order the tests as asked."""
    _refuse_addresses(items)
    seed = config.getoption("--order-seed", default=None)
    if seed is not None:
        items[:] = reordered(items, seed)
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items, config.rootpath, as_they_are=seed is not None)


def _refuse_addresses(items: list[pytest.Item]) -> None:
    """Processes that share the tests would not find the same ones."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        raise pytest.UsageError(
            f"{len(unstable)} test ids hold an object's address, the first: {unstable[0]}. Give ids=…"
        )
