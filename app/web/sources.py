"""Data sources: what each is, and what is kept here of those whose posts this installation collects."""

from __future__ import annotations

from flask import Blueprint, Response
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.errors import NotFound
from app.services import charts
from app.services.overview import activity_chart, source_overview
from app.web.page import current_actor, installation, render

pages = Blueprint("sources", __name__)


@pages.get("/datasources")
def overview() -> Response:
    """All of them."""
    current_actor()
    ctx = installation()
    settings = ctx.site_settings()
    found = sorted(ctx.registry.datasources.values(), key=lambda source: source.title)
    reasons = {source.id: ctx.registry.unavailable(source, settings) for source in found}
    return render("sources/overview.html", sources=found, reasons=reasons)


@pages.get("/datasources/<source_id>")
def show(source_id: str) -> Response:
    """One of them: its description, parts, activity, gaps and columns."""
    actor = current_actor()
    source, found = source_overview(installation(), source_id)
    described = (source.folder() / "DESCRIPTION.md").read_text()
    columns = [*((name, "datetime" if name == "timestamp" else "text") for name in source.item_columns())]
    columns += [(name, _KINDS.get(kind.__name__, kind.__name__)) for name, kind in source.columns.items()]
    return render(
        "sources/show.html",
        source=source,
        found=found,
        paragraphs=_paragraphs(described),
        columns=columns,
        reason=installation().registry.unavailable(source, installation().site_settings()),
        is_admin=actor.is_admin,
    )


_KINDS = {"str": "text", "int": "integer", "float": "number", "bool": "yes or no", "list": "list"}


@pages.get("/datasources/<source_id>/activity.svg")
def activity(source_id: str) -> Response:
    """Posts by day, month or year, drawn here."""
    current_actor()
    source, found = source_overview(installation(), source_id)
    if found is None or not found.activity:
        raise NotFound(f"No posts of {source.title} are kept here.")
    theme = "dark" if request.args.get("theme") == "dark" else "light"
    response = plain_response(charts.draw_svg(activity_chart(found), theme))
    response.mimetype = "image/svg+xml"
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    response.headers["Cache-Control"] = "private, max-age=60"
    return response


def _paragraphs(described: str) -> list[tuple[str, str]]:
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
