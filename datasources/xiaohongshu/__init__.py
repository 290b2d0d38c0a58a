"""RedNote: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.xiaohongshu._mapping import FIELDS, unwrap


class RedNote(Zeeschuimer):
    """Import posts of RedNote that Zeeschuimer has collected in a browser."""

    id = "xiaohongshu"
    title = "RedNote"
    domains = (
        "xiaohongshu.com",
        "rednote.com",
    )
    personal_columns = (
        "author*",
        "collected_from_url",
    )
    fields = FIELDS
    unwrap = staticmethod(unwrap)
