"""Limits: how much memory one delivered file may take, asked before any of it is taken.

Put here: the limits, what they are without a declaration, and the refusals that name them.
Keep out: how large a format says that it is (archives.py, readers/).
"""

from __future__ import annotations

from quant_core.errors import RefusedInputError
from quant_core.ingestion.dialect import Dialect

MIB = 1 << 20
MAX_FILE_MB = 2048
"""Most bytes of one delivered file, MiB."""
MAX_UNPACKED_MB = 2048
"""Most bytes that one delivered file unpacks to, MiB, however large it is."""
MAX_EXPANSION = 64
"""Most unpacked bytes per delivered byte. Real bars reach 7, and bars that never move 20 as text and 45 as JSON."""
LEAST_UNPACKED_MB = 64
"""Unpacked bytes that the smallest file may have, MiB: a table of a few equal rows expands more than any real one."""
MAX_MEMBERS = 10_000
"""Most members of one delivered file, over all archives in it."""
ROW_BYTES = 200
"""Memory of one row of bars while it is read, about: its columns, its time, its names and where it came from."""
_ROWS_EXPANSION, _LEAST_ROWS_MB, _MAX_ROWS_MB = 300, 400, 16_384
_ROWS_PER_UNPACKED = 10  # what a declared max_unpacked_mb allows to rows: a row takes ten times its text at most
_ONLY_TRUSTED = "(only for a source you trust)"


class Budget:
    """What one delivered file may still take; shared by everything that is found in it.

    Args:
        file_name: for messages.
        n_bytes: the size of the file as delivered.
        declared_mb: ``max_unpacked_mb`` of the dialect; None: as many bytes as real bars of that size may need.

    >>> Budget("a.zip", 5 << 20, None).limit_mb, Budget("a.zip", 10, None).limit_mb, Budget("a.zip", 10, 7).limit_mb
    (320, 64, 7)
    """

    def __init__(self, file_name: str, n_bytes: int, declared_mb: int | None) -> None:
        usual_mb = min(MAX_UNPACKED_MB, max(LEAST_UNPACKED_MB, MAX_EXPANSION * n_bytes // MIB))
        rows_mb = min(_MAX_ROWS_MB, max(_LEAST_ROWS_MB, _ROWS_EXPANSION * n_bytes // MIB))
        self.file_name, self.n_bytes = file_name, n_bytes
        self.limit_mb = declared_mb or usual_mb
        self.rows_limit_mb = rows_mb if declared_mb is None else max(rows_mb, _ROWS_PER_UNPACKED * declared_mb)
        self.left, self._rows_left, self._members_left = self.limit_mb * MIB, self.rows_limit_mb * MIB, MAX_MEMBERS

    def take(self, n_bytes: int, origin: str) -> None:
        """Take unpacked bytes.

        Raises:
            RefusedInputError: fewer are left.

        >>> Budget("a.gz", 10, 1).take(3 << 20, "a.gz")
        Traceback (most recent call last):
        quant_core.errors.RefusedInputError: Refused a.gz: it unpacks to more than 1 MiB: its 10 bytes hold at least 3 MiB. Fix: max_unpacked_mb: 3 (only for a source you trust)
        """  # noqa: E501
        if n_bytes > self.left:
            needed = _mib(self.limit_mb * MIB - self.left + n_bytes)
            raise RefusedInputError.at(
                origin,
                reason=f"it unpacks to more than {self.limit_mb} MiB: its {self.n_bytes} bytes hold at least "
                f"{needed} MiB",
                fix=f"max_unpacked_mb: {needed} {_ONLY_TRUSTED}",
            )
        self.left -= n_bytes

    def take_rows(self, n_bytes: int, what: str, origin: str) -> None:
        """Take memory for rows that are about to be made.

        Raises:
            RefusedInputError: less is left.
        """
        if n_bytes > self._rows_left:
            needed = _mib(self.rows_limit_mb * MIB - self._rows_left + n_bytes)
            raise RefusedInputError.at(
                origin,
                reason=f"{what} would take about {needed} MiB of memory, more than the {self.rows_limit_mb} MiB that a "
                f"file of {self.n_bytes} bytes may take",
                fix=f"deliver it in parts, or max_unpacked_mb: {-(-needed // _ROWS_PER_UNPACKED)} {_ONLY_TRUSTED}",
            )
        self._rows_left -= n_bytes

    def take_members(self, n_members: int, origin: str) -> None:
        """Take members of an archive.

        Raises:
            RefusedInputError: fewer are left.
        """
        self._members_left -= n_members
        if self._members_left < 0:
            raise RefusedInputError.at(
                origin, reason=f"it has more than {MAX_MEMBERS} members", fix="deliver the files in several archives"
            )


def refuse_large_file(n_bytes: int, origin: str, dialect: Dialect) -> None:
    """Refuse a file by its size, before it is read.

    Raises:
        RefusedInputError: it is larger than the limit.

    >>> refuse_large_file(10 << 30, "a.csv", Dialect())
    Traceback (most recent call last):
    quant_core.errors.RefusedInputError: Refused a.csv: it has 10240 MiB, more than the limit of 2048 MiB. Fix: deliver it in parts, or max_file_mb: 10240 (a file is read into memory)
    """  # noqa: E501
    limit_mb = dialect.max_file_mb or MAX_FILE_MB
    if n_bytes > limit_mb * MIB:
        raise RefusedInputError.at(
            origin,
            reason=f"it has {_mib(n_bytes)} MiB, more than the limit of {limit_mb} MiB",
            fix=f"deliver it in parts, or max_file_mb: {_mib(n_bytes)} (a file is read into memory)",
        )


def _mib(n_bytes: int) -> int:
    """Bytes as MiB, rounded up, so that the number suffices as a limit."""
    return -(-n_bytes // MIB)
