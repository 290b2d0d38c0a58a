"""Jobs, datasets of everybody, logs and plug-ins, in the control panel."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date
from itertools import groupby
from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.dataset import Status
from app.domain.errors import InvalidInput
from app.domain.job import JobState
from app.domain.right import Right
from app.domain.setting import is_switched_off
from app.domain.texts import declared, say
from app.installation import installation
from app.services import dataset_admin, status
from app.services.access import require_given
from app.services.error_report import list_errors
from app.services.failure import cancel_job
from app.services.log_list import list_lines
from app.services.plugin_list import list_plugins
from app.services.process_log import list_said
from app.services.table_export import csv_of
from app.storage.dataset_admin import Wanted
from app.web.page import current_actor, go_to, is_local, render, render_again

pages = Blueprint("control_work", __name__)

_JOBS = 100


@pages.get("/control/jobs")
def jobs() -> Response:
    """Jobs that wait, run or have failed, with what can be done about each."""
    require_given(current_actor(), Right.STATUS)
    state, type_ = request.args.get("state", ""), request.args.get("type", "")
    after = request.args.get("after", "")
    found, following = status.list_by_need(
        installation(),
        state=state if state in set(JobState) else None,
        type_=type_ or None,
        after=_place(after),
        limit=_JOBS,
    )
    groups = [(_NEEDS[need], list(jobs)) for need, jobs in groupby(found, key=lambda job: job["need"])]
    return render_again(
        "control/jobs.html",
        piece="control/_jobs.html",
        groups=groups,
        state=state,
        type=type_,
        types=sorted(installation().registry.queues()),
        after=after,
        following=f"{following[0]}.{following[1]}" if following else None,
    )


_NEEDS = (say("Needs attention"), say("Running"), say("Waiting"), say("Standing tasks"))


def _place(text: str) -> tuple[int, int] | None:
    """After which job a page begins: what it needs and its number, written as `2.815`."""
    found = re.fullmatch(r"([0-3])\.([0-9]{1,18})", text)
    return (int(found[1]), int(found[2])) if found else None


@pages.post("/control/jobs/<int:job_id>/cancel")
def cancel(job_id: int) -> Response:
    """Stop a job that waits or runs, with its dataset."""
    cancel_job(installation(), current_actor(), job_id)
    wanted = request.form.get("next")
    return go_to(wanted if wanted and is_local(wanted) else url_for("control_work.jobs"))


@pages.get("/control/datasets")
def datasets() -> Response:
    """The captures of everybody; as CSV too."""
    return _datasets()


def _wanted() -> Wanted:
    given = {name: request.args.get(name, "").strip() for name in ("words", "owner", "source", "status")}
    return Wanted(**given, after=_day("after"), before=_day("before"))


def _day(name: str) -> str | None:
    try:
        return date.fromisoformat(request.args.get(name, "")).isoformat()
    except ValueError:
        return None


def _datasets(
    *, said: str = "", problems: Sequence[str] = (), picked: Collection[str] = (), code: int = 200
) -> Response:
    """The list; with `picked` the datasets to which nothing was done are ticked, and what was chosen for them stays."""
    ctx = installation()
    wanted = _wanted()
    if request.args.get("format") == "csv":
        return _as_csv(dataset_admin.find_datasets(ctx, current_actor(), wanted, dataset_admin.LISTED)[0])
    found, total = dataset_admin.find_datasets(ctx, current_actor(), wanted)
    sources = sorted(ctx.registry.datasources.values(), key=lambda source: source.title)
    return render(
        "control/datasets.html",
        status=code,
        found=found,
        total=total,
        wanted=wanted,
        sources=[(source.id, declared(source.title)) for source in sources],
        states=[str(state) for state in Status],
        actions=dataset_admin.ACTIONS,
        address={name: value for name, value in asdict(wanted).items() if value},
        said=said,
        problems=problems,
        picked=picked,
        typed=request.form if problems else {},
    )


def _as_csv(found: Sequence[dict[str, Any]]) -> Response:
    """The list for a spreadsheet, which runs nothing that people have called their datasets."""
    columns = ["key", "label", "datasource", "status", "rows", "bytes", "owner", "is_private", "created"]
    rows = [{**row, "created": row["created"].isoformat()} for row in found]
    answer = Response(b"".join(csv_of(rows, columns=columns, excel_safe=True)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=datasets.csv"
    return answer


@pages.post("/control/datasets")
def do_to_datasets() -> Response:
    """Do the same to several datasets."""
    keys = request.form.getlist("key")
    if not keys:
        return _datasets(problems=[say("Choose datasets first: tick the boxes beside their names.")], code=422)
    try:
        outcome = dataset_admin.do_to_datasets(
            installation(), current_actor(), keys, request.form.get("action", ""), request.form.get("heir", "")
        )
    except InvalidInput as error:
        return _datasets(problems=error.texts, picked=keys, code=422)
    return _datasets(
        said=say("Done for {done:,} of {all:,}.", done=len(outcome.done), all=len(keys)),
        problems=outcome.problems,
        picked=set(keys) - set(outcome.done),
    )


@pages.get("/control/logs")
def logs() -> Response:
    """Errors by their number, what processes say, and what jobs have written down lately."""
    ctx, actor, words = installation(), current_actor(), request.args.get("words", "")
    return render_again(
        "control/logs.html",
        piece="control/_logs.html",
        errors=list_errors(ctx, actor, words),
        said=list_said(ctx, actor, words),
        lines=list_lines(ctx, actor, words),
        words=words,
    )


@pages.get("/control/plugins")
def plugins() -> Response:
    """Every plug-in, where it comes from, and why one cannot be used."""
    ctx = installation()
    found = list_plugins(ctx, current_actor())
    site, extensions = ctx.site_settings(), ctx.registry.extensions
    return render(
        "control/plugins.html",
        found=found,
        packages=ctx.settings.plugin_packages,
        extensions=extensions,
        off={one.name for one in extensions if is_switched_off(site, one.name)},
    )
