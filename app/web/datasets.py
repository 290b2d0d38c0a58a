"""The overview of datasets: lists, filters, what is found in them, and their lines that update themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from flask import Blueprint, Response, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.dataset import Dataset
from app.domain.errors import NotFound
from app.domain.texts import declared, say
from app.installation import installation
from app.services import dataset as datasets
from app.services.access import can_change
from app.services.dataset_list import ORDERS, WHOSE, Wanted, list_datasets, whose_to_list
from app.services.mark import known_tags, marks_of
from app.storage import dataset_bin as bin_
from app.storage import dataset_list as lists
from app.storage import overview as overview_of
from app.web.described import made_by, node_of, nodes_of, tree_of
from app.web.page import STOP_POLLING, current_actor, render, render_again

pages = Blueprint("datasets", __name__)

STATES = {
    "running": say("Running"),
    "waiting": say("Waiting"),
    "finished": say("Finished"),
    "failed": say("Failed"),
    "empty": say("Nothing found"),
    "cancelled": say("Cancelled"),
}
_WHOSE = dict(
    zip(
        WHOSE,
        (say("Mine"), say("Shared with me"), say("Favourites"), say("All I may see"), say("Deleted")),
        strict=True,
    )
)
_ORDERS = dict(
    zip(ORDERS, (say("Newest first"), say("Oldest first"), say("Largest first"), say("By name")), strict=True)
)
_DEFAULTS = {"whose": "mine", "order": "newest"}
_PAGE = 30


@pages.get("/datasets")
def overview() -> Response:
    """Captures: one's own, shared ones, favourites or all that one may see, narrowed down and in an order."""
    piece = "datasets/_rows.html" if request.htmx.target == "more" else "datasets/_found.html"
    return render("datasets/overview.html", piece=piece, **list_values(request.args))


def list_values(given: Mapping[str, str]) -> dict[str, Any]:
    """What the templates of the list need, for what was asked for in an address."""
    ctx, actor = installation(), current_actor()
    chosen = _chosen(given)
    cursor = given.get("cursor", "")
    wanted = Wanted(
        whose=chosen["whose"],
        status=chosen["status"] or None,
        datasource=chosen["source"] or None,
        owner=chosen["owner"] or None,
        tag=chosen["tag"] or None,
        text=chosen["q"],
        since=_day(chosen["since"]),
        until=_day(chosen["until"]),
        order=chosen["order"],
        cursor=int(cursor) if cursor.isdecimal() and len(cursor) < 19 else None,
        limit=_PAGE,
    )
    problem = ""
    try:
        found, following = list_datasets(ctx, actor, wanted)
    except NotFound as error:
        found, following, problem = [], None, error.message

    def narrowed(**changes: str | int | None) -> str:
        asked: dict[str, Any] = {**chosen, **changes}
        kept = {name: value for name, value in asked.items() if value and _DEFAULTS.get(name) != value}
        return url_for("datasets.overview", **kept)

    keys = [dataset.key for dataset in found]
    return {
        "nodes": nodes_of(ctx, found),
        "owners": overview_of.names_of(ctx.database, [dataset.owner_id for dataset in found]),
        "sources": {dataset.key: made_by(ctx, dataset) for dataset in found},
        "marks": marks_of(ctx, actor, found),
        "below": lists.count_below(ctx.database, keys),
        "matches": lists.matches_below(ctx.database, keys, chosen["q"].split()[:10]),
        "chosen": chosen,
        "problem": problem,
        "states": STATES,
        "kinds": _WHOSE,
        "orders": _ORDERS,
        "all_sources": {id_: declared(source.title) for id_, source in sorted(ctx.registry.datasources.items())},
        "all_tags": known_tags(ctx, actor),
        "narrowed": narrowed,
        "more": narrowed(cursor=following) if following else None,
        "undo": _undo(given.get("undo", "")),
        "picked": frozenset(),
        "typed": {},
        "problems": (),
    }


def _chosen(given: Mapping[str, str]) -> dict[str, str]:
    """The filters that an address asks for; what is none is left out."""
    text = {name: given.get(name, "").strip() for name in ("q", "owner", "tag", "source", "since", "until")}
    status, whose, order = (given.get(name, "") for name in ("status", "whose", "order"))
    return {
        "whose": whose_to_list(current_actor(), whose if whose in _WHOSE else "mine", text["owner"]),
        "status": status if status in STATES else "",
        "order": order if order in _ORDERS else "newest",
        **text,
        **{name: text[name] if _day(text[name]) else "" for name in ("since", "until")},
    }


def _day(text: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    except ValueError:
        return None


def _undo(key: str) -> Dataset | None:
    """A dataset that has just been deleted, and can be brought back by who looks at the page."""
    if not key:
        return None
    try:
        dataset = bin_.get(installation().database, key)
    except NotFound:
        return None
    return dataset if can_change(current_actor(), dataset) else None


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
        "marks": marks_of(ctx, actor, [dataset]),
    }
    return render_again("datasets/_row.html", status=status, **values)


@pages.get("/datasets/<key>/nested")
def nested(key: str) -> Response:
    """What has been made from a capture, to unfold below its line; asked for until all of it has ended."""
    ctx, actor = installation(), current_actor()
    try:
        root = tree_of(ctx, datasets.lineage(ctx, actor, key))
    except NotFound:
        return plain_response("", STOP_POLLING)
    status = 200 if root.is_open else STOP_POLLING
    return render_again("datasets/_nested.html", root=root, key=key, status=status)
