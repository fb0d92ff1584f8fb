"""The reference pages say what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from quant_core.catalog import Catalog
from quant_core.errors import UnknownNameError
from quant_core.reference import PAGES, families, page

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_page_equals_what_the_code_prints(name: str) -> None:
    found = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert found == page(name), f"Run: python -m quant_core.reference {name} > docs/{name}.md"


def test_every_family_folder_is_on_the_page() -> None:
    found = families()
    assert {"features", "events", "conditions", "targets", "estimators", "splitters"} <= set(found)
    assert all(isinstance(c, Catalog) and len(c) > 0 for c in found.values())
    assert all(f"`{name}" in page("blocks") for c in found.values() for name in c)


def test_unknown_page_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="blocks"):
        page("blockss")
