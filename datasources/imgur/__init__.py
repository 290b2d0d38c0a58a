"""Imgur: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.imgur._mapping import FIELDS


class Imgur(Zeeschuimer):
    """Import posts of Imgur that Zeeschuimer has collected in a browser."""

    id = "imgur"
    title = "Imgur"
    domains = ("imgur.com",)
    personal_columns = (
        "author*",
        "collected_from_url",
    )
    fields = FIELDS
