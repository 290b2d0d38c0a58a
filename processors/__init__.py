"""Analyses, one file each, in families."""
