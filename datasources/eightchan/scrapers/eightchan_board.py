"""Scrape 8chan: boards."""

from __future__ import annotations

from datasources._imageboard.scrapers import BoardScraper
from datasources.eightchan._site import SITE


class EightChanBoard(BoardScraper):
    """Reads the list of threads of a 8chan board, and asks for those that have changed or vanished."""

    type = "eightchan-board"
    site = SITE
