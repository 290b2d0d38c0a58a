"""8kun: posts of 8kun's boards, scraped by this installation."""

from __future__ import annotations

from datasources._imageboard.source import ImageboardSource
from datasources.eightkun import _site


class EightKun(ImageboardSource):
    """Search the posts of 8kun's boards that this installation has scraped."""

    id = "eightkun"
    title = "8kun"
    site = _site.SITE
    Settings = _site.Settings
