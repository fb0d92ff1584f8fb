"""The project's tests; `python -m tests.benchmarks` runs the benchmarks."""
