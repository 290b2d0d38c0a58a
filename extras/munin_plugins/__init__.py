"""Plugins for munin: each is a link to `fourcat.py`, which reads from its own name what to show."""
