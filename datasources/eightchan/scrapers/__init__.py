"""The scrapers of 8chan."""
