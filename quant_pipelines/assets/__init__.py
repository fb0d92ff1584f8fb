"""Assets: one file per stage; a file is found by being here.

Put here: files with a ``STAGE`` (partitioned by symbol and timeframe) or with Dagster assets of their own.
Keep out: formulas (quant_core), sources, and the run over many keys (stages/runner.py).
"""
