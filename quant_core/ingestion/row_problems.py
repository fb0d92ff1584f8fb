"""Row problems: why single rows cannot be read, and the refusal when that is true of every row.

Put here: the reasons of reading, one per row, and the lines that would mend them.
Keep out: finding problems (the modules of each column) and judging readable rows (quality checks).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from quant_core.errors import RefusedInputError
from quant_core.ingestion.file_names import legal_symbol
from quant_core.ingestion.number_style import NumberStyle
from quant_core.ingestion.numbers import to_floats
from quant_core.ingestion.readers.contract import Sheet
from quant_core.ingestion.time_formats import Bools

_MAX_ALIASES = 20
_TRIED = 100
_STYLES = {
    "decimal: ','": NumberStyle(",", declared=True),
    "thousands: ','": NumberStyle(".", ",", declared=True),
    "decimal: ',', thousands: '.'": NumberStyle(",", ".", declared=True),
}


class RowProblems:
    """The first reason against each row; nothing is allocated while there is none.

    Args:
        n: rows of the sheet.
        names: role → the column's own name, for messages.
    """

    def __init__(self, n: int, names: Mapping[str, str]) -> None:
        self.n, self.names = n, names
        self._codes: npt.NDArray[np.uint8] | None = None
        self._reasons = [""]
        self.first: dict[str, int] = {}

    def mark(self, reason: str, bad: Bools | pl.Series) -> None:
        """Give rows a reason unless they have one."""
        mask = bad.to_numpy() if isinstance(bad, pl.Series) else bad
        if not mask.any():
            return
        if self._codes is None:
            self._codes = np.zeros(self.n, dtype=np.uint8)
        self._reasons.append(reason)
        self.first.setdefault(reason, int(np.flatnonzero(mask)[0]))
        self._codes[mask & (self._codes == 0)] = len(self._reasons) - 1

    def keep(self) -> Bools | None:
        """True for rows without a reason; None when all are good."""
        return None if self._codes is None else self._codes == 0

    def reasons(self) -> pl.Series:
        """The reason of every bad row, in row order."""
        assert self._codes is not None
        bad = self._codes[self._codes > 0]
        return pl.Series("reason", [self._reasons[c] for c in bad], dtype=pl.String)

    def refuse_if_all_bad(self, sheet: Sheet, origin: str) -> None:
        """Refuse a file none of whose rows can be read; a single bad row of many is quarantined instead.

        Raises:
            RefusedInputError: with the first reason, its row, column and value.
        """
        keep = self.keep()
        if keep is None or keep.any():
            return
        reason, at = next(iter(self.first.items()))
        column = reason.removeprefix("unparsable_").removeprefix("bad_")
        value = sheet.frame[column][at] if column in sheet.frame.columns else sheet.text_of([at])[0]
        raise RefusedInputError.at(
            origin,
            row=int(sheet.origin_row[at]),
            column=self.names.get(column, column),
            value=value,
            reason=f"no row can be read ({reason})",
            fix=self._fix(reason, column, sheet),
        )

    def _fix(self, reason: str, role: str, sheet: Sheet) -> str:
        """The line that would mend the first reason."""
        name = json.dumps(self.names.get(role, role), ensure_ascii=False)
        if reason == "unparsable_ts":
            return "date_format: '<strptime format>'"
        if reason == "bad_symbol" and sheet.frame[role].drop_nulls().len():
            vendor = sheet.frame[role].cast(pl.String).drop_nulls().unique(maintain_order=True).head(_MAX_ALIASES)
            aliases = {v: legal_symbol(v) for v in vendor.to_list()}
            return f"symbol_aliases: {json.dumps(aliases, ensure_ascii=False)} | columns: {{{name}: ignore}}"
        if reason in ("bad_symbol", "bad_timeframe"):
            return f"columns: {{{name}: ignore}}"
        values = sheet.frame[role].drop_nulls().cast(pl.String).head(_TRIED)
        marks = [line for line, style in _STYLES.items() if not to_floats(values, style, "")[1].any()]
        return " | ".join([*marks, f"columns: {{<another column>: {role}, {name}: ignore}}"])
