"""Data sources, one folder each."""
