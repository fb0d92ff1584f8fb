"""The Dagster side: sources, lake, assets, jobs, sensors. An asset body loads, calls one core function, returns.

Put here: everything that touches the world.
Keep out: formulas; they belong in quant_core.
"""
