"""The scrapers of 8kun."""
