"""Who may see a dataset: the dialog that shares it, makes it public or private."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, render_template, url_for
from flask import make_response as plain_response
from htmx_flask import request

from app.domain.errors import InvalidInput
from app.domain.share import Role
from app.domain.texts import say
from app.installation import installation
from app.services import dataset as datasets
from app.services import share as shares
from app.services.person_setting import has_right
from app.services.user_tag import tags_to_share_with
from app.storage.overview import names_of
from app.web.dataset import head_values
from app.web.page import current_actor, go_to, render

pages = Blueprint("share", __name__)

ROLES = {
    str(Role.VIEWER): say("may look and analyse"),
    str(Role.OWNER): say("may also change, share and delete"),
}


@pages.get("/datasets/<key>/share")
def show(key: str) -> Response:
    """With whom a dataset is shared, and a form to share it with others."""
    return _show(key)


def _values(key: str) -> dict[str, Any]:
    ctx, actor = installation(), current_actor()
    family = datasets.get_dataset(ctx, actor, datasets.get_dataset(ctx, actor, key).top)
    return {
        "d": family,
        "shares": shares.list_shares(ctx, actor, key),
        "maker": names_of(ctx.database, [family.owner_id]).get(family.owner_id, ""),
        "tags": tags_to_share_with(ctx, actor),
        "roles": ROLES,
        "may_publish": has_right(ctx, actor, "publish"),
    }


def _show(key: str, *, status: int = 200, errors: list[str] | None = None, typed: str = "") -> Response:
    values = _values(key)
    return render(
        "dataset/share.html", piece="dataset/_share.html", status=status, errors=errors or [], typed=typed, **values
    )


def _changed(key: str, said: str) -> Response:
    """The dialog as it is now, with what has been done for those who do not see it, and the page behind it."""
    if not request.htmx:
        return go_to(url_for("share.show", key=key))
    values = _values(key)
    dialog = render_template("dataset/_share.html", errors=[], typed="", said=said, **values)
    named = render_template("dataset/_named.html", swapped_named=True, **head_values(installation(), values["d"]))
    return plain_response(dialog + named)


@pages.post("/datasets/<key>/share")
def share(key: str) -> Response:
    """Share with the people and tags that are named, separated by commas."""
    names = request.form.get("names", "")
    role = Role.OWNER if request.form.get("role") == Role.OWNER else Role.VIEWER
    try:
        shares.share_with(installation(), current_actor(), [key], role, names.split(","))
    except InvalidInput as error:
        return _show(key, status=422, errors=error.texts, typed=names)
    return _changed(key, say("Shared: {names}", names=names))


@pages.post("/datasets/<key>/unshare")
def unshare(key: str) -> Response:
    """Share no longer with a person or a tag; who gives up their own share goes to the overview."""
    given = {name: request.form[name] for name in ("user", "tag") if request.form.get(name)}
    left = shares.unshare_dataset(installation(), current_actor(), key, **given)
    leaves = given.get("user", "").lower() == current_actor().name.lower() and not left
    if leaves:
        return go_to(url_for("datasets.overview"))
    return _changed(key, say("No longer shared: {names}", names=", ".join(given.values())))


@pages.post("/datasets/<key>/privacy")
def change_privacy(key: str) -> Response:
    """Let only its owners and those it is shared with, or everyone who can sign in, see a dataset's family."""
    is_private = request.form.get("private") == "yes"
    datasets.update_dataset(installation(), current_actor(), key, is_private=is_private)
    return _changed(key, say("It is private now.") if is_private else say("Everyone who signs in sees it now."))
