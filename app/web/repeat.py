"""The analyses of another dataset, asked for on this one too: choosing that dataset, then which of them."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput
from app.domain.texts import join, say, say_many
from app.installation import installation
from app.services import dataset as datasets
from app.services import repeat
from app.services.repeat import Repeated
from app.web.dataset import open_in_place
from app.web.described import summary_of
from app.web.page import current_actor, go_to, render

pages = Blueprint("repeat", __name__)

_REFUSALS_TOLD = 3


@pages.get("/datasets/<key>/repeat")
def show(key: str) -> Response:
    """Other datasets to take analyses from, or those of the one that was chosen, all ticked but what failed there."""
    example = request.args.get("example", "")
    return _choose(key, example) if example else _examples(key)


def _examples(key: str, problem: str = "") -> Response:
    ctx, actor, words = installation(), current_actor(), request.args.get("words", "").strip()
    return render(
        "analysis/repeat.html",
        piece="analysis/_examples.html",
        status=422 if problem else 200,
        dataset=datasets.get_dataset(ctx, actor, key),
        found=repeat.list_examples(ctx, actor, key, words),
        words=words,
        example=None,
        problem=problem,
    )


def _choose(key: str, example: str, problem: str = "") -> Response:
    ctx, actor = installation(), current_actor()
    found = repeat.list_repeatable(ctx, actor, key, example)
    return render(
        "analysis/repeat.html",
        piece="analysis/_repeat.html",
        status=422 if problem else 200,
        dataset=datasets.get_dataset(ctx, actor, key),
        example=datasets.get_dataset(ctx, actor, example),
        rows=[(one, summary_of(ctx, one.dataset)) for one in found],
        picked=request.form.getlist("analysis") if problem else None,
        problem=problem,
    )


@pages.post("/datasets/<key>/repeat")
def ask(key: str) -> Response:
    """Ask for what is ticked, and show the dataset with it; say what did not fit, and why."""
    example, picked = request.form.get("example", ""), request.form.getlist("analysis")
    try:
        done = repeat.repeat_analyses(installation(), current_actor(), key, example, picked)
    except InvalidInput as error:
        problem = " ".join(error.texts)
        return _examples(key, problem) if "example" in error.fields else _choose(key, example, problem)
    if not request.htmx:
        return go_to(url_for("dataset.show", key=key))
    return open_in_place(key, render_template("error/_told.html", message=_told(done)))


def _told(done: Repeated) -> str:
    new = sum(1 for _, _, is_new in done.asked if is_new)
    parts = [say_many("{n} analysis is on its way.", "{n} analyses are on their way.", new)]
    if len(done.asked) > new:
        there = len(done.asked) - new
        parts.append(say_many("{n} was there already.", "{n} were there already.", there))
    for dataset, reason in done.refused[:_REFUSALS_TOLD]:
        parts.append(say("Not “{analysis}”: {reason}", analysis=dataset.label, reason=reason))
    left = len(done.refused) - _REFUSALS_TOLD
    if left > 0:
        parts.append(say_many("And {n} other could not be asked for.", "And {n} others could not be asked for.", left))
    return join(" ", parts)
