"""8chan: posts of 8chan's boards, scraped by this installation."""

from __future__ import annotations

from datasources._imageboard.source import ImageboardSource
from datasources.eightchan import _site


class EightChan(ImageboardSource):
    """Search the posts of 8chan's boards that this installation has scraped."""

    id = "eightchan"
    title = "8chan"
    site = _site.SITE
    Settings = _site.Settings
