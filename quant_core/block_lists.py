"""Lists of blocks in a research file: the ``*`` that stands for the rest of a family, and limits to timeframes.

Put here: reading a list of entries into blocks, and writing it back.
Keep out: the grammar of one entry (grammar.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from quant_core.block import Block
from quant_core.catalog import Catalog
from quant_core.errors import ConfigError
from quant_core.grammar import parse_block
from quant_core.timeframes import Timeframe, timeframes_at

B = TypeVar("B", bound=Block)

EVERY_OTHER = "*"


@dataclass(frozen=True)
class BlockList(Generic[B]):
    """Blocks in the order of the file.

    Attributes:
        only: canonical id → timeframes, of the blocks that are not meant for all.
    """

    blocks: tuple[B, ...]
    only: Mapping[str, tuple[Timeframe, ...]]


def read_blocks(catalog: Catalog[B], values: Sequence[Any], where: str) -> BlockList[B]:
    """The blocks of one list; ``*`` stands for every block of the family that is not named.

    An entry is a block in any form of the grammar; a mapping may carry ``timeframes`` besides.

    Raises:
        UnknownNameError, ConfigError: an entry is no block, with its place; a block is listed twice.

    >>> from quant_core.events import EVENTS
    >>> found = read_blocks(EVENTS, ["gap_up", {"name": "inside_bar", "timeframes": "1d"}], "a.yaml: events")
    >>> [str(b) for b in found.blocks], {k: [t.value for t in v] for k, v in found.only.items()}
    (['gap_up', 'inside_bar'], {'inside_bar': ['D1']})
    >>> read_blocks(EVENTS, ["gap_up", "gap_up"], "a.yaml: events")
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Block 'gap_up' is listed twice (at a.yaml: events). Remove one of them.
    """
    only: dict[str, tuple[Timeframe, ...]] = {}
    named = [_entry(catalog, value, f"{where}[{i}]", only) for i, value in enumerate(values) if value != EVERY_OTHER]
    if EVERY_OTHER in values:
        listed = {block.name for block in named}
        named += [catalog[name]() for name in catalog if name not in listed]
    names = [block.canonical for block in named]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ConfigError(f"Block {twice[0]!r} is listed twice (at {where}). Remove one of them.")
    return BlockList(tuple(named), only)


def _entry(catalog: Catalog[B], value: Any, where: str, only: dict[str, tuple[Timeframe, ...]]) -> B:
    """One entry; its limits go to ``only``."""
    if not isinstance(value, Mapping):
        return parse_block(catalog, value, where)
    entry = {str(k): v for k, v in cast(Mapping[object, Any], value).items()}
    limits = entry.pop("timeframes", None)
    block = parse_block(catalog, entry, where)
    if limits is not None:
        only[block.canonical] = timeframes_at(limits, f"{where}.timeframes")
    return block


def plain_blocks(blocks: Sequence[Block], only: Mapping[str, tuple[Timeframe, ...]]) -> list[object]:
    """Entries of a file that read back to the blocks, in one order whatever theirs.

    >>> from quant_core.events.gap_up import GapUp
    >>> plain_blocks([GapUp()], {"gap_up": (Timeframe.D1,)})
    [{'name': 'gap_up', 'timeframes': ['D1']}]
    """
    names = sorted(block.canonical for block in blocks)
    return [{"name": n, "timeframes": [t.value for t in only[n]]} if n in only else n for n in names]
