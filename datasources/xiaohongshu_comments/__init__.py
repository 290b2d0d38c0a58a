"""RedNote comments: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.xiaohongshu_comments._mapping import FIELDS


class RedNoteComments(Zeeschuimer):
    """Import RedNote comments that Zeeschuimer has collected in a browser."""

    id = "xiaohongshu-comments"
    title = "RedNote comments"
    domains = (
        "xiaohongshu-comments",
        "rednote-comments",
    )
    personal_columns = (
        "author*",
        "ip_location",
        "collected_from_url",
    )
    fields = FIELDS
