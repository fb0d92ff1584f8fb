"""The report run: brings the reports of any set of symbols up to date; one bad symbol never costs the others.

Put here: order, isolation of failures, progress, and the events Dagster gets per symbol.
Keep out: what a report says and where it lies (report/).
"""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from quant_core.errors import DamagedFileError, QuantError
from quant_core.spec import ResearchSpec
from quant_pipelines.lake.lake import Lake
from quant_pipelines.report import PublishedReport, publish_report
from quant_pipelines.report.inputs import MartShelf
from quant_pipelines.stages.damaged_files import set_aside_damaged
from quant_pipelines.stages.progress import Progress

ASSET = "report"


def run_reports(context: dg.AssetExecutionContext, symbols: Sequence[str], lake: Lake, research: ResearchSpec) -> None:
    """Publish the report of every symbol and log it as materialized.

    Raises:
        dagster.Failure: at least one symbol failed; the others are written and logged.
    """
    shelf, failed = MartShelf(lake), dict[str, str]()
    progress = Progress(context.log.info, len(symbols), "keys", every_s=0.0)
    for symbol in sorted(symbols):
        try:
            published = publish_report(lake, research, symbol, shelf)
            context.log_event(_materialization(symbol, published))
        except DamagedFileError as error:
            place = set_aside_damaged(lake, error.path)
            failed[symbol] = f"{error} It is kept as {place}; make the table again, then the report."
        except QuantError as error:
            failed[symbol] = str(error)
        except Exception as error:  # the boundary between symbols: recorded here, raised as one Failure at the end
            failed[symbol] = f"unexpected {type(error).__name__}: {error}"
            context.log.error(f"{symbol}: {traceback.format_exc()}")
        progress.step(f"{symbol}: {failed.get(symbol, 'report up to date')}")
    if failed:
        reasons = "\n".join(f"{symbol}: {reason}" for symbol, reason in failed.items())
        raise dg.Failure(
            f"{len(failed)} of {len(symbols)} reports failed; the others are written.\n{reasons}",
            metadata={"failed_symbols": dg.MetadataValue.json(failed)},
            allow_retries=False,
        )


def _materialization(symbol: str, published: PublishedReport) -> dg.AssetMaterialization:
    """What people see of a report in the web UI."""
    return dg.AssetMaterialization(
        asset_key=ASSET,
        partition=symbol,
        metadata={
            "path": dg.MetadataValue.path(Path(published.path)),
            "timeframes": dg.MetadataValue.text(", ".join(published.timeframes)),
            "n_bytes": dg.MetadataValue.int(published.n_bytes),
            "written": dg.MetadataValue.bool(published.is_written),
        },
    )
