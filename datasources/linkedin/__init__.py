"""LinkedIn: posts that the browser extension Zeeschuimer has collected."""

from __future__ import annotations

from datasources._zeeschuimer import Zeeschuimer
from datasources.linkedin._mapping import FIELDS


class LinkedIn(Zeeschuimer):
    """Import posts of LinkedIn that Zeeschuimer has collected in a browser."""

    id = "linkedin"
    title = "LinkedIn"
    domains = ("linkedin.com",)
    personal_columns = (
        "author*",
        "inclusion_context",
        "collected_from_url",
    )
    fields = FIELDS
