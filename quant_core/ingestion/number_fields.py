"""Number fields: the price and volume columns of a sheet → numbers, with what one unreadable field costs.

Put here: the difference between a price, which costs its row, and a volume, which costs the field.
Keep out: the marks of numbers (number_style.py), single texts (numbers.py), missing prices (quality checks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.columns import NUMBER_ROLES
from quant_core.ingestion.dialect import Dialect
from quant_core.ingestion.field_kinds import NULL_VALUES
from quant_core.ingestion.number_style import NumberStyle, number_style
from quant_core.ingestion.numbers import COUNT_ROLES, to_floats
from quant_core.ingestion.readers.contract import Sheet

_MANY_ROWS, _MANY_SHARE = 3, 0.2
_NEIGHBORS = 1000


@dataclass(frozen=True)
class NumberFields:
    """Numbers of a sheet.

    Attributes:
        values: one Float64 column per role.
        bad_prices: role → True where a price is no number: its row is refused.
        bad_volume: True where a volume is no number: it is missing, and the row stands. None where all are.
        resolved: the marks that were found and the counts, for people to see.
    """

    values: pl.DataFrame
    bad_prices: dict[str, pl.Series]
    bad_volume: pl.Series | None
    resolved: dict[str, Any]


def read_number_fields(sheet: Sheet, names: dict[str, str], dialect: Dialect, origin: str) -> NumberFields:
    """Read the number columns of a sheet.

    Args:
        sheet: the columns as written.
        names: role → the column's own name, for messages.
        dialect: decimal, thousands and null_values are used.
        origin: the file, for messages.

    Raises:
        RefusedInputError: the marks cannot be told, or a fifth of a column's fields is no number.
    """
    roles = [r for r in sheet.frame.columns if r in NUMBER_ROLES]
    style = number_style([*(sheet.frame[r] for r in roles), *_evidence(sheet, roles)], dialect, origin)
    if style.decimal == "," and not style.declared:
        _refuse_read_with_points(sheet, roles, names, origin)
    values: list[pl.Series] = []
    bad_prices: dict[str, pl.Series] = {}
    bad_volume = None
    for role in roles:
        read, bad = _floats(sheet, role, style, origin)
        values.append(read)
        n_bad = int(bad.sum())
        is_all = n_bad == len(bad) and role not in COUNT_ROLES  # prices: then no row can be read, which is said later
        if n_bad >= _MANY_ROWS and n_bad > _MANY_SHARE * len(bad) and not is_all:
            _refuse_many(sheet, role, bad, names, dialect, origin)
        if role in COUNT_ROLES and n_bad:
            bad_volume = bad if bad_volume is None else bad_volume | bad
        elif n_bad:
            bad_prices[role] = bad
    resolved: dict[str, Any] = {}
    if style.decimal != "." or style.thousands:
        resolved = {"decimal": style.decimal, "thousands": style.thousands}
    if bad_volume is not None:
        resolved["n_unreadable_volumes"] = int(bad_volume.sum())
    return NumberFields(pl.DataFrame(values), bad_prices, bad_volume, resolved)


def _refuse_read_with_points(sheet: Sheet, roles: Sequence[str], names: dict[str, str], origin: str) -> None:
    """Refuse columns that were read with decimal points where a few fields elsewhere show decimal commas."""
    for role in (r for r in roles if sheet.odd and sheet.frame[r].dtype.is_float()):
        fractions = sheet.frame[role].fill_null(0.0) % 1 != 0
        if fractions.any():
            raise RefusedInputError.at(
                origin,
                row=int(sheet.origin_row[int(fractions.arg_max() or 0)]),
                column=names.get(role, role),
                value=sheet.frame[role].filter(fractions)[0],
                reason="a few fields of the file show decimal commas, so that a point groups thousands here",
                fix="decimal: ',', thousands: '.'",
            )


def _evidence(sheet: Sheet, roles: Sequence[str]) -> list[pl.Series]:
    """Of columns with a few fields that are no plain numbers: those fields among some of the others, as texts."""
    columns: list[pl.Series] = []
    for role in (r for r in roles if r in sheet.odd):
        plain = sheet.frame[role].drop_nulls().head(_NEIGHBORS).to_list()
        texts = [str(int(v)) if float(v).is_integer() else repr(v) for v in plain]
        columns.append(pl.concat([sheet.odd[role].texts, pl.Series(role, texts, dtype=pl.String)]))
    return columns


def _floats(sheet: Sheet, role: str, style: NumberStyle, origin: str) -> tuple[pl.Series, pl.Series]:
    """The numbers of a column, and True where a field is none."""
    values, bad = to_floats(sheet.frame[role], style, origin)
    odd = sheet.odd.get(role)
    if odd is None:
        return values, bad
    read, unread = to_floats(odd.texts, style, origin)
    return values.clone().scatter(odd.at, read), bad.scatter(odd.at, unread)


def _refuse_many(sheet: Sheet, role: str, bad: pl.Series, names: dict[str, str], dialect: Dialect, origin: str) -> None:
    """Refuse a column of which many fields are no numbers: that is no bad row, but a way of writing unknown here."""
    texts = sheet.frame[role].filter(bad)
    at = int(bad.arg_max() or 0)
    usual = str(texts.mode().sort()[0])
    if role in COUNT_ROLES:
        fix = f"columns: {{{names.get(role, role)!r}: ignore}}"
    elif texts.n_unique() == 1:
        nulls = [*(NULL_VALUES if dialect.null_values is None else dialect.null_values), usual]
        fix = f"null_values: {nulls}"
    else:
        fix = "decimal: ',' | thousands: ','"
    raise RefusedInputError.at(
        origin,
        row=int(sheet.origin_row[at]),
        column=names.get(role, role),
        value=sheet.frame[role][at],
        reason=f"{len(texts)} of {len(bad)} fields of the column ({role}) are no numbers, such as {usual[:40]!r}",
        fix=fix,
    )
