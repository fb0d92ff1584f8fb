"""The event log of Dagster on PostgreSQL, with batches and planned events whose size is linear.

Put here: the storage of a team's instance; dagster.team.yaml names it.
Keep out: what it shares with SQLite (event_log.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster._serdes import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.utils import get_token_provider_from_config, pg_url_from_config

from quant_pipelines.stages.event_log import BatchingEventLog


class BatchingPostgresEventLog(BatchingEventLog, PostgresEventLogStorage):
    """Dagster's PostgreSQL event log, with batches that also take evaluations of checks and several assets."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> BatchingPostgresEventLog:
        """Open what ``config`` of dagster.yaml says: the same keys as Dagster's own storage."""
        return cls(
            inst_data=inst_data,
            postgres_url=pg_url_from_config(config_value),
            should_autocreate_tables=config_value.get("should_autocreate_tables", True),
            token_provider=get_token_provider_from_config(config_value),
        )
