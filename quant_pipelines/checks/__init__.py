"""Checks: what is found in published tables.

Put here: rules of single tables and the leak audit.
Keep out: cleaning; a check reports, it changes nothing.
"""
