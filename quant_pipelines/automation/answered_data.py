"""Answered data: which state of the sources a run answers to, written on the run, and what became of the run.

Put here: the tag with the fingerprints of the sources, writing and reading it.
Keep out: what follows from a changed fingerprint (sources/new_data.py) and ticks (sensors/new_data.py).

What was taken in stands in the raw store, and what was asked for on the runs; no cursor knows either. The tags are on
runs started by hand as well, so that switching the sensor on runs nothing again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import dagster as dg

from quant_pipelines.lake.partitions import Rectangle
from quant_pipelines.sources.new_data import Answer, Outcome, SymbolState

ANSWERING_JOB = "research"
"""The job that brings everything up to date which follows from new data; other jobs answer only in part."""

FINGERPRINTS_TAG = "quant_engine/fingerprints"
_REMEMBERED_RUNS = 1_000


def tag_text(fingerprints: Mapping[str, str]) -> str:
    """The value of the tag."""
    return json.dumps(dict(fingerprints), sort_keys=True)


def answers(instance: dg.DagsterInstance, natives: Iterable[str]) -> dict[str, Answer]:
    """Native key → what became of the newest run that answers to a state of its source, where one is remembered.

    Args:
        instance: knows the runs.
        natives: the keys to look for, as texts; the search ends when each was found with its earlier attempts.
    """
    wanted = set(natives)
    found: dict[str, Answer] = {}
    closed: set[str] = set()
    records = instance.get_run_records(dg.RunsFilter(job_name=ANSWERING_JOB), limit=_REMEMBERED_RUNS) if wanted else ()
    for record in records:  # newest first
        run = record.dagster_run
        fingerprints: dict[str, str] = json.loads(run.tags.get(FINGERPRINTS_TAG, "{}"))
        for native in wanted & fingerprints.keys() - closed:
            newest = found.get(native)
            if newest is None:
                found[native] = Answer(fingerprints[native], outcome_of(run.status), record.end_time, run.run_id)
            elif newest.fingerprint == fingerprints[native]:
                found[native] = replace(newest, n_attempts=newest.n_attempts + 1)
            else:
                closed.add(native)
        if closed == wanted:
            break
    return found


def outcome_of(status: dg.DagsterRunStatus) -> Outcome:
    """What the status of a run says about what it answers to."""
    if status is dg.DagsterRunStatus.SUCCESS:
        return "done"
    return "failed" if status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED) else "at_work"


def answer_tags(states: Sequence[SymbolState], rectangles: Sequence[Rectangle]) -> list[Mapping[str, str]]:
    """The tags of the runs over some rectangles: which of the states they answer to when all are done.

    A state counts as answered when every partition that follows from it is run, by the last of the runs that has
    one of them.

    >>> from quant_pipelines.lake.partitions import PartitionKey
    >>> states = [SymbolState(PartitionKey("A", "H4"), ("H4", "W1"), "f")]
    >>> [dict(tags) for tags in answer_tags(states, [Rectangle(("A",), ("H4",)), Rectangle(("A",), ("W1",))])]
    [{}, {'quant_engine/fingerprints': '{"A|H4": "f"}'}]
    >>> answer_tags(states, [Rectangle(("A",), ("H4",))])
    [{}]
    """
    place = {key: i for i, rectangle in enumerate(rectangles) for key in rectangle.keys}
    answered: list[dict[str, str]] = [{} for _ in rectangles]
    for state in states:
        if all(key in place for key in state.keys):
            answered[max(place[key] for key in state.keys)][str(state.native)] = state.fingerprint
    return [{FINGERPRINTS_TAG: tag_text(fingerprints)} if fingerprints else {} for fingerprints in answered]
