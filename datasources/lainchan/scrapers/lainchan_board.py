"""Scrape lainchan: boards."""

from __future__ import annotations

from datasources._imageboard.scrapers import BoardScraper
from datasources.lainchan._site import SITE


class LainChanBoard(BoardScraper):
    """Reads the list of threads of a lainchan board, and asks for those that have changed or vanished."""

    type = "lainchan-board"
    site = SITE
