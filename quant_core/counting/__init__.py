"""The counting engine: event × bin × target cells counted on bit-packed masks, 64 bars at a time.

Put here: packing of masks and the kernels that count them, each beside its slow readable reference.
Keep out: what is counted (market_stats) and what is made of the counts (estimators).
"""
