"""The users of the control panel: find, make, change and delete them, and set what one may have and do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import Conflict, InvalidInput
from app.domain.right import Right
from app.domain.texts import say, say_many
from app.installation import installation
from app.services import user_admin, user_bulk
from app.services.access import require_given
from app.services.grant import reason_against
from app.services.mail import can_mail, link_to
from app.services.password_link import give_link
from app.services.person_setting import PersonSetting, Whose, change_person_settings, list_person_settings
from app.services.user_delete import delete_user
from app.services.user_table import MOST_BYTES, make_users
from app.services.user_tag import list_tags
from app.storage.user_list import Wanted
from app.web.page import current_actor, go_to, render

pages = Blueprint("control_users", __name__)

_STATES = {"": say("All"), "on": say("Switched on"), "off": say("Switched off"), "admin": say("Administrators")}
_SORTS = {"name": say("Name"), "new": say("Newest first"), "seen": say("Seen last")}
Errors = Mapping[str, Sequence[str]]


@pages.get("/control/users")
def overview() -> Response:
    """All users, found by words, tag and state."""
    return _overview()


def _overview(
    *, said: str = "", problems: Sequence[str] = (), picked: Collection[int] = (), status: int = 200
) -> Response:
    """The list; with `picked` the users to whom nothing was done are ticked, and what was chosen for them stays."""
    ctx, actor, args = installation(), current_actor(), request.args
    page = args.get("page", "1")
    wanted = Wanted(
        words=args.get("q", "").strip(),
        tag=args.get("tag", ""),
        state=args.get("state", ""),
        sort=args.get("sort", "name"),
        page=int(page) if page.isdigit() and len(page) < 7 else 1,
    )
    found, total = user_admin.list_users(ctx, actor, wanted)
    kept = {name: value for name, value in args.items() if name != "page"}
    return render(
        "control/users.html",
        status=status,
        found=found,
        total=total,
        wanted=wanted,
        pages=-(-total // user_admin.PAGE),
        query=urlencode(kept),
        tags=list_tags(ctx, actor),
        states=_STATES,
        sorts=_SORTS,
        actions=user_bulk.ACTIONS,
        said=said,
        problems=problems,
        picked=picked,
        typed=request.form if problems else {},
    )


@pages.post("/control/users")
def bulk() -> Response:
    """Do the same to several users."""
    ids = [int(text) for text in request.form.getlist("user") if text.isdigit() and len(text) < 10]
    if not ids:
        return _overview(problems=[say("Choose users first: tick the boxes beside their names.")], status=422)
    if request.form.get("action") == "delete" and "sure" not in request.form:
        text = say_many("{n} user would be deleted for good.", "{n} users would be deleted for good.", len(ids))
        again = say("Nothing has been done. Tick the box beside the button and press it again.")
        return _overview(problems=[text, again], picked=ids, status=422)
    try:
        outcome = user_bulk.do_to_users(
            installation(), current_actor(), ids, request.form.get("action", ""), request.form.get("tag", "")
        )
    except InvalidInput as error:
        return _overview(problems=error.texts, picked=ids, status=422)
    return _overview(
        said=say("Done for {done:,} of {all:,}.", done=len(outcome.done), all=len(ids)),
        problems=outcome.problems,
        picked=set(ids) - set(outcome.done),
    )


@pages.route("/control/users/new", methods=["GET", "POST"])
def make() -> Response:
    """Make one user, or several from a table."""
    ctx, actor = installation(), current_actor()
    if request.method == "GET":
        require_given(actor, Right.USERS)
        return _new_form({}, {})
    typed = request.form
    try:
        made, path = user_admin.make_user(
            ctx,
            actor,
            typed.get("name", ""),
            email=typed.get("email", ""),
            tags=_tags(typed.get("tags", "")),
            is_admin="is_admin" in typed,
            expires=typed.get("expires", ""),
        )
    except InvalidInput as error:
        return _new_form(typed, error.fields, 422)
    except Conflict as error:
        return _new_form(typed, {"name": [error.message]}, 409)
    return _one(made.id, made=True, path=path)


def _new_form(typed: Mapping[str, str], errors: Errors, status: int = 200) -> Response:
    return render("control/user_new.html", typed=typed, errors=errors, status=status, can_mail=can_mail(installation()))


def _tags(text: str) -> tuple[str, ...]:
    return tuple(tag for tag in text.replace(",", " ").split() if tag)


@pages.post("/control/users/table")
def make_several() -> Response:
    """Make users from a table: a line each, beginning with the names of the columns."""
    ctx, actor = installation(), current_actor()
    file = request.files.get("file")
    table = file.stream.read(MOST_BYTES + 1) if file and file.filename else request.form.get("table", "")
    try:
        rows = make_users(ctx, actor, table)
    except InvalidInput as error:
        return _new_form(request.form, error.fields, 422)
    return render("control/users_made.html", rows=rows, link=absolute)


def absolute(path: str) -> str:
    """A link to hand over, with the address of this site."""
    ctx = installation()
    return link_to(ctx, path) if ctx.settings.site_url else request.host_url.rstrip("/") + path


@pages.get("/control/users/<int:user_id>")
def show(user_id: int) -> Response:
    """One user."""
    return _one(user_id, said=_SAID.get(request.args.get("saved", ""), ""))


_SAID = {"profile": say("Saved."), "settings": say("Saved. It counts from now on.")}


def _one(
    user_id: int,
    *,
    errors: Errors | None = None,
    typed: Mapping[str, Any] | None = None,
    status: int = 200,
    path: str | None = None,
    made: bool = False,
    said: str = "",
) -> Response:
    one = user_admin.get_listed(installation(), current_actor(), user_id)
    return render(
        "control/user.html",
        status=status,
        one=one,
        beyond=_leaving(one) if one.is_leaving else reason_against(current_actor(), one.user),
        settings=settings_for(Whose(user_id=user_id)),
        settings_url=url_for("control_users.change_settings", user_id=user_id),
        errors=errors or {},
        typed=typed or {},
        link=absolute(path) if path else None,
        made=made,
        said=said,
    )


def settings_for(whose: Whose) -> list[PersonSetting]:
    """What a user or tag may have and do, for who may change that; nothing for others."""
    actor = current_actor()
    return list_person_settings(installation(), actor, whose) if actor.has(Right.SETTINGS) else []


@pages.post("/control/users/<int:user_id>")
def change(user_id: int) -> Response:
    """Change name, address, notes, tags and rights."""
    form = request.form
    try:
        user_admin.change_user(
            installation(),
            current_actor(),
            user_id,
            name=form.get("name", ""),
            email=form.get("email", ""),
            notes=form.get("notes", "").replace("\r\n", "\n"),
            tags=list(_tags(form.get("tags", ""))),
            is_admin="is_admin" in form,
            is_active="is_active" in form,
            expires=form.get("expires"),
        )
    except InvalidInput as error:
        wrong = {{"tag": "tags"}.get(field, field): texts for field, texts in error.fields.items()}
        return _one(user_id, errors=wrong, typed=form, status=422)
    except Conflict as error:
        return _one(user_id, errors={"is_admin": [error.message]}, typed=form, status=409)
    return go_to(url_for("control_users.show", user_id=user_id, saved="profile"))


@pages.post("/control/users/<int:user_id>/settings")
def change_settings(user_id: int) -> Response:
    """Change what this one may have and do; an empty field is what is set for their tags, or for everybody."""
    return save_settings(
        Whose(user_id=user_id),
        lambda: go_to(url_for("control_users.show", user_id=user_id, saved="settings")),
        lambda errors: _one(user_id, errors=errors, typed=request.form, status=422),
    )


def save_settings(whose: Whose, done: Any, wrong: Any) -> Response:
    """Save the settings of a user or tag that a form sends."""
    ctx, actor = installation(), current_actor()
    known = {one.name for one in list_person_settings(ctx, actor, whose)}
    sent = {name: value.strip() for name, value in request.form.items() if name in known}
    try:
        change_person_settings(ctx, actor, whose, sent)
    except InvalidInput as error:
        answer: Response = wrong(error.fields)
        return answer
    saved: Response = done()
    return saved


@pages.post("/control/users/<int:user_id>/link")
def link(user_id: int) -> Response:
    """Make a link to a new password, to hand over."""
    path = give_link(installation(), current_actor(), user_id)
    return _one(user_id, path=path, said="" if path else say("A link is on its way to them by mail."), status=201)


def _leaving(one: user_admin.Listed) -> str:
    return say_many(
        "{name} is being deleted, with all datasets; {n} is left. It goes on by itself, and anew if it fails.",
        "{name} is being deleted, with all datasets; {n} are left. It goes on by itself, and anew if it fails.",
        one.datasets,
        name=one.user.name,
    )


@pages.post("/control/users/<int:user_id>/delete")
def delete(user_id: int) -> Response:
    """Delete a user; their datasets go with them, or to somebody else."""
    form = request.form
    try:
        if form.get("datasets") not in ("delete", "give"):
            raise InvalidInput({"heir": [say("Choose what happens to the datasets.")]})
        heir = form.get("heir", "") if form["datasets"] == "give" else None
        if form["datasets"] == "give" and not (heir or "").strip():
            raise InvalidInput({"heir": [say("Give the name of who gets the datasets.")]})
        is_gone = delete_user(installation(), current_actor(), user_id, heir=heir)
    except InvalidInput as error:
        return _one(user_id, errors=error.fields, typed=form, status=422)
    except Conflict as error:
        return _one(user_id, errors={"heir": [error.message]}, typed=form, status=409)
    return go_to(url_for("control_users.overview") if is_gone else url_for("control_users.show", user_id=user_id))
