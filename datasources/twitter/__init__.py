"""X/Twitter: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.twitter._mapping import FIELDS, unwrap


class Twitter(Zeeschuimer):
    """Import posts of X/Twitter that Zeeschuimer has collected in a browser."""

    id = "twitter"
    title = "X/Twitter"
    domains = (
        "twitter.com",
        "x.com",
    )
    personal_columns = (
        "author*",
        "link",
        "retweeted_user",
        "quote_author",
        "replied_author",
        "mentions",
        "collected_from_url",
    )
    fields = FIELDS
    unwrap = staticmethod(unwrap)
