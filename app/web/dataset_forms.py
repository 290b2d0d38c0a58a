"""The forms that change a dataset: its name, its tags, how long it stays, and whether it stays at all.

They open in the dialog of the page on which one is, and are pages of their own where there are no scripts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time

from flask import Blueprint, Response
from htmx_flask import request

from app.domain.errors import InvalidInput
from app.domain.expiry import expiry_of
from app.domain.texts import say
from app.installation import installation
from app.services import dataset as datasets
from app.services.access import require_change, require_share
from app.services.dataset_bin import set_expiry, undo_days
from app.services.mark import marks_of, set_tags
from app.web.dataset import show_changed
from app.web.page import current_actor, render

pages = Blueprint("dataset_forms", __name__)

_TITLES: dict[str, Callable[[str], str]] = {
    "rename": lambda _: say("Rename"),
    "tags": lambda _: say("Tags"),
    "expiry": lambda _: say("How long it stays"),
    "delete": lambda label: say("Delete “{dataset}”?", dataset=label),
}


@pages.get("/datasets/<key>/<any(rename,tags,expiry,delete):change>")
def show(key: str, change: str) -> Response:
    """One of the forms, as the dataset is now."""
    return _show(key, change)


def _show(key: str, form: str, errors: Mapping[str, Sequence[str]] | None = None) -> Response:
    ctx, actor = installation(), current_actor()
    dataset = datasets.get_dataset(ctx, actor, key)
    (require_share if form == "expiry" else require_change)(actor, dataset)
    return render(
        "dataset/change.html",
        piece="dataset/_change.html",
        status=422 if errors else 200,
        d=dataset,
        form=form,
        title=_TITLES[form](dataset.label),
        typed=request.form,
        errors=errors or {},
        tags=marks_of(ctx, actor, [dataset]).tags[key],
        expiry=expiry_of(ctx.site_settings(), dataset.type),
        undo_days=undo_days(ctx),
    )


def _do(key: str, form: str, change: Callable[[], object]) -> Response:
    """The page of a dataset after a change, or the form with what was typed and what is wrong with it."""
    try:
        change()
    except InvalidInput as error:
        return _show(key, form, error.fields)
    return show_changed(key)


@pages.post("/datasets/<key>/rename")
def rename(key: str) -> Response:
    """Give a dataset another name."""
    label = request.form.get("label", "")
    return _do(key, "rename", lambda: datasets.update_dataset(installation(), current_actor(), key, label=label))


@pages.post("/datasets/<key>/tags")
def change_tags(key: str) -> Response:
    """Give a dataset the tags that are named, separated by commas, and no others."""
    tags = request.form.get("tags", "").split(",")
    return _do(key, "tags", lambda: set_tags(installation(), current_actor(), key, tags))


@pages.post("/datasets/<key>/expiry")
def change_expiry(key: str) -> Response:
    """Set on what day a capture goes by itself, or that it stays."""
    is_kept = "keep" in request.form

    def change() -> None:
        day = _day(request.form.get("expires", "").strip())
        set_expiry(installation(), current_actor(), key, expires=day, is_kept=is_kept)

    return _do(key, "expiry", change)


def _day(given: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(given), time(), UTC) if given else None
    except ValueError:
        raise InvalidInput({"expires": [say("Give a day as 2026-01-31.")]}) from None
