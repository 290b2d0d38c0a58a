"""Counts and rankings."""
