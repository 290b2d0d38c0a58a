"""New analysis: the palette of what fits a dataset, the form of one, and running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.dataset import Dataset
from app.domain.errors import InvalidInput, LimitReached, NotCompatible, NotFound
from app.domain.texts import say
from app.installation import installation
from app.plugins.options import specs
from app.plugins.registry import Analysis
from app.services import dataset as datasets
from app.services import run as runs
from app.services.context import Context
from app.services.estimate import expected_seconds
from app.services.mail import can_mail
from app.services.run import Fit
from app.web.dataset import open_in_place
from app.web.described import made_by
from app.web.forms import controls, read_form
from app.web.page import current_actor, go_to, render

pages = Blueprint("analysis", __name__)


@pages.get("/datasets/<key>/analyses")
def palette(key: str) -> Response:
    """Every analysis: what fits by category, what often comes next first, and why the others do not fit."""
    ctx, actor = installation(), current_actor()
    dataset = datasets.get_dataset(ctx, actor, key)
    fits = runs.list_fits(ctx, actor, key)
    return render(
        "analysis/palette.html",
        piece="analysis/_palette.html",
        dataset=dataset,
        groups=_grouped([fit for fit in fits if fit.reason is None]),
        refused=[fit for fit in fits if fit.reason is not None],
    )


def _grouped(fits: Sequence[Fit]) -> list[tuple[str, list[Fit]]]:
    """Fitting analyses: those that often come next, then by category."""
    groups: dict[str, list[Fit]] = {}
    for fit in sorted(fits, key=lambda fit: (fit.analysis.category, fit.analysis.title)):
        groups.setdefault(fit.analysis.category, []).append(fit)
    preferred = [fit for fit in fits if fit.is_preferred]
    return [(say("Often next"), preferred), *groups.items()] if preferred else list(groups.items())


@pages.get("/datasets/<key>/analyses/<type_>")
def form(key: str, type_: str) -> Response:
    """The form of one analysis; with `again` filled in as an earlier run was."""
    ctx, actor = installation(), current_actor()
    dataset = datasets.get_dataset(ctx, actor, key)
    analysis = ctx.registry.processor(type_)
    given: Mapping[str, Any] = {}
    again = request.args.get("again")
    if again:
        earlier = datasets.get_dataset(ctx, actor, again)
        if earlier.type != type_:
            raise NotFound(say("That dataset was not made by this analysis."))
        given = earlier.parameters
    return _form(ctx, dataset, analysis, given=given, again=again)


def _form(
    ctx: Context,
    dataset: Dataset,
    analysis: Analysis,
    *,
    given: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]] | None = None,
    problem: str = "",
    again: str | None = None,
    status: int = 200,
) -> Response:
    wrong = dict(errors or {})
    own = specs(analysis.Options)
    elsewhere = [text for name, texts in wrong.items() if name not in own for text in texts]
    return render(
        "analysis/form.html",
        piece="analysis/_form.html",
        status=status,
        dataset=dataset,
        source=made_by(ctx, dataset),
        analysis=analysis,
        controls=controls(analysis.Options, runs.columns_of(ctx, current_actor(), dataset) or None, given, wrong),
        problem=problem or " ".join(elsewhere),
        again=again,
        can_mail=can_mail(ctx),
        seconds=expected_seconds(ctx, analysis.type, dataset.rows) if dataset.rows else None,
    )


@pages.post("/datasets/<key>/analyses/<type_>")
def run(key: str, type_: str) -> Response:
    """Run an analysis and open what it makes; what was typed stays when something is wrong with it."""
    ctx, actor = installation(), current_actor()
    analysis = ctx.registry.processor(type_)
    given = read_form(analysis.Options, request.form)
    again = request.form.get("again")
    try:
        child, is_new = runs.run_processor(
            ctx, actor, key, type_, given, rerun="rerun" in request.form, notify="notify" in request.form
        )
    except InvalidInput as error:
        dataset = datasets.get_dataset(ctx, actor, key)
        return _form(ctx, dataset, analysis, given=given, errors=error.fields, again=again, status=422)
    except (NotCompatible, LimitReached) as error:
        dataset = datasets.get_dataset(ctx, actor, key)
        return _form(ctx, dataset, analysis, given=given, problem=error.message, again=again, status=422)
    if not request.htmx:
        return go_to(url_for("dataset.show", key=child.key))
    opened = open_in_place(child.key)
    if not is_new:
        text = say("This has been asked before, with the same options. Here is its result.")
        notice = render_template("error/_told.html", message=text)
        opened = plain_response(opened.get_data() + notice.encode(), opened.status_code, dict(opened.headers))
        opened.headers.pop("Content-Length", None)
        opened.content_length = len(opened.get_data())
    return opened
