"""A section of the research file: how it is read, what its engine receives, and what its id is made of.

Every engine owns its section in its folder's ``settings.py``, as the constant ``SECTION``; the spec finds them there.

Put here: the section, and what its reader may look at besides its own part of the file.
Keep out: particular sections (each engine's settings.py), the research file as a whole (spec/).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from quant_core.errors import DataContractError

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Section(Generic[S]):
    """One top-level key of the research file.

    Attributes:
        name: the key.
        read: the file's value (None where the key is absent) → the frozen settings that the engine receives.
        plain: settings → JSON values, equal for equal meanings however they were written: what the id is made of.
        uses: sections whose settings the engine's results depend on too; their reader may look at no others.
        draws: True where results depend on the seed.
        dump: settings → the value of a file that reads back to them; None: ``plain`` is such a value.
    """

    name: str
    read: Callable[[object, Reading], S]
    plain: Callable[[S], object]
    uses: tuple[Section[Any], ...] = ()
    draws: bool = False
    dump: Callable[[S], object] | None = None

    def dumped(self, settings: S) -> object:
        """The value of a research file that reads back to the settings."""
        return (self.dump or self.plain)(settings)

    def parts(self) -> dict[str, Section[Any]]:
        """The sections that results depend on, by name: this one, those it uses, and theirs."""
        found: dict[str, Section[Any]] = {self.name: self}
        for used in self.uses:
            found |= used.parts()
        return found


@dataclass(frozen=True)
class Reading:
    """What the reader of a section may look at besides its own value: what the section declares, nothing else.

    So an id that is made of the declared parts cannot miss what a result depends on.

    Attributes:
        section: whose reader it is.
        where: place of its value, for example ``research.yaml: market_stats``.
        settings: gives the settings of another section.
        file_seed: seed of the file.

    >>> cost = Section("cost", read=lambda value, reading: value, plain=lambda cost: cost)
    >>> folds = Section("folds", read=lambda value, reading: reading.of(cost), plain=lambda folds: folds)
    >>> folds.read(None, Reading(folds, "a.yaml: folds", lambda section: 2.0, 7))
    Traceback (most recent call last):
    quant_core.errors.DataContractError: Section folds reads cost, which it does not declare. Add it to its uses.
    """

    section: Section[Any]
    where: str
    settings: Callable[[Section[Any]], object]
    file_seed: int

    def of(self, used: Section[T]) -> T:
        """The settings of a section that this one declares to use.

        Raises:
            DataContractError: it does not.
        """
        if used not in self.section.uses:
            raise DataContractError(
                f"Section {self.section.name} reads {used.name}, which it does not declare. Add it to its uses."
            )
        return cast(T, self.settings(used))

    @property
    def seed(self) -> int:
        """The seed of the file, for a section that draws random numbers.

        Raises:
            DataContractError: it says that it draws none.
        """
        if not self.section.draws:
            raise DataContractError(f"Section {self.section.name} reads the seed. Declare that it draws.")
        return self.file_seed
