"""What trading costs.

Put here: costs of trades, and their section of the research file.
Keep out: what trades pay (targets/) and which cells clear their cost (market_stats/).
"""
