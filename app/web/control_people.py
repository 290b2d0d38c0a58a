"""Tags, requests for accounts and messages, in the control panel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import Conflict, InvalidInput, NotFound
from app.domain.right import Right
from app.domain.texts import say
from app.installation import installation
from app.services import access_request, notification
from app.services.access import require_given
from app.services.mail import can_mail
from app.services.person_setting import Whose, order_tags, sort_tags
from app.services.user_tag import delete_tag, list_tags, members_of, read_tag
from app.storage import person_setting
from app.web.control_users import absolute, save_settings, settings_for
from app.web.page import current_actor, go_to, render

pages = Blueprint("control_people", __name__)

Errors = Mapping[str, Sequence[str]]


@pages.get("/control/tags")
def tags() -> Response:
    """Every tag in the order in which their settings count, with who has it."""
    ctx, actor = installation(), current_actor()
    require_given(actor, Right.TAGS, Right.SETTINGS, Right.USERS)
    counts = list_tags(ctx, actor)
    settings = person_setting.tags(ctx.database)
    ordered = sort_tags(sorted({*counts, *settings}), ctx.site_settings())
    return render("control/tags.html", tags=ordered, counts=counts, settings=settings)


@pages.post("/control/tags")
def move_tag() -> Response:
    """Let the settings of a tag count before those of the one above it, or after the one below."""
    ctx, actor = installation(), current_actor()
    require_given(actor, Right.TAGS)
    known = {*list_tags(ctx, actor), *person_setting.tags(ctx.database)}
    order = sort_tags(sorted(known), ctx.site_settings())
    tag, by = request.form.get("tag", ""), -1 if request.form.get("move") == "up" else 1
    if tag in order:
        place = order.index(tag)
        other = min(max(place + by, 0), len(order) - 1)
        order[place], order[other] = order[other], order[place]
        order_tags(ctx, actor, order)
    return go_to(url_for("control_people.tags"))


@pages.get("/control/tags/<tag>")
def one_tag(tag: str) -> Response:
    """One tag: who has it, and what they may have and do."""
    return _tag(tag)


def _tag(tag: str, errors: Errors | None = None, status: int = 200) -> Response:
    ctx, actor = installation(), current_actor()
    wanted = read_tag(tag)
    return render(
        "control/tag.html",
        status=status,
        tag=wanted,
        members=members_of(ctx, actor, wanted),
        settings=settings_for(Whose(tag=wanted)),
        settings_url=url_for("control_people.change_tag", tag=wanted),
        errors=errors or {},
        typed=request.form,
        said=say("Saved. It counts from now on.") if "saved" in request.args else "",
    )


@pages.post("/control/tags/<tag>")
def change_tag(tag: str) -> Response:
    """Change what those with a tag may have and do."""
    return save_settings(
        Whose(tag=read_tag(tag)),
        lambda: go_to(url_for("control_people.one_tag", tag=tag, saved=1)),
        lambda errors: _tag(tag, errors, 422),
    )


@pages.post("/control/tags/<tag>/delete")
def remove_tag(tag: str) -> Response:
    """Take a tag away from everybody, with what is set for it."""
    delete_tag(installation(), current_actor(), tag)
    return go_to(url_for("control_people.tags"))


@pages.get("/control/requests")
def requests() -> Response:
    """Who asks for an account."""
    return _requests()


def _requests(**more: Any) -> Response:
    """The requests; of one that could not be decided (`refused`) with what was typed for it."""
    ctx, actor = installation(), current_actor()
    shown: dict[str, Any] = {"problem": "", "refused": None, "made": None, "link": None, "status": 200} | more
    found = access_request.list_requests(ctx, actor)
    is_open = access_request.takes_requests(ctx)
    return render(
        "control/requests.html", found=found, is_open=is_open, can_mail=can_mail(ctx), typed=request.form, **shown
    )


@pages.post("/control/requests/<int:request_id>/<decision>")
def decide(request_id: int, decision: str) -> Response:
    """Make the account, or refuse it."""
    ctx, actor = installation(), current_actor()
    if decision not in ("approve", "refuse"):
        raise NotFound(say("A request is approved or refused."))
    try:
        if decision == "refuse":
            access_request.refuse(ctx, actor, request_id, request.form.get("because", ""))
            return go_to(url_for("control_people.requests"))
        made, path = access_request.approve(ctx, actor, request_id, request.form.get("name", ""))
    except InvalidInput as error:
        problem = " ".join(error.texts)
        return _requests(problem=problem, refused=request_id, status=422)
    except Conflict as error:
        return _requests(problem=error.message, refused=request_id, status=409)
    return _requests(made=made, link=absolute(path) if path else None)


@pages.route("/control/messages", methods=["GET", "POST"])
def messages() -> Response:
    """What has been said to whom, and a form to say more."""
    ctx, actor = installation(), current_actor()
    typed, errors = dict(request.form), {}
    if request.method == "POST":
        days = typed.get("days", "").strip()
        try:
            notification.send(
                ctx,
                actor,
                typed.get("text", ""),
                user=typed.get("user", "") if typed.get("to") == "user" else None,
                tag=typed.get("tag", "") if typed.get("to") == "tag" else None,
                days=(int(days) if days.isdecimal() and len(days) < 6 else 0) if days else None,
                stays="stays" in typed,
            )
            return go_to(url_for("control_people.messages"))
        except InvalidInput as error:
            errors = error.fields
    return render(
        "control/messages.html",
        status=422 if errors else 200,
        found=notification.list_sent(ctx, actor),
        typed=typed,
        errors=errors,
        tags=list_tags(ctx, actor),
    )


@pages.post("/control/messages/<int:message_id>/delete")
def take_back(message_id: int) -> Response:
    """Take a message back."""
    notification.take_back(installation(), current_actor(), message_id)
    return go_to(url_for("control_people.messages"))
