"""Calibration: running the lab and showing what it measured.

Put here: simulation runs, publishing, the tables of the docs.
Keep out: what is counted (quant_core.calibration).
"""
