"""Plug-ins that only benchmarks load."""
