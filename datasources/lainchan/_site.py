"""Where lainchan is, which engine it runs on, and what is set for it."""

from __future__ import annotations

from dataclasses import dataclass

from app.plugins import Number, Text
from datasources._imageboard.engines import VichanEngine
from datasources._imageboard.settings import ADDRESS, BoardSettings
from datasources._imageboard.site import Site


@dataclass(frozen=True)
class Settings(BoardSettings):
    """What an administrator sets for lainchan."""

    interval: int = Number(
        "Seconds between looks", 300, minimum=1, maximum=86_400, help="How often a board's list of threads is read."
    )
    api_url: str = Text(
        "Address of the API", "https://lainchan.org", pattern=ADDRESS, help="Where threads are read, without the board."
    )
    image_url: str = Text(
        "Address of images", "https://lainchan.org", pattern=ADDRESS, help="Where images are read, without the board."
    )


SITE = Site("lainchan", "lainchan", VichanEngine(), Settings, has_images=True)
