"""Marts: small unpartitioned tables over all symbols.

Put here: building, reading and describing of marts.
Keep out: the SELECTs (sql/marts) and their assets (assets/sql_marts.py).
"""
