"""Truth Social: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.truthsocial._mapping import FIELDS


class TruthSocial(Zeeschuimer):
    """Import posts of Truth Social that Zeeschuimer has collected in a browser."""

    id = "truthsocial"
    title = "Truth Social"
    domains = ("truthsocial.com",)
    personal_columns = (
        "author*",
        "account*",
        "mentions",
        "url",
        "collected_from_url",
    )
    fields = FIELDS
