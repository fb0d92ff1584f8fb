"""New data: which runs bring the lake up to date after sources have changed.

Put here: comparison of what sources have with what is taken in and what runs have tried, waits, caps, and run keys.
Keep out: asking sources and runs (automation/answered_data.py, automation/sensors/new_data.py), and running.

A state of a source is news until it is taken in and the run that answers to it has succeeded. A run that failed, was
killed or never started has answered nothing: it is asked for again, later each time, and at last left to people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from quant_pipelines.lake.lake import digest
from quant_pipelines.lake.partitions import PartitionKey, Rectangle, plan_rectangles

Outcome: TypeAlias = Literal["at_work", "done", "failed"]

MAX_ATTEMPTS = 8
"""Runs for one state of a source, by the sensor; more of the same failure helps nobody."""
FIRST_WAIT_S, LONGEST_WAIT_S = 60.0, 6 * 3600.0
"""Seconds between a failed run and the next one: doubled with every attempt, at most six hours."""


@dataclass(frozen=True)
class SymbolState:
    """What a source has for one symbol now.

    Attributes:
        native: symbol and native timeframe.
        timeframes: of the symbol, that are made from it.
        fingerprint: changes when rows are new or changed.
        taken_in: the fingerprint whose rows the raw store holds; None where it holds none, or does not know.
    """

    native: PartitionKey
    timeframes: tuple[str, ...]
    fingerprint: str
    taken_in: str | None = None

    @property
    def keys(self) -> tuple[PartitionKey, ...]:
        """The partitions that depend on it."""
        return tuple(PartitionKey(self.native.symbol, timeframe) for timeframe in self.timeframes)


@dataclass(frozen=True)
class Answer:
    """The newest run that answers to a state of a source.

    Attributes:
        fingerprint: the state.
        outcome: of the run.
        ended_s: when it ended, seconds since 1970; None where it has not.
        run_id: the run.
        n_attempts: newest runs in a row that answer to the same state.
    """

    fingerprint: str
    outcome: Outcome
    ended_s: float | None
    run_id: str
    n_attempts: int = 1

    @property
    def next_at_s(self) -> float:
        """When the same state may be asked for again, seconds since 1970.

        >>> [Answer("f", "failed", 0.0, "r", n).next_at_s for n in (1, 2, 3, 12)]
        [60.0, 120.0, 240.0, 21600.0]
        """
        return (self.ended_s or 0.0) + min(FIRST_WAIT_S * 2 ** (self.n_attempts - 1), LONGEST_WAIT_S)


@dataclass(frozen=True)
class Request:
    """One run: a rectangle and the state of the sources it answers to.

    Attributes:
        fingerprints: native key → fingerprint; stored as a run tag.
        after: native key → the newest run before it.
    """

    rectangle: Rectangle
    fingerprints: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def run_key(self) -> str:
        """Same data, same rectangle, same runs before: Dagster starts one run for it, ever.

        The runs before are part of it, so that a source that goes from A to B and back to A, or a run that failed, is
        asked for again.
        """
        content = [dict(self.rectangle.tags), dict(self.fingerprints), dict(self.after)]
        return f"new_data:{digest(json.dumps(content, sort_keys=True).encode())}"


@dataclass(frozen=True)
class Plan:
    """What one tick does.

    Attributes:
        new_symbols: to be registered before the runs start, in order of discovery.
        requests: one per rectangle.
        n_waiting: changed symbols left for later ticks by the cap.
        n_at_work: states that a run is at work on.
        later: native key → when its failed run may be followed by another, seconds since 1970.
        given_up: native key → the last of the runs that failed for the same state of the source.
    """

    new_symbols: tuple[str, ...]
    requests: tuple[Request, ...]
    n_waiting: int
    n_at_work: int
    later: Mapping[str, float]
    given_up: Mapping[str, str]


def is_news(state: SymbolState, answer: Answer | None) -> bool:
    """Whether a state of a source is not answered yet: not taken in, or no run that answers to it has ended well.

    Rows that were taken in by a run that does less (an ingest, a part of the timeframes) are not answered.

    >>> new, known = (SymbolState(PartitionKey("A", "D1"), (), "f2", taken_in) for taken_in in ("f1", "f2"))
    >>> is_news(new, None), is_news(known, Answer("f2", "failed", 0.0, "run"))
    (True, True)
    >>> is_news(known, None), is_news(known, Answer("f1", "done", 0.0, "run"))
    (True, True)
    >>> is_news(known, Answer("f2", "done", 0.0, "run"))
    False
    """
    if state.taken_in != state.fingerprint or answer is None:
        return True
    return answer.fingerprint != state.fingerprint or answer.outcome != "done"


def plan_new_data(
    states: Iterable[SymbolState],
    answers: Mapping[str, Answer],
    registered: Sequence[str],
    *,
    now_s: float,
    max_symbols: int,
) -> Plan:
    """Register what is new and request exactly the keys whose source has news.

    Args:
        states: everything the sources have, in a stable order.
        answers: native key → the newest run about it.
        registered: symbols in partition order.
        now_s: seconds since 1970.
        max_symbols: symbols with news taken in one tick; the others wait for the next one.

    Example, by hand: A is taken in, B has changed since, C is new; one rectangle covers the neighbors B and C.

    >>> states = [SymbolState(PartitionKey(s, "D1"), ("D1",), "f2", f) for s, f in
    ...           (("A", "f2"), ("B", "f1"), ("C", None))]
    >>> done = {"A|D1": Answer("f2", "done", 0.0, "zero")}
    >>> plan = plan_new_data(states, done, ["A", "B"], now_s=0.0, max_symbols=10)
    >>> plan.new_symbols, [r.rectangle.symbols for r in plan.requests], plan.n_waiting
    (('C',), [('B', 'C')], 0)
    >>> tried = {"B|D1": Answer("f2", "failed", 0.0, "one"), "C|D1": Answer("f2", "at_work", None, "two")}
    >>> plan = plan_new_data(states, done | tried, ["A", "B", "C"], now_s=59.0, max_symbols=10)
    >>> plan.requests, plan.later, plan.n_at_work
    ((), {'B|D1': 60.0}, 1)
    """
    news = [state for state in states if is_news(state, answers.get(str(state.native)))]
    due: list[SymbolState] = []
    later: dict[str, float] = {}
    given_up: dict[str, str] = {}
    n_at_work = 0
    for state in news:
        native = str(state.native)
        answer = answers.get(native)
        if answer is not None and answer.outcome == "at_work":
            n_at_work += 1
        elif answer is None or answer.fingerprint != state.fingerprint:
            due.append(state)
        elif answer.n_attempts >= MAX_ATTEMPTS:
            given_up[native] = answer.run_id
        elif answer.next_at_s > now_s:
            later[native] = answer.next_at_s
        else:
            due.append(state)
    symbols = list(dict.fromkeys(state.native.symbol for state in due))
    taken = set(symbols[:max_symbols])
    due = [state for state in due if state.native.symbol in taken]
    new = tuple(s for s in symbols[:max_symbols] if s not in set(registered))
    rectangles = plan_rectangles((key for state in due for key in state.keys), [*registered, *new])
    requests = tuple(_request(rectangle, due, answers) for rectangle in rectangles)
    return Plan(new, requests, len(symbols) - len(taken), n_at_work, later, given_up)


def _request(rectangle: Rectangle, due: Sequence[SymbolState], answers: Mapping[str, Answer]) -> Request:
    """A run over a rectangle: the states that it answers to, and the runs that tried before."""
    covered = {str(s.native): s.fingerprint for s in due if s.native.symbol in rectangle.symbols}
    return Request(rectangle, covered, {n: answers[n].run_id for n in covered if n in answers})
