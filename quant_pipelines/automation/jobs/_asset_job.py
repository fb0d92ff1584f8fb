"""What the jobs over assets have in common.

Put here: the selection of assets without checks.
Keep out: single jobs (one file each).
"""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition


def asset_job(name: str, assets: Sequence[str], description: str) -> UnresolvedAssetJobDefinition:
    """Assets without checks: a run evaluates them on what it writes, asked or not, and logs what they find.

    Planned checks would cost an event per check and key before any work, and turn red when one key fails.
    """
    selection = dg.AssetSelection.assets(*assets).without_checks()
    return dg.define_asset_job(name, selection=selection, description=description)
