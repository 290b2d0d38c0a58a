"""Pinterest: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.pinterest._mapping import FIELDS


class Pinterest(Zeeschuimer):
    """Import posts of Pinterest that Zeeschuimer has collected in a browser."""

    id = "pinterest"
    title = "Pinterest"
    domains = ("pinterest.com",)
    personal_columns = (
        "author*",
        "pinner*",
        "board_url",
        "collected_from_url",
    )
    fields = FIELDS
