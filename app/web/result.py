"""What a result looks like: its rows, its chart, its network, its page, its log and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, jsonify, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.dataset import Dataset, Kind, Status
from app.domain.errors import NotFound, UserError
from app.domain.texts import say
from app.installation import installation
from app.services import charts, items, timeline
from app.services import dataset as datasets
from app.services.context import Context
from app.services.download import disposition, file_name
from app.services.palette import GROUNDS, palette
from app.services.provenance import provenance
from app.web import network
from app.web.member import members_of
from app.web.page import accent, current_actor, go_to, render
from app.web.picture import drawn, once, theme
from app.web.security import PAGE_POLICY

pages = Blueprint("result", __name__)

ROWS = 50
_NAMES = {Kind.TABLE: "table", Kind.CHART: "chart", Kind.GRAPH: "network", Kind.PAGE: "page", Kind.FILES: "files"}
_TITLES = {
    "table": say("Table"),
    "chart": say("Chart"),
    "network": say("Network"),
    "page": say("Page"),
    "files": say("Files"),
}


def tabs_of(dataset: Dataset) -> dict[str, str]:
    """The views of a dataset by name, with their titles."""
    tabs: dict[str, str] = {}
    if dataset.result is not None:
        name = _NAMES[dataset.result.kind]
        if timeline.has_timeline(dataset):
            tabs["chart"] = say("Chart")
        tabs[name] = say("Items") if dataset.is_items else _TITLES[name]
        if name == "network":
            tabs["table"] = say("Nodes")
    if dataset.quarantined:
        tabs["quarantine"] = say("Quarantine")
    return tabs | {"log": say("Log"), "provenance": say("Provenance")}


def default_tab(dataset: Dataset) -> str:
    """What is shown first: the result, or the log when there is none."""
    return next(iter(tabs_of(dataset)))


def tab_values(ctx: Context, dataset: Dataset, tab: str) -> dict[str, Any]:
    """What the template of a view needs; what stands in its way is shown in its place."""
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "table": lambda: _rows_of(ctx, dataset, None),
        "quarantine": lambda: _rows_of(ctx, dataset, "quarantine"),
        "log": lambda: {"text": datasets.log_text(ctx, current_actor(), dataset.key)},
        "provenance": lambda: _provenance_of(ctx, dataset),
        "files": lambda: members_of(ctx, dataset),
        "network": lambda: {"palettes": {theme: palette(accent(), theme) for theme in GROUNDS}},
    }
    if tab not in makers:
        return {}
    try:
        return makers[tab]()
    except UserError as error:
        return {"problem": error.message}


def _rows_of(ctx: Context, dataset: Dataset, part: str | None) -> dict[str, Any]:
    """The rows that the address asks for: from `offset` on, in the order of `sort`."""
    offset, sort = request.args.get("offset", "0"), request.args.get("sort", "")
    start = int(offset) if offset.isdecimal() and len(offset) < 16 else 0
    page = items.page(ctx, current_actor(), dataset.key, offset=start, limit=ROWS, sort=sort or None, role=part)
    return {"page": page, "sort": sort, "part": part or "", "step": ROWS}


def _provenance_of(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """The methods as a paragraph, and all that is known of the steps."""
    found = provenance(ctx, current_actor(), dataset.key)
    return {
        "methods": found["methods"],
        "steps": found["steps"],
        "text": json.dumps(found, indent=2, ensure_ascii=False, default=str),
    }


@pages.get("/datasets/<key>/rows")
def rows(key: str) -> Response:
    """Some rows of a table, of a network's nodes, or of the records that could not be read."""
    ctx = installation()
    dataset = datasets.get_dataset(ctx, current_actor(), key)
    part = "quarantine" if request.args.get("part") == "quarantine" else None
    if not request.htmx:
        there = {name: request.args.get(name) or None for name in ("offset", "sort")}
        return go_to(url_for("dataset.show", key=key, tab=part or "table", **there))
    return render("dataset/_rows.html", dataset=dataset, **_rows_of(ctx, dataset, part))


def _finished(key: str, role: str | None = None) -> tuple[Context, Dataset]:
    """The dataset with its result. :raises NotFound: when it has none of this sort"""
    ctx = installation()
    dataset = datasets.get_dataset(ctx, current_actor(), key)
    if dataset.result is None or dataset.status is not Status.FINISHED:
        raise NotFound(say("“{dataset}” has no result.", dataset=dataset.label))
    if role is not None and role not in dataset.result.files:
        raise NotFound(say("“{dataset}” has nothing of this sort to show.", dataset=dataset.label))
    return ctx, dataset


def _spec_of(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """The specification of a chart, or of the chart that a table over time makes."""
    if timeline.has_timeline(dataset):
        return charts.translated(timeline.spec_of(ctx, dataset))
    if dataset.result is None or "chart" not in dataset.result.files:
        raise NotFound(say("“{dataset}” is not a chart.", dataset=dataset.label))
    return charts.translated(json.loads(b"".join(ctx.files.read(dataset.result.files["chart"].name))))


def _files(dataset: Dataset) -> list[str]:
    """What is drawn of a result: its files, which never change."""
    assert dataset.result is not None  # noqa: S101 - only results are drawn
    return sorted(file.sha256 for file in dataset.result.files.values())


@pages.get("/datasets/<key>/chart.<any(svg,png):form>")
def chart_picture(key: str, form: str = "svg") -> Response:
    """A chart, drawn here; with `save` to be kept as a file."""
    ctx, dataset = _finished(key)
    answer = once([*_files(dataset), form], lambda: drawn(_spec_of(ctx, dataset), form))
    if "save" in request.args:
        answer.headers["Content-Disposition"] = disposition(file_name(dataset, f".{form}"))
    return answer


@pages.get("/datasets/<key>/chart.json")
def chart_spec(key: str) -> Response:
    """A chart's specification, to be drawn in the browser."""
    ctx, dataset = _finished(key)
    return once([*_files(dataset), "spec"], lambda: jsonify(charts.styled(_spec_of(ctx, dataset), theme(), accent())))


@pages.get("/datasets/<key>/network.json")
def network_piece(key: str) -> Response:
    """A network's strongest nodes and links with their places, to be drawn in the browser."""
    ctx, dataset = _finished(key, "nodes")
    return once([*_files(dataset), "network"], lambda: jsonify(network.piece_of(ctx, dataset)))


@pages.get("/datasets/<key>/frame")
def frame(key: str) -> Response:
    """A result that is a page: shown in a sandbox without rights here."""
    ctx, dataset = _finished(key, "page")
    if dataset.result is None:
        abort(404)
    html = b"".join(ctx.files.read(dataset.result.files["page"].name))
    response = plain_response(html)
    response.mimetype = "text/html"
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response
