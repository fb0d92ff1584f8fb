"""Answered data: which state of the sources a run answers to, written on the run.

Put here: the tag with the fingerprints of the sources, writing and reading it.
Keep out: what follows from a changed fingerprint (sources/new_data.py) and ticks (sensors/new_data.py).

The sensor's cursor and these tags say the same. The tags are on runs started by hand as well, so that switching the
sensor on, or losing its cursor, runs nothing again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from quant_core.errors import QuantError
from quant_pipelines.lake.partitions import Rectangle
from quant_pipelines.sources.catalog import Sources
from quant_pipelines.sources.new_data import SymbolState
from quant_pipelines.sources.universe import dependents

ANSWERING_JOB = "research"
"""The job that brings everything up to date which follows from new data; other jobs answer only in part."""

FINGERPRINTS_TAG = "quant_engine/fingerprints"
_REMEMBERED_RUNS = 1_000


def symbol_states(sources: Sources, symbols: Iterable[str] | None = None) -> list[SymbolState]:
    """What every source has now; a symbol whose source fails goes to ``sources.failed`` and is left out.

    Args:
        sources: opened sources.
        symbols: the ones to ask for; None for all on offer.
    """
    keys, wanted = dependents(sources.offers), None if symbols is None else set(symbols)
    states: list[SymbolState] = []
    for native, offer in sources.offers.items():
        if wanted is not None and native.symbol not in wanted:
            continue
        try:
            states.append(SymbolState(native, keys[native], offer.source.fingerprint(offer.instrument)))
        except QuantError as error:
            sources.failed[f"{offer.source.name}: {native}"] = str(error)
    return states


def tag_text(fingerprints: Mapping[str, str]) -> str:
    """The value of the tag."""
    return json.dumps(dict(fingerprints), sort_keys=True)


def answered_fingerprints(instance: dg.DagsterInstance) -> dict[str, str]:
    """Native key → the fingerprint that the newest run answers to."""
    runs = instance.get_runs(dg.RunsFilter(job_name=ANSWERING_JOB), limit=_REMEMBERED_RUNS)
    tags = [run.tags[FINGERPRINTS_TAG] for run in reversed(runs) if FINGERPRINTS_TAG in run.tags]
    return {native: fingerprint for tag in tags for native, fingerprint in json.loads(tag).items()}


def answer_tags(states: Sequence[SymbolState], rectangles: Sequence[Rectangle]) -> list[Mapping[str, str]]:
    """The tags of the runs over some rectangles: which of the states they answer to when all are done.

    A state counts as answered when every partition that follows from it is run, by the last of the runs that has
    one of them.

    >>> from quant_pipelines.lake.partitions import PartitionKey
    >>> states = [SymbolState(PartitionKey("A", "H4"), (PartitionKey("A", "H4"), PartitionKey("A", "W1")), "f")]
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
