"""The scrapers of 4chan."""
