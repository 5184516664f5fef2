"""Programs that compare us with the alternative, in one run: `python -m benchmarks.NAME`."""
