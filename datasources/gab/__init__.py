"""Gab: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.gab._mapping import FIELDS


class Gab(Zeeschuimer):
    """Import posts of Gab that Zeeschuimer has collected in a browser."""

    id = "gab"
    title = "Gab"
    domains = ("gab.com",)
    personal_columns = (
        "author*",
        "account*",
        "mentions",
        "url",
        "collected_from_url",
    )
    fields = FIELDS
