"""The page of a dataset: its tree, its result, live progress, and what can be done with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask import make_response as plain_response
from htmx_flask import make_response, request

from app.domain.dataset import Dataset, Status
from app.domain.errors import NotFound
from app.domain.expiry import expiry_of
from app.domain.texts import say
from app.installation import installation
from app.services import dataset as datasets
from app.services import run as runs
from app.services.access import can_change, can_share
from app.services.context import Context
from app.services.convert import convert_dataset, sources_that_fit
from app.services.dataset_bin import goes_on, throw_away
from app.services.download import formats
from app.services.explore import can_explore
from app.services.mark import marks_of
from app.services.outlook import outlook
from app.services.package import may_pack
from app.services.platform_import import can_remap, remap_dataset
from app.services.upload import get_upload
from app.storage.overview import names_of
from app.web.described import made_by, origin_of, parameters_of, summary_of, tree_of
from app.web.page import STOP_POLLING, current_actor, go_to, render, render_again, title_of, wants_piece
from app.web.result import default_tab, tab_values, tabs_of
from app.web.waiting import poll_seconds, wait_heading

pages = Blueprint("dataset", __name__)

_GONE = "dataset/_gone.html"
_MENDED_WITHIN = timedelta(hours=12)
"""For how long after a failure its page asks whether it is run again."""


@pages.get("/datasets/<key>")
@pages.get("/datasets/<key>/<any(table,chart,network,page,files,log,provenance,quarantine):tab>")
def show(key: str, tab: str | None = None) -> Response:
    """A dataset in its tree; for HTMX only the tree and result, the result, or what is in an archive."""
    values = show_values(key, tab)
    if wants_piece() and request.htmx.target == "result":
        return render("dataset/show.html", piece="dataset/_result.html", **values)
    if wants_piece() and request.htmx.target == "members":
        return render("dataset/show.html", piece="dataset/_members.html", **values)
    return render("dataset/show.html", piece="dataset/_house.html", **values)


def show_values(key: str, tab: str | None = None) -> dict[str, Any]:
    """What the templates of the page need."""
    ctx, actor = installation(), current_actor()
    family = datasets.lineage(ctx, actor, key)
    root = tree_of(ctx, family)
    dataset = next((found for found in family if found.key == key), None)
    if dataset is None:
        raise NotFound(say("There is no dataset {key}.", key=key))
    return {"root": root} | head_values(ctx, root.dataset) | result_values(ctx, dataset, tab)


def head_values(ctx: Context, top: Dataset) -> dict[str, Any]:
    """What the template of the head needs: what the capture is, how it is marked, and how long it stays."""
    actor, site = current_actor(), ctx.site_settings()
    marks = marks_of(ctx, actor, [top])
    return {
        "top": top,
        "source": made_by(ctx, top),
        "maker": names_of(ctx.database, [top.owner_id]).get(top.owner_id, ""),
        "is_favourite": top.key in marks.favourites,
        "tags": marks.tags[top.key],
        "origin": origin_of(top),
        "may_share": can_share(actor, top),
        "may_change_top": can_change(actor, top),
        "may_pack": may_pack(ctx, actor, top),
        "goes": goes_on(site, top),
        "can_capture_again": _can_capture_again(ctx, top),
        "expiry": expiry_of(site, top.type),
    }


def _can_capture_again(ctx: Context, top: Dataset) -> bool:
    """Whether a capture has a form that can be filled in as it was; what came as a file has none."""
    source = ctx.registry.datasources.get(top.type)
    return source is not None and not source.imports()


def result_values(ctx: Context, dataset: Dataset, tab: str | None = None) -> dict[str, Any]:
    """What the templates of one result need."""
    actor = current_actor()
    tabs = tabs_of(dataset)
    chosen = tab if tab in tabs else default_tab(dataset)
    wait = outlook(ctx, dataset)
    shown = tab_values(ctx, dataset, chosen) if dataset.status.is_ended else {}
    return shown | {
        "dataset": dataset,
        "may_change": can_change(actor, dataset),
        "may_retry": can_change(actor, dataset) and not dataset.ended_elsewhere,
        "may_remap": can_change(actor, dataset) and can_remap(ctx, dataset),
        "sources": sources_that_fit(ctx, dataset) if can_share(actor, dataset) else [],
        "formats": formats(dataset),
        "tabs": tabs,
        "tab": chosen,
        "made_by": made_by(ctx, dataset),
        "summary": summary_of(ctx, dataset),
        "parameters": parameters_of(ctx, dataset),
        "can_explore": can_explore(dataset),
        "wait": wait,
        "heading": wait_heading(wait) if wait else "",
        "poll": poll_seconds(wait),
        "may_resume": _may_resume(dataset),
        "file_again": _file_again(ctx, dataset),
        "next_steps": _next_steps(ctx, dataset),
        "can_repeat": dataset.parent is not None and dataset.type in ctx.registry.processors,
    }


def _file_again(ctx: Context, dataset: Dataset) -> str:
    """Where the columns of a file that failed to come in can be given another meaning; empty when it is gone."""
    source = ctx.registry.datasources.get(dataset.type)
    upload = dataset.work.get("upload")
    if dataset.status not in (Status.FAILED, Status.CANCELLED) or not upload or source is None or source.brings():
        return ""
    try:
        get_upload(ctx, current_actor(), upload)
    except NotFound:
        return ""
    return url_for("create.map_columns", source_id=source.id, upload_id=upload, again=dataset.key)


def _may_resume(dataset: Dataset) -> bool:
    """Whether it failed so lately that somebody may mend the cause while its page is open."""
    ended = dataset.ended
    return dataset.status is Status.FAILED and ended is not None and datetime.now(UTC) - ended < _MENDED_WITHIN


def _next_steps(ctx: Context, dataset: Dataset) -> dict[str, Any]:
    """The analyses people most often run next, and how many fit in all."""
    if dataset.status is not Status.FINISHED:
        return {"first": [], "all": 0}
    fits = [fit for fit in runs.list_fits(ctx, current_actor(), dataset.key) if fit.reason is None]
    preferred = [fit.analysis for fit in fits if fit.is_preferred]
    if not preferred and dataset.is_items:
        usual = ("count-posts", "tokenise-posts", "attribute-frequencies", "column-filter")
        fitting = {fit.analysis.type: fit.analysis for fit in fits}
        preferred = [fitting[type_] for type_ in usual if type_ in fitting]
    return {"first": preferred[:4], "all": len(fits)}


@pages.get("/datasets/<key>/tree")
def tree(key: str) -> Response:
    """The tree around a dataset, asked for until everything in it has ended."""
    ctx, actor = installation(), current_actor()
    try:
        root = tree_of(ctx, datasets.lineage(ctx, actor, key))
    except NotFound:
        return plain_response(render_template(_GONE), STOP_POLLING)
    status = 200 if root.is_open else STOP_POLLING
    return render_again("dataset/_tree.html", root=root, selected=key, status=status)


@pages.get("/datasets/<key>/status")
def status(key: str) -> Response:
    """How far a dataset is; when it has ended, its whole result in place of that.

    A page that shows a failure names its moment (`ended`): it is told nothing until somebody, such as an administrator
    who has mended the cause, has it run again, and asks no more when that has not come for long.
    """
    ctx, actor = installation(), current_actor()
    try:
        dataset = datasets.get_dataset(ctx, actor, key)
    except NotFound:
        return plain_response(render_template(_GONE), STOP_POLLING)
    if "ended" in request.args:
        is_same = dataset.ended is not None and dataset.ended.isoformat() == request.args["ended"]
        if is_same:
            return plain_response("", 204 if _may_resume(dataset) else STOP_POLLING)
        return _resumed(key)
    if not dataset.status.is_ended:
        return render_again("dataset/_status.html", **result_values(ctx, dataset))
    piece = render_template("dataset/_ended.html", **show_values(key))
    ended: Response = make_response(piece, STOP_POLLING, retarget="#result", reswap="outerHTML")
    return ended


def _resumed(key: str) -> Response:
    """What is at work again, in place of how it had ended; a dialog that is open stays."""
    piece = render_template("dataset/_resumed.html", **show_values(key))
    resumed: Response = make_response(piece, retarget="#house", reswap="innerHTML")
    return resumed


@pages.post("/datasets/<key>/cancel")
def cancel(key: str) -> Response:
    """Stop what waits or runs."""
    datasets.cancel_dataset(installation(), current_actor(), key)
    return show_changed(key)


@pages.post("/datasets/<key>/retry")
def retry(key: str) -> Response:
    """Run again what did not finish."""
    datasets.retry_dataset(installation(), current_actor(), key)
    return show_changed(key)


@pages.post("/datasets/<key>/remap")
def remap(key: str) -> Response:
    """Make the table again from the kept raw records."""
    remap_dataset(installation(), current_actor(), key)
    return show_changed(key)


@pages.post("/datasets/<key>/source")
def convert(key: str) -> Response:
    """Say of which source the posts of an uploaded file are."""
    convert_dataset(installation(), current_actor(), key, request.form.get("datasource", ""))
    return show_changed(key)


@pages.post("/datasets/<key>/delete")
def delete(key: str) -> Response:
    """Delete a dataset with all made from it, and go to what it was made from; it can be undone for a while."""
    ctx, actor = installation(), current_actor()
    dataset = datasets.get_dataset(ctx, actor, key)
    throw_away(ctx, actor, key)
    if dataset.parent is None:
        return go_to(url_for("datasets.overview", undo=key))
    if not request.htmx:
        return go_to(url_for("dataset.show", key=dataset.parent))
    told = render_template(
        "datasets/_told.html", text=say("“{dataset}” has been deleted.", dataset=dataset.label), problems=[], undo=[key]
    )
    return open_in_place(dataset.parent, told)


def show_changed(key: str) -> Response:
    """The page of a dataset after a change: only its parts where HTMX asks."""
    return open_in_place(key) if request.htmx else go_to(url_for("dataset.show", key=key))


def open_in_place(key: str, told: str = "") -> Response:
    """Show a dataset on the page that is open, with a notice; close what lies over it, and let the address follow."""
    values = show_values(key)
    piece = title_of("dataset/show.html", **values) + render_template("dataset/_page.html", **values) + told
    url = url_for("dataset.show", key=key)
    opened: Response = make_response(
        piece, retarget="#page", reswap="outerHTML", push_url=url, trigger={"close-dialog": True}
    )
    return opened
