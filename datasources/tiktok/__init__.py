"""TikTok: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.tiktok._mapping import FIELDS


class TikTok(Zeeschuimer):
    """Import posts of TikTok that Zeeschuimer has collected in a browser."""

    id = "tiktok"
    title = "TikTok"
    domains = ("tiktok.com",)
    personal_columns = (
        "author*",
        "tiktok_url",
        "collected_from_url",
        "music_author",
    )
    fields = FIELDS
