"""Marts: small unpartitioned tables over all symbols.

Put here: building of marts.
Keep out: the SELECTs (sql/marts), reading (lake/query.py), how they look (plots/mart_entries.py) and their assets.
"""
