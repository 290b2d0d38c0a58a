"""Instagram: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.instagram._mapping import FIELDS, unwrap


class Instagram(Zeeschuimer):
    """Import posts of Instagram that Zeeschuimer has collected in a browser."""

    id = "instagram"
    title = "Instagram"
    domains = ("instagram.com",)
    personal_columns = (
        "author*",
        "coauthor*",
        "usertags",
        "collected_from_url",
    )
    fields = FIELDS
    unwrap = staticmethod(unwrap)
