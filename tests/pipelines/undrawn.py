"""Runs without figures: they take most of a small run, and one that cannot be drawn fails no run.

Put here: turning them off for the files of tests that do not look at them.
Keep out: tests of figures; a file that looks at them says ``pytestmark = pytest.mark.figures``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from quant_pipelines.stages import runner


@pytest.fixture(scope="module", autouse=True)
def undrawn(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every run of a file of tests draws nothing, unless the file is marked."""
    with pytest.MonkeyPatch.context() as patch:
        if request.node.get_closest_marker("figures") is None:
            patch.setattr(runner, "MAX_DRAWN_KEYS", 0)
        yield
