"""Reading: the questions that people ask of the marts, answered as frames.

Put here: which rows of the lake answer a question, in which order; one file per mart or table.
Keep out: how an answer looks (cli/, service), and computing: every number comes from the lake.
"""
