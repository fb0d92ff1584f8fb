"""Every package of both trees has its place in the import layers: one that is added without a place fails here."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.architecture.source_tree import ROOT, modules


def packages_in_layers(contracts: list[dict[str, Any]], tree: str) -> set[str]:
    """Direct children of a tree that its exhaustive layers name."""
    layers = [
        layer
        for contract in contracts
        if contract["type"] == "layers" and tree in contract.get("containers", ()) and contract.get("exhaustive")
        for layer in contract["layers"]
    ]
    return {name for layer in layers for name in re.split(r"\s*[|:]\s*", layer.strip("()"))}


def children(tree: str) -> set[str]:
    """Packages and modules that lie directly in a tree."""
    parts = [path.with_suffix("").parts[1] for path in modules(tree)]
    return {name for name in parts if not name.startswith("__")}


@pytest.mark.parametrize("tree", ["quant_core", "quant_pipelines"])
def test_every_package_is_in_a_layer(tree: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert children(tree) - packages_in_layers(contracts, tree) == set()


def test_a_package_without_a_layer_is_seen() -> None:
    contract = {"type": "layers", "containers": ["quant_core"], "exhaustive": True, "layers": ["spec", "events | bars"]}
    assert packages_in_layers([contract], "quant_core") == {"spec", "events", "bars"}
    assert packages_in_layers([contract | {"exhaustive": False}], "quant_core") == set()
