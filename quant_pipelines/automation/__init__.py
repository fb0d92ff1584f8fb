"""Automation: when things run.

Put here: jobs, sensors, schedules, retention, runs from the terminal.
Keep out: what is computed (assets).
"""
