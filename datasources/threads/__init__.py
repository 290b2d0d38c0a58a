"""Threads: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.threads._mapping import FIELDS


class Threads(Zeeschuimer):
    """Import posts of Threads that Zeeschuimer has collected in a browser."""

    id = "threads"
    title = "Threads"
    domains = (
        "threads.net",
        "threads.com",
    )
    personal_columns = (
        "author*",
        "url",
        "collected_from_url",
    )
    fields = FIELDS
