"""9gag: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.ninegag._mapping import FIELDS


class NineGag(Zeeschuimer):
    """Import posts of 9gag that Zeeschuimer has collected in a browser."""

    id = "ninegag"
    title = "9gag"
    domains = ("9gag.com",)
    personal_columns = (
        "author*",
        "collected_from_url",
    )
    fields = FIELDS
