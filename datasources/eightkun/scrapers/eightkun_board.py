"""Scrape 8kun: boards."""

from __future__ import annotations

from datasources._imageboard.scrapers import BoardScraper
from datasources.eightkun._site import SITE


class EightKunBoard(BoardScraper):
    """Reads the list of threads of a 8kun board, and asks for those that have changed or vanished."""

    type = "eightkun-board"
    site = SITE
