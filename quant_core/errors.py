"""The error tree: every failure a user can meet has a class here.

    QuantError
    ├── ConfigError            a YAML file, a spec or a parameter is wrong
    │   └── UnknownNameError   a key or a block id does not exist; carries suggestions
    ├── SymbolError            a symbol or timeframe cannot be used as a partition key
    ├── DataContractError      a table breaks its declared contract
    ├── IngestionError         bytes or rows of a source could not be understood
    │   └── RefusedInputError  an input is refused as a whole, with file, row, column, value and fix
    ├── SourceError            a source could not be reached or answered wrongly
    ├── ClockError             the clock is behind what was stored by it
    ├── NotApplicableError     a partition that cannot exist: nothing to do, and nothing is wrong
    └── LakeError              the lake could not be read or written
        ├── DamagedFileError       a file of the lake is not what was written
        ├── PartitionLockedError   another run holds the partition
        └── SchemaVersionError     files of a table were written by another declaration of it

Put here: exception classes and the constructors that write their text once.
Keep out: checks themselves (beside the thing they check) and anything that catches.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from quant_core.shown_text import MESSAGE_LETTERS, quoted, shown

_SHOWN_VALUE = 80


class QuantError(Exception):
    """Base of every error this project raises on purpose.

    The text follows one pattern: what, where, expected, found, next step.
    """


class ConfigError(QuantError):
    """A configuration value is wrong."""

    @classmethod
    def at(cls, where: str, *, expected: str, found: object, next_step: str) -> ConfigError:
        """Build the standard text for a value at a place.

        >>> print(ConfigError.at("research.yaml: seed", expected="an integer", found="x", next_step="Write a number."))
        Wrong value at research.yaml: seed: expected an integer, found 'x'. Write a number.
        """
        return cls(f"Wrong value at {shown(where)}: expected {expected}, found {quoted(found)}. {next_step}")


class UnknownNameError(ConfigError):
    """A name is not among the known ones."""

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], *, where: str = "") -> UnknownNameError:
        """Name the unknown thing and the closest known ones.

        >>> print(UnknownNameError.among("event", "gap_upp", ["gap_up", "gap_down"]))
        No event is called 'gap_upp'. Did you mean 'gap_up', 'gap_down'?
        >>> print(UnknownNameError.among("event", "zzz", ["gap_up"], where="research.yaml: events[0]"))
        No event is called 'zzz' (at research.yaml: events[0]). Known: 'gap_up'.
        """
        names = sorted(known)
        place = f" (at {shown(where)})" if where else ""
        close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        if close:
            hint = "Did you mean " + ", ".join(quoted(c) for c in close) + "?"
        else:
            hint = shown("Known: " + (", ".join(quoted(n) for n in names) or "none"), MESSAGE_LETTERS) + "."
        return cls(f"No {kind} is called {quoted(name)}{place}. {hint}")


class SymbolError(QuantError):
    """A symbol or timeframe cannot be used as a partition key."""


class DataContractError(QuantError):
    """A table breaks its declared contract."""


class IngestionError(QuantError):
    """Bytes or rows of a source could not be understood."""


class RefusedInputError(IngestionError):
    """An input is refused as a whole; nothing of it reached the lake."""

    @classmethod
    def at(
        cls,
        file: str,
        *,
        reason: str,
        fix: str,
        row: int | None = None,
        column: str | None = None,
        value: object = None,
    ) -> RefusedInputError:
        r"""Say where in the file, what was found and the configuration line that would fix it.

        All of it may hold texts of the file: it is escaped and has an end.

        >>> print(RefusedInputError.at("a.csv", row=3, column="ts", value="x", reason="no time", fix="set ts_format"))
        Refused a.csv, row 3, column 'ts', value 'x': no time. Fix: set ts_format
        >>> print(RefusedInputError.at("a\x1b[2J.csv", reason="no\ntime", fix="-"))
        Refused a\x1b[2J.csv: no\ntime. Fix: -
        """
        place = shown(file)
        if row is not None:
            place += f", row {row}"
        if column is not None:
            place += f", column {quoted(column)}"
        if value is not None:
            place += f", value {quoted(str(value), _SHOWN_VALUE)}"
        return cls(f"Refused {place}: {shown(reason, MESSAGE_LETTERS)}. Fix: {shown(fix, MESSAGE_LETTERS)}")


class SourceError(QuantError):
    """A source could not be reached or answered wrongly; the text never holds a DSN."""


class ClockError(QuantError):
    """The clock is behind what was stored by it: what is complete would be judged wrongly."""


class NotApplicableError(QuantError):
    """A table cannot exist for a key: bars finer than the symbol's source, a key that the research spec leaves out."""


class LakeError(QuantError):
    """The lake could not be read or written."""


class DamagedFileError(LakeError):
    """A file of the lake is not what was written.

    Attributes:
        path: of the file, relative to the lake.
        kind: of the damage: empty, zeroed, truncated, altered, foreign.
    """

    path: str = ""
    kind: str = ""

    @classmethod
    def at(cls, path: str, *, kind: str, found: str) -> DamagedFileError:
        """Name the file, the damage and what mends it.

        >>> error = DamagedFileError.at("bars/data.parquet", kind="empty", found="it has no bytes")
        >>> error.path, error.kind, str(error)[:53]
        ('bars/data.parquet', 'empty', 'File bars/data.parquet of the lake is damaged (empty)')
        """
        error = cls(
            f"File {path} of the lake is damaged ({kind}): expected what was written there, found that {found}. "
            "Set it aside, so that it is made again: qe doctor --repair"
        )
        error.path, error.kind = path, kind
        return error


class PartitionLockedError(LakeError):
    """Another run holds the partition's lock."""


class SchemaVersionError(LakeError):
    """Files of a table were written by another declaration of it; the text names the command that mends them."""
