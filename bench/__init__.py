"""Benchmarks: ours against a plain reference, as ratios in one run."""
