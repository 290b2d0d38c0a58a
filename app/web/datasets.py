"""The overview of datasets."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.errors import NotFound
from app.services import dataset as datasets
from app.storage import overview as overview_of
from app.web.described import made_by, node_of, nodes_of
from app.web.page import STOP_POLLING, current_actor, installation, render

pages = Blueprint("datasets", __name__)

_STATES = {
    "running": "Running",
    "waiting": "Waiting",
    "finished": "Finished",
    "failed": "Failed",
    "empty": "Nothing found",
    "cancelled": "Cancelled",
}
_PAGE = 30


@pages.get("/datasets")
def overview() -> Response:
    """Captures, newest first: one's own, or all that one may see."""
    ctx, actor = installation(), current_actor()
    whose = "all" if request.args.get("whose") == "all" else "mine"
    status = request.args.get("status", "")
    text = request.args.get("q", "").strip()
    cursor = request.args.get("cursor", "")
    found, following = datasets.list_datasets(
        ctx,
        actor,
        mine=whose == "mine",
        status=status if status in _STATES else None,
        text=text,
        cursor=int(cursor) if cursor.isdecimal() and len(cursor) < 19 else None,
        limit=_PAGE,
    )
    chosen = {"whose": whose, "status": status if status in _STATES else "", "q": text}

    def narrowed(**changes: str | int | None) -> str:
        wanted = {**chosen, **changes}
        defaults = {"whose": "mine"}
        kept = {name: value for name, value in wanted.items() if value and defaults.get(name) != value}
        return url_for("datasets.overview", **kept)

    return render(
        "datasets/overview.html",
        piece="datasets/_rows.html" if request.htmx.target == "more" else "datasets/_list.html",
        nodes=nodes_of(ctx, found),
        owners=overview_of.names_of(ctx.database, [dataset.owner_id for dataset in found]),
        sources={dataset.key: made_by(ctx, dataset) for dataset in found},
        chosen=chosen,
        states=_STATES,
        narrowed=narrowed,
        more=narrowed(cursor=following) if following else None,
    )


@pages.get("/datasets/<key>/row")
def row(key: str) -> Response:
    """One line of the overview, asked for until the dataset has ended."""
    ctx, actor = installation(), current_actor()
    try:
        dataset = datasets.get_dataset(ctx, actor, key)
    except NotFound:
        return plain_response("", STOP_POLLING)
    status = STOP_POLLING if dataset.status.is_ended else 200
    values: dict[str, Any] = {
        "node": node_of(ctx, dataset),
        "source": made_by(ctx, dataset),
        "owners": overview_of.names_of(ctx.database, [dataset.owner_id]),
    }
    return render("datasets/_row.html", status=status, **values)
