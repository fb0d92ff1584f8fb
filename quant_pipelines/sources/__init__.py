"""Sources: deliver raw rows of a symbol; retries, watermarks and change detection live here.

Put here: one file per kind of source.
Keep out: parsing of bytes (quant_core.ingestion) and storing (quant_pipelines.raw.raw_store).
"""
