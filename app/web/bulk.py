"""Marking and deleting datasets, one or many at once, and undoing that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, render_template, url_for
from flask import make_response as plain_response
from htmx_flask import make_response, request

from app.domain.errors import InvalidInput
from app.domain.share import Role
from app.domain.texts import Text, join, say, say_many
from app.installation import installation
from app.services import bulk
from app.services import dataset as datasets
from app.services.each import Outcome
from app.services.mark import set_favourite
from app.web.datasets import list_values
from app.web.page import current_actor, go_to, is_local, render

pages = Blueprint("bulk", __name__)

_DONE: dict[str, Callable[[int], Text]] = {
    "favourite": lambda n: say_many("{n} dataset marked as favourite.", "{n} datasets marked as favourite.", n),
    "unfavourite": lambda n: say_many("{n} dataset no favourite any more.", "{n} datasets no favourite any more.", n),
    "tag": lambda n: say_many("{n} dataset tagged.", "{n} datasets tagged.", n),
    "private": lambda n: say_many("{n} dataset made private.", "{n} datasets made private.", n),
    "public": lambda n: say_many(
        "{n} dataset opened to everyone who signs in.", "{n} datasets opened to everyone who signs in.", n
    ),
    "share": lambda n: say_many("{n} dataset shared.", "{n} datasets shared.", n),
    "delete": lambda n: say_many("{n} dataset deleted.", "{n} datasets deleted.", n),
    "restore": lambda n: say_many("{n} dataset brought back.", "{n} datasets brought back.", n),
    "purge": lambda n: say_many("{n} dataset deleted for good.", "{n} datasets deleted for good.", n),
}


@pages.post("/datasets/bulk")
def change() -> Response:
    """Do something to all that were picked, and show the list again as it was."""
    keys, action = request.form.getlist("key"), request.form.get("action", "")
    if action not in bulk.ACTIONS:
        raise InvalidInput({"action": [say("Choose one of: {actions}.", actions=", ".join(bulk.ACTIONS))]})
    if not keys:
        raise InvalidInput({"key": [say("Pick some datasets first.")]}, say("Pick some datasets first."))
    outcome = bulk.do_to_all(
        installation(),
        current_actor(),
        keys,
        action,
        tags=request.form.get("tags", "").split(","),
        names=request.form.get("names", "").split(","),
        role=Role.OWNER if request.form.get("role") == Role.OWNER else Role.VIEWER,
    )
    return _answer(outcome, keys, action)


def _answer(outcome: Outcome[str], keys: Sequence[str], action: str) -> Response:
    """The list as it is now; those with which it did not work stay picked, and what was typed for them stays."""
    back, undo = request.form.get("back", ""), outcome.done if action == "delete" else []
    if not request.htmx and not outcome.refused:
        return go_to(_back(back, undo[0] if undo else None))
    shown = list_values(dict(parse_qsl(back.partition("?")[2])))
    if outcome.refused:
        shown |= {"picked": set(keys) - set(outcome.done), "typed": request.form}
    said = _said(outcome, action)
    if not request.htmx:
        return render("datasets/overview.html", status=422, **shown | {"problems": [said, *outcome.problems]})
    told = render_template("datasets/_told.html", text=said, problems=outcome.problems, undo=undo)
    if not outcome.done:
        refused: Response = make_response(told, 422, reswap="none")
        return refused
    return plain_response(render_template("datasets/_list.html", **shown) + told)


def _said(outcome: Outcome[str], action: str) -> str:
    said = [_DONE[action](len(outcome.done))] if outcome.done else []
    if outcome.refused:
        said.append(say_many("{n} dataset left as it is.", "{n} datasets left as they are.", outcome.refused))
    return join(" ", said)


def _back(back: str, undo: str | None) -> str:
    address = back if is_local(back) and back.startswith("/datasets") else url_for("datasets.overview")
    if undo is None:
        return address
    return f"{address}{'&' if '?' in address else '?'}undo={undo}"


@pages.post("/datasets/restore")
def restore() -> Response:
    """Bring back what was deleted; one dataset is then shown, several are in the list."""
    keys = request.form.getlist("key")
    outcome = bulk.do_to_all(installation(), current_actor(), keys, "restore")
    if outcome.problems:
        raise InvalidInput({"key": outcome.problems}, join(" ", outcome.problems))
    if len(keys) == 1:
        return go_to(url_for("dataset.show", key=keys[0]))
    return go_to(url_for("datasets.overview"))


@pages.post("/datasets/<key>/favourite")
def favourite(key: str) -> Response:
    """Mark a dataset as one's favourite, or not."""
    ctx, actor = installation(), current_actor()
    is_favourite = request.form.get("favourite") == "yes"
    set_favourite(ctx, actor, key, is_favourite=is_favourite)
    if not request.htmx:
        back = request.referrer or ""
        local = back.removeprefix(request.host_url.rstrip("/"))
        return go_to(local if is_local(local) else url_for("dataset.show", key=key))
    values: dict[str, Any] = {"d": datasets.get_dataset(ctx, actor, key), "is_favourite": is_favourite}
    return render("datasets/_star.html", **values)
