"""Scrape 4chan: images."""

from __future__ import annotations

from datasources._imageboard.scrapers import ImageScraper
from datasources.fourchan._site import SITE


class FourChanImage(ImageScraper):
    """Downloads an image of 4chan once, and keeps it when it is what its MD5 says."""

    type = "fourchan-image"
    site = SITE
