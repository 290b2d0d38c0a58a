"""TikTok comments: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.tiktok_comments._mapping import FIELDS


class TikTokComments(Zeeschuimer):
    """Import TikTok comments that Zeeschuimer has collected in a browser."""

    id = "tiktok-comments"
    title = "TikTok comments"
    domains = (
        "tiktok-comments",
        "tiktokcomments.com",
    )
    personal_columns = (
        "author*",
        "post_url",
        "comment_url",
        "collected_from_url",
    )
    fields = FIELDS
