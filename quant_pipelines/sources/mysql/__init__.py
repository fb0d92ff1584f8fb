"""MySQL and MariaDB as a source of raw rows.

Put here: settings, schema, queries, connection and progress of this source.
Keep out: other sources; typing of rows of files (quant_core.ingestion).
"""

from quant_core.errors import ConfigError
from quant_pipelines.sources.config import SourceEntry
from quant_pipelines.sources.contract import Source
from quant_pipelines.sources.opening import Opening, SourceKind


def _open(entry: SourceEntry, opening: Opening) -> Source:
    from quant_pipelines.sources.mysql.config import MysqlConfig  # noqa: PLC0415
    from quant_pipelines.sources.mysql.source import MysqlSource  # noqa: PLC0415  its drivers load only where it is used

    config = MysqlConfig.parse(entry.settings, entry.where)
    variable = KIND.variable_of(entry)
    dsn = config.connection_url or opening.variable(variable)
    if not dsn:
        raise ConfigError(
            f"Source {entry.name} needs its DSN: expected environment variable {variable}, found none. Set it, or "
            f"write 'enabled: auto' or 'enabled: false' at {entry.where}."
        )
    return MysqlSource(config, dsn, entry.name, opening.now)


KIND = SourceKind("mysql", _open, dsn_variable="QE_MARKETDATA_MYSQL_URL")
