"""The block: a frozen value with typed, defaulted parameters and a canonical id.

Put here: what every family shares (canonical string, warm-up), nothing that belongs to one family.
Keep out: discovery (catalog.py), parsing of ids (spec.py), family contracts (each family's ``_base.py``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields


def snake_case(class_name: str) -> str:
    """Turn a CamelCase class name into the file name it must live in.

    >>> snake_case("BreakoutHhll"), snake_case("Nr7"), snake_case("UpNextBar")
    ('breakout_hhll', 'nr7', 'up_next_bar')
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def _text(value: object) -> str:
    """Write one parameter value so that equal values have equal text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ";".join(_text(v) for v in value) + "]"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, float):
        return repr(value)
    return str(value)


@dataclass(frozen=True)
class Block:
    """A unit of the research vocabulary, equal and hashable by its parameters.

    Every field has a default, so ``Class()`` is valid; the canonical string lists every field in
    declaration order and is the id stored in results.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class DemoRule(Block):
    ...     k: int = 3
    ...     direction: str = "up"
    >>> DemoRule().canonical, DemoRule(k=5).name
    ('demo_rule(k=3,direction=up)', 'demo_rule')
    """

    @property
    def name(self) -> str:
        """The block's id without parameters: its file name."""
        return snake_case(type(self).__name__)

    @property
    def canonical(self) -> str:
        """The block's id with every parameter, stable across runs."""
        inner = ",".join(f"{f.name}={_text(getattr(self, f.name))}" for f in fields(self))
        return f"{self.name}({inner})" if inner else self.name

    def __str__(self) -> str:
        return self.canonical
