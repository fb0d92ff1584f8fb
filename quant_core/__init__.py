"""Pure compute of the research pipeline: frames and arrays in, frames and arrays out.

Put here: blocks, statistics and engines that depend on their arguments alone.
Keep out: orchestrators, database clients, environment variables, paths and clocks; they live in quant_pipelines.
"""
