"""Panics: what a Rust library raises where it meets a bug of its own, as the refusal of the input that led there.

Put here: the one place that catches them.
Keep out: errors that a library raises on purpose (beside the call that raises them).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import polars as pl

from quant_core.errors import RefusedInputError

_T = TypeVar("_T")
_SHOWN = 200


def refuse_panics(read: Callable[[], _T], origin: str) -> _T:
    """What a call returns; a panic of Polars on the way refuses the input.

    A panic is no ``Exception``, so that it would end the process and with it every other source. Only the class of
    Polars is caught: an interrupt and an exit go on.

    Raises:
        RefusedInputError: the call panicked.
    """
    try:
        return read()
    except pl.exceptions.PanicException as error:
        raise RefusedInputError.at(
            origin,
            reason=f"a library cannot read what is in it: {str(error)[:_SHOWN]}",
            fix="look for values out of range, such as dates after the year 9999, or deliver the rows as CSV",
        ) from error
