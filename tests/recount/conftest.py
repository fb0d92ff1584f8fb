"""The small lake is computed once for all recounts."""

from __future__ import annotations

import pytest

from tests.recount.small_lake import Counted, counted_lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> list[Counted]:
    """What the engines stored of every key. Figures are tested elsewhere and take most of a small run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quant_pipelines.stages.runner.MAX_DRAWN_KEYS", 0)
        return counted_lake(tmp_path_factory.mktemp("recount"))
