"""The scrapers of lainchan."""
