"""Patience of a MySQL source: how long a statement may take, how often it is tried, and when the source is given up.

Put here: limits of time, on the server's side and on ours, and the retries of lost connections.
Keep out: connections and what their errors mean (connection.py).
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from quant_core.errors import SourceError
from quant_pipelines.sources.mysql.config import MysqlConfig

_T = TypeVar("_T")
_LOG = logging.getLogger(__name__)
GRACE_S = 2
"""Seconds that we wait longer than the server has, so that its error, which says more, comes first."""


class ConnectionLostError(SourceError):
    """The server went away during a statement; the statement can be repeated as it is."""


class TooSlowError(SourceError):
    """The server ended a statement that took too long; the next try would, too."""


def session_statements(read_timeout_s: int) -> list[str]:
    """What every session begins with: UTC, read only, and the longest time of a statement.

    MySQL counts it in milliseconds, MariaDB in seconds, under other names; each skips the other's comment.

    >>> session_statements(60)[0]
    "SET time_zone = '+00:00' /*!50704 , max_execution_time = 60000 */ /*M!100101 , max_statement_time = 60 */"
    """
    mysql, mariadb = f"max_execution_time = {read_timeout_s * 1000}", f"max_statement_time = {read_timeout_s}"
    return [
        f"SET time_zone = '+00:00' /*!50704 , {mysql} */ /*M!100101 , {mariadb} */",
        "SET SESSION TRANSACTION READ ONLY",
    ]


def in_time(work: Callable[[], _T], seconds: float) -> _T:
    """Run work that has no limit of its own; it is left behind, in a thread, when its time is over.

    Raises:
        TimeoutError: it was not done in time.

    >>> in_time(lambda: 7, seconds=5.0)
    7
    """
    answers: queue.SimpleQueue[tuple[bool, object]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((True, work()))
        except BaseException as error:  # connectorx panics with one; it is raised again below
            answers.put((False, error))

    threading.Thread(target=run, daemon=True, name="mysql bulk read").start()
    try:
        is_done, answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if isinstance(answer, BaseException) and not is_done:
        raise answer
    return answer  # pyright: ignore[reportReturnType] - what work returned


class Patience:
    """Retries of one source, within a budget of time.

    Attempts that fail spend the budget, one that succeeds fills it up again. Once it is spent, statements fail at
    once for as long as it lasted, so that a dead server costs every other source little, however many series it has.
    """

    def __init__(self, config: MysqlConfig, name: str) -> None:
        self._config = config
        self._name = name
        self._spent_s = 0.0
        self._rests_until = 0.0
        self._last_error: SourceError | None = None

    def retrying(self, attempt: Callable[[], _T]) -> _T:
        """Try until it succeeds, fails for another reason than a lost connection, or the attempts or budget are spent.

        Raises:
            SourceError: the last attempt's.
        """
        config = self._config
        if self._last_error is not None and monotonic() < self._rests_until:
            raise SourceError(
                f"MySQL source {self._name!r} is not asked again yet: its retry_budget_seconds "
                f"({config.retry_budget_seconds:g}) are spent, and the last attempt said: {self._last_error}"
            )
        retrying = Retrying(
            retry=retry_if_exception_type(ConnectionLostError),
            stop=lambda state: stop_after_attempt(config.max_attempts)(state) or self._is_spent(),
            wait=wait_random_exponential(multiplier=config.retry_wait_seconds, max=config.retry_max_wait_seconds),
            before_sleep=self._log_retry,
            reraise=True,
        )
        return retrying(lambda: self._timed(attempt))

    def _timed(self, attempt: Callable[[], _T]) -> _T:
        begun = monotonic()
        try:
            found = attempt()
        except (ConnectionLostError, TooSlowError) as error:
            self._last_error = error
            self._spent_s += monotonic() - begun
            if self._is_spent():
                self._rests_until, self._spent_s = monotonic() + self._config.retry_budget_seconds, 0.0
            raise
        self._last_error, self._spent_s = None, 0.0
        return found

    def _is_spent(self) -> bool:
        return self._spent_s >= self._config.retry_budget_seconds or monotonic() < self._rests_until

    def _log_retry(self, state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        self._spent_s += wait
        _LOG.warning(
            "MySQL source %r: connection lost, attempt %d of %d, next in %.1f s",
            self._name, state.attempt_number, self._config.max_attempts, wait,
        )  # fmt: skip
