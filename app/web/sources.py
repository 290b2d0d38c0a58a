"""Data sources: what each is, and what is kept here of those whose posts this installation collects."""

from __future__ import annotations

import json

from flask import Blueprint, Response

from app.domain.errors import NotFound, TookTooLong
from app.domain.right import Right
from app.domain.texts import declared, say
from app.installation import installation
from app.services.overview import activity_chart, source_activity, source_overview
from app.web.create import kinds_of
from app.web.page import current_actor, render
from app.web.picture import drawn, once

pages = Blueprint("sources", __name__)


@pages.get("/datasources")
def overview() -> Response:
    """All of them."""
    current_actor()
    ctx = installation()
    settings = ctx.site_settings()
    reasons = {source.id: ctx.registry.unavailable(source, settings) for source in ctx.registry.datasources.values()}
    return render("sources/overview.html", groups=kinds_of(ctx), reasons=reasons)


@pages.get("/datasources/<source_id>")
def show(source_id: str) -> Response:
    """One of them: its description, parts, activity, gaps and columns."""
    actor = current_actor()
    source = installation().registry.datasource(source_id)
    found, problem = None, ""
    try:
        found = source_overview(installation(), actor, source_id)[1]
    except TookTooLong as error:
        problem = say(
            "What is kept of {source} cannot be told now. {reason}", source=declared(source.title), reason=error.message
        )
    described = (source.folder() / "DESCRIPTION.md").read_text()
    columns: list[tuple[str, str]] = [
        *((name, say("date and time") if name == "timestamp" else say("text")) for name in source.item_columns())
    ]
    columns += [(name, _KINDS.get(kind.__name__) or kind.__name__) for name, kind in source.columns.items()]
    return render(
        "sources/show.html",
        source=source,
        found=found,
        problem=problem,
        paragraphs=paragraphs(described),
        columns=columns,
        reason=installation().registry.unavailable(source, installation().site_settings()),
        is_admin=actor.has(Right.SETTINGS),
    )


_KINDS = {
    "str": say("text"),
    "int": say("whole number"),
    "float": say("number"),
    "bool": say("yes or no"),
    "list": say("list"),
    "datetime": say("date and time"),
}


@pages.get("/datasources/<source_id>/activity.svg")
def activity(source_id: str) -> Response:
    """Posts by day, month or year, drawn here."""
    found = source_activity(installation(), current_actor(), source_id)
    if found is None or not found.counts:
        raise NotFound(say("No posts of this source are kept here."))
    chart = activity_chart(found)
    return once([json.dumps(chart)], lambda: drawn(chart))


def paragraphs(described: str) -> list[tuple[str, str]]:
    """A description as paragraphs and points of a list: the little of Markdown that descriptions use."""
    found: list[tuple[str, str]] = []
    for line in described.splitlines():
        text = line.strip().replace("**", "")
        if not text or text.startswith("# "):
            found.append(("", ""))
        elif text.startswith("- "):
            found.append(("point", text[2:]))
        elif found and found[-1][1]:
            found[-1] = (found[-1][0], f"{found[-1][1]} {text}")
        else:
            found.append(("paragraph", text))
    return [part for part in found if part[1]]
