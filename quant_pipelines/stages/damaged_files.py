"""Damaged files: setting the file of a table or a report aside under the lock of whoever writes it.

Put here: the move to ``damaged/``, after a second look under the lock.
Keep out: what damage is (lake/seal.py, lake/damage.py) and making tables again (key_run.py).
"""

from __future__ import annotations

from quant_pipelines.lake.damage import fault_in_table
from quant_pipelines.lake.lake import Lake
from quant_pipelines.lake.seal import fault_in_page
from quant_pipelines.stages.stage import makers_of_tables


def set_aside_damaged(lake: Lake, path: str) -> str | None:
    """Move a damaged file of a table or a report to ``damaged/``, so that it counts as missing.

    Args:
        lake: where it lies.
        path: of the file, relative to the lake.

    Returns:
        Its new place, relative to the lake; None where it is gone, or sound again, once its lock is held: another run
        was faster.

    Raises:
        PartitionLockedError: another process held the file for longer than the timeout.
    """
    fault_in = fault_in_page if path.endswith(".html") else fault_in_table
    # Tables beside a stage's own are written under the lock of the stage; marts, reports and such have their own.
    with lake.lock_file(makers_of_tables().get(path.partition("/")[0], ""), path):
        fault = fault_in(lake.storage.read(path)) if lake.storage.exists(path) else None
        return None if fault is None else lake.set_aside(path, fault.kind)
