"""Stages: what a partitioned asset is, and how keys run through stages.

Put here: the declaration, the runner, metadata, events of Dagster, the state of keys.
Keep out: particular stages (assets/), checks, figures.
"""
