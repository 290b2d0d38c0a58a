"""Douyin: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.douyin._mapping import FIELDS, unwrap


class Douyin(Zeeschuimer):
    """Import posts of Douyin that Zeeschuimer has collected in a browser."""

    id = "douyin"
    title = "Douyin"
    domains = ("douyin.com",)
    personal_columns = (
        "author*",
        "music_author",
        "mentions",
        "collected_from_url",
    )
    fields = FIELDS
    unwrap = staticmethod(unwrap)
