"""Runnable measurements: `python -m benchmarks.NAME [--json FILE]`; `python -m benchmarks` runs them all, small."""
