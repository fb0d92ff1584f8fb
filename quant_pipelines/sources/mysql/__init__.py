"""MySQL and MariaDB as a source of raw rows.

Put here: settings, schema, queries, connection and progress of this source.
Keep out: other sources; typing of rows of files (quant_core.ingestion).
"""
