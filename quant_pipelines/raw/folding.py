"""Folding: which of many small files become one, so that their number stays small and each row is rarely rewritten.

Put here: the choice, by sizes alone.
Keep out: reading and writing (part_files.py, delivery_log.py).

Equal sizes give equal choices, so a store does not depend on where a run was killed.
"""

from __future__ import annotations

from collections.abc import Sequence

FEWEST_FILES = 8
"""Fewer files are left as they were delivered."""

MOST_ROWS = 131_072
"""A folded file holds no more rows: it is read and written as a whole."""


def n_to_fold(sizes: Sequence[int]) -> int:
    """How many of the newest files to fold into one; 0 for none.

    Folded are the newest files back to the oldest that is no larger than all newer ones together: at least as many
    rows are added to it as it has. So a row is rewritten at most log2(n) times or so, every file that stays holds more
    rows than all newer ones together, and there are at most log2(n) of them and seven more; beyond ``MOST_ROWS`` one
    more for about as many rows.

    Args:
        sizes: rows of the files, oldest first.

    >>> n_to_fold([1] * 7), n_to_fold([1] * 8), n_to_fold([64] + [1] * 8), n_to_fold([8] + [1] * 8)
    (0, 8, 8, 9)
    >>> n_to_fold([MOST_ROWS] + [1] * 8), n_to_fold([MOST_ROWS] * 20)
    (8, 0)
    """
    n_files = n_rows = 0
    for count, size in enumerate(reversed(sizes), start=1):
        if n_rows + size > MOST_ROWS:
            break
        if size <= n_rows:
            n_files = count
        n_rows += size
    return n_files if n_files >= FEWEST_FILES else 0
