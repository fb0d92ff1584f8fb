"""The reference pages say what the code says, and one command remakes them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from quant_core.catalog import Catalog
from quant_core.errors import UnknownNameError
from quant_core.reference import PAGES, families, page
from quant_pipelines.cli._reference import commands_page
from quant_pipelines.marts.reference import marts_page

ROOT = Path(__file__).resolve().parents[2]
PRINTED: dict[str, Callable[[], str]] = {
    **{name: partial(page, name) for name in PAGES},
    "marts": marts_page,
    "commands": commands_page,
}


@pytest.mark.parametrize("name", PRINTED)
def test_page_equals_what_the_code_prints(name: str) -> None:
    found = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert found == PRINTED[name](), "Run: make reference"


def test_make_reference_remakes_every_page_that_says_it_is_printed() -> None:
    remade = set(re.findall(r"> docs/(\w+)\.md", (ROOT / "Makefile").read_text(encoding="utf-8")))
    says = {p.stem for p in (ROOT / "docs").glob("*.md") if "`make reference`" in p.read_text(encoding="utf-8")}
    assert remade == says == set(PRINTED)


def test_every_family_folder_is_on_the_page() -> None:
    found = families()
    assert {"features", "events", "conditions", "targets", "estimators", "splitters"} <= set(found)
    assert {"quality/checks", "ingestion/readers"} <= set(found)
    assert all(isinstance(c, Catalog) and len(c) > 0 for c in found.values())
    assert all(f"`{name}" in page("blocks") for c in found.values() for name in c)


def test_unknown_page_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="blocks"):
        page("blockss")
