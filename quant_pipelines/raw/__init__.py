"""Raw rows: what sources delivered, in immutable versions, and the bars published from them.

Put here: parts, manifests, the delivery log, their folding and repair, reading bars back.
Keep out: sources; cleaning (assets/bars.py).
"""
