"""The leak audit: computations made again on cut bars; nothing at or before a cut may change.

Put here: ``audit.py`` cuts and compares, ``blocks.py`` knows the blocks and engines that are audited.
Keep out: running it over a lake (quant_pipelines.checks).
"""
