"""doctor: compare every file of the lake with its checksum, name and set aside what is damaged, say what mends it.

Put here: printing what was found and what is done about it.
Keep out: the look through the lake and its repair (automation/lake_damage.py).
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from rich.console import Console

from quant_pipelines.automation.lake_damage import LakeReport, look_through, lost_earlier, repair, repair_raw_rows
from quant_pipelines.checks.lake_files import LakeFinding
from quant_pipelines.cli._session import Session


def add_options(parser: argparse.ArgumentParser) -> None:
    """Whether to mend, and how much is said."""
    parser.add_argument(
        "--repair",
        action="store_true",
        help="move damaged files to the folder damaged/ of the lake; mend raw rows from copies and sources",
    )
    parser.add_argument("--explain", action="store_true", help="one line for each file without a checksum, too")


def command(options: argparse.Namespace, console: Console) -> int:
    """Look, print, mend; 1 where something is damaged, with ``--repair`` where something could not be mended."""
    session = Session(console)
    report = look_through(session.lake, session.instance)
    raw = [finding for finding in report.damage if finding.file.raw is not None]
    others = [finding for finding in report.damage if finding.file.raw is None]
    left = [finding for finding in others if not _treated(session, finding, is_asked=options.repair)]
    is_raw_left = not _treated_raw(session, raw, is_asked=options.repair)
    _print_not_verifiable(session, report.not_verifiable, is_each=options.explain)
    _say(session, _summary(report))
    made_by = dict.fromkeys(finding.remedy for finding in report.damage if finding.can_be_made_again)
    if made_by and options.repair:
        _say(session, "What is missing now is made again by:")
    elif made_by:
        _say(session, "To mend it: qe doctor --repair, then:")
    for remedy in made_by:
        _say(session, f"  {remedy}")
    return int(bool(left) or is_raw_left)


def _treated(session: Session, finding: LakeFinding, *, is_asked: bool) -> bool:
    """Print a finding with what is done about it; True where nothing is left to do but to make the file again."""
    if not finding.can_be_made_again:
        done = f"left where it is; {finding.remedy}"
    elif finding.kind == "deleted":
        done = f"counts as missing; then: {finding.remedy}"
    elif not is_asked:
        done = f"--repair sets it aside; then: {finding.remedy}"
    else:
        place = repair(session.lake, finding)
        done = f"set aside as {place}; now: {finding.remedy}" if place else "mended by another run meanwhile"
    _say(session, f"Damaged: {finding}; {done}")
    return is_asked and finding.can_be_made_again


def _treated_raw(session: Session, findings: Sequence[LakeFinding], *, is_asked: bool) -> bool:
    """Print the findings about raw rows, mend their keys where asked; True where nothing is lost and nothing left."""
    for finding in findings:
        _say(session, f"Damaged: {finding}; {finding.remedy}")
    lost = lost_earlier(session.lake)
    for key, losses in lost.items():
        for loss in losses:
            _say(session, f"Lost earlier, of {key}: {loss}; --repair asks the source for them again")
    if not is_asked:
        return not findings
    damaged = {finding.file.raw.key for finding in findings if finding.file.raw is not None}
    repairs = [repair_raw_rows(session.lake, session.sources, key) for key in sorted(damaged | lost.keys())]
    for done in repairs:
        for line in done.lines:
            _say(session, f"  {line}")
    if repairs:
        _say(
            session,
            "Raw rows that changed, or that sources have anew, reach the tables by: qe backfill --missing --stale",
        )
    return all(done.is_whole for done in repairs)


def _print_not_verifiable(session: Session, findings: Sequence[LakeFinding], *, is_each: bool) -> None:
    """Files without a checksum: each, or how many of each table with one example."""
    if is_each:
        for finding in findings:
            _say(session, f"Not verifiable: {finding}")
        return
    for table, n_files in Counter(finding.file.table for finding in findings).items():
        example = next(finding for finding in findings if finding.file.table == table)
        _say(session, f"Not verifiable: {n_files:,} files of {table}, for example {example}")


def _summary(report: LakeReport) -> str:
    return (
        f"Lake: {report.n_files:,} files looked through, {len(report.damage):,} damaged, "
        f"{len(report.not_verifiable):,} not verifiable."
    )


def _say(session: Session, line: str) -> None:
    session.console.print(session.redact(line), markup=False, highlight=False, soft_wrap=True)
