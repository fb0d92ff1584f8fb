"""The lake: tables by key, written atomically, each file with its facts.

Put here: paths, storage, locks, partition keys, code versions, SQL over tables.
Keep out: where rows come from (sources), how they are made (stages).
"""
