"""The README is true: its tree equals the tree, and its commands exist."""

from __future__ import annotations

import re

from tests.architecture.source_tree import ROOT, tracked_files

README = (ROOT / "README.md").read_text(encoding="utf-8")


def _tree_block() -> str:
    match = re.search(r"<!-- tree -->\n```\n(.*?)```", README, re.DOTALL)
    assert match, "README.md must hold the tree between '<!-- tree -->' and a code fence"
    return match.group(1)


def test_readme_tree_equals_the_tree() -> None:
    """Every package folder is described, and nothing is described that does not exist."""
    described = {
        re.split(r"\s{2,}", line.strip())[0].rstrip("/") for line in _tree_block().splitlines() if line.strip()
    }
    folders = {
        "/".join(p.parts[:depth])
        for p in tracked_files()
        for depth in (1, 2)
        if p.parts[0] in {"quant_core", "quant_pipelines", "sql", "data_lake", "tests", "docs"} and len(p.parts) > depth
    }
    assert described == folders


def test_make_targets_in_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", README, re.MULTILINE))
    assert {a or b for a, b in used} <= targets


def test_links_to_files_lead_somewhere() -> None:
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert not [link for link in links if link and not (ROOT / link).exists()]
