"""The block: a frozen value with typed, defaulted parameters and a canonical id.

Put here: what every family shares (canonical string, parameter check), nothing that belongs to one family.
Keep out: discovery (catalog.py), reading of ids (grammar.py), family contracts (each family's ``contract.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, ClassVar, cast, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic import Field as Bounds

from quant_core.errors import ConfigError
from quant_core.model_parsing import first_fault

# Parameter types with their bounds; a block declares them and construction checks them. Both sides are bounded: a slip
# of the keyboard is an error and not an endless computation.
Count = Annotated[int, Bounds(ge=1, le=1_000_000)]
CountOrZero = Annotated[int, Bounds(ge=0, le=1_000_000)]
Window = Annotated[int, Bounds(ge=2, le=1_000_000)]
Positive = Annotated[float, Bounds(gt=0, le=1e6)]
Fraction = Annotated[float, Bounds(gt=0, lt=1)]
Seed = Annotated[int, Bounds(ge=0, lt=2**64)]


def snake_case(class_name: str) -> str:
    """Turn a CamelCase class name into the file name it must live in.

    >>> snake_case("BreakoutHhll"), snake_case("Nr7"), snake_case("UpNextBar")
    ('breakout_hhll', 'nr7', 'up_next_bar')
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


def learned() -> Any:
    """A field that ``fit`` fills: None until then, no part of the canonical id, not settable in a spec.

    >>> from dataclasses import dataclass, replace
    >>> @dataclass(frozen=True)
    ... class DemoBins(Block):
    ...     n_bins: int = 2
    ...     cuts: tuple[float, ...] | None = learned()
    >>> replace(DemoBins(), cuts=(0.5,)).canonical
    'demo_bins(n_bins=2)'
    """
    return field(default=None, metadata={"learned": True})


def renamed(default: Any, *earlier: str) -> Any:
    """A parameter that had other names: they are still read, with a warning that says the name now (renames.py).

    Args:
        default: the parameter's default.
        earlier: its names before, the first one first.
    """
    return field(default=default, metadata={"earlier": earlier})


def added(default: Any) -> Any:
    """A parameter that came after the block's ids were in use: written only where it differs from its default.

    So the ids that people have written and stored stay the ids of the default.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class DemoWindow(Block):
    ...     k: int = 2
    ...     side: str = added("both")
    >>> DemoWindow().canonical, DemoWindow(side="left").canonical
    ('demo_window(k=2)', 'demo_window(k=2,side=left)')
    """
    return field(default=default, metadata={"added": True})


def is_written(block: Block, parameter: Field[Any]) -> bool:
    """Whether a parameter stands in the block's id: all but learned ones, and added ones at their default."""
    if "learned" in parameter.metadata:
        return False
    return "added" not in parameter.metadata or getattr(block, parameter.name) != parameter.default


def text_of(value: object) -> str:
    """Write one parameter value so that equal values have equal text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ";".join(text_of(v) for v in value) + "]"  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, float):
        return repr(value)
    return str(value)


def _holds_truth(value: object) -> bool:
    """True for true and false, and for a tuple with one of them."""
    if isinstance(value, tuple):
        return any(isinstance(part, bool) for part in cast(tuple[object, ...], value))
    return isinstance(value, bool)


@cache
def _checks(block: type[Block]) -> dict[str, TypeAdapter[Any] | type[Block]]:
    """Per parameter, what validates it: a pydantic adapter, or the family a nested block must be of."""
    hints: dict[str, Any] = get_type_hints(block, include_extras=True)
    checks: dict[str, TypeAdapter[Any] | type[Block]] = {}
    for f in fields(block):
        hint = hints[f.name]
        if isinstance(hint, type) and issubclass(hint, Block):
            checks[f.name] = hint
        else:
            checks[f.name] = TypeAdapter(hints[f.name], config=ConfigDict(allow_inf_nan=False))
    return checks


@dataclass(frozen=True)
class Block:
    """A unit of the research vocabulary, equal and hashable by its parameters.

    Every field has a default, so ``Class()`` is valid; the canonical string lists every field but the
    learned ones, and those added later at their default, in declaration order and is the id stored in results;
    grammar.py reads it back. Construction checks the annotated types and bounds and normalizes equal spellings (``2``
    for a float becomes ``2.0``).

    Attributes:
        aliases: (name, id) of other names of the block with some parameters set, such as ``last_2`` and
            ``last_day_of_month(k=2)``.
        renamed_values: parameter → earlier word for a value → the word now.
        replaces: (id, text) of a block that this one took the place of, with all defaults, and of the same thing now,
            where ``{parameter}`` stands for the earlier block's parameter. Where ids share a name, the first gives the
            defaults; an id counts when the parameters that its text does not name have the values it shows.
            Two bare names: the same block under another name, with all its parameters.

    What ``renamed_values`` and ``replaces`` name is still read, with a warning (renames.py).

    Raises:
        ConfigError: a parameter has the wrong type or is out of its bounds.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Demo(Block):
    ...     k: Count = 3
    ...     mult: float = 2
    ...     direction: str = "up"
    >>> Demo().canonical, Demo(k=5).name
    ('demo(k=3,mult=2.0,direction=up)', 'demo')
    >>> Demo(k=0)
    Traceback (most recent call last):
    quant_core.errors.ConfigError: Wrong value at demo.k: expected greater than or equal to 1, found 0. Correct it.
    """

    aliases: ClassVar[tuple[tuple[str, str], ...]] = ()
    renamed_values: ClassVar[Mapping[str, Mapping[str, str]]] = {}
    replaces: ClassVar[tuple[tuple[str, str], ...]] = ()

    def __post_init__(self) -> None:
        for name, check in _checks(type(self)).items():
            object.__setattr__(self, name, self._checked(name, getattr(self, name), check))

    def _checked(self, name: str, value: object, check: TypeAdapter[Any] | type[Block]) -> object:
        """Return the parameter's normalized value, or say what is wrong with it."""
        if isinstance(check, type):
            if isinstance(value, check):
                return value
            raise self._wrong(name, f"a {check.__name__.lower()}", value)
        if check.core_schema["type"] in {"int", "float", "tuple"} and _holds_truth(value):
            # Pydantic reads true as 1; a window of "true" bars is a mistake.
            raise self._wrong(name, "a number", value)
        try:
            return check.validate_python(value)
        except ValidationError as error:
            raise self._wrong(name, first_fault(error).expected, value) from error

    def _wrong(self, parameter: str, expected: str, found: object) -> ConfigError:
        """The error for one wrong parameter of this block."""
        where = f"{self.name}.{parameter}"
        return ConfigError.at(where, expected=expected, found=found, next_step="Correct it.")

    @property
    def name(self) -> str:
        """The block's id without parameters: its file name."""
        return snake_case(type(self).__name__)

    @property
    def canonical(self) -> str:
        """The block's id with its parameters (``is_written``), stable across runs."""
        own = [f for f in fields(self) if is_written(self, f)]
        inner = ",".join(f"{f.name}={text_of(getattr(self, f.name))}" for f in own)
        return f"{self.name}({inner})" if inner else self.name

    def __str__(self) -> str:
        return self.canonical
