"""Requests for an account: a form that a setting opens, and administrators who approve or refuse."""

from __future__ import annotations

from app.domain.errors import InvalidInput, NotFound
from app.domain.right import Right
from app.domain.setting import account_setting
from app.domain.texts import join, say
from app.domain.user import User
from app.services.access import require_given, require_write
from app.services.context import Context
from app.services.mail import can_mail, link_to, queue_mail
from app.services.password_link import GIVEN_HOURS, make_link, send_link
from app.services.user import add_user, read_email
from app.storage import access_request
from app.storage import user as users
from app.storage.database import Row, Transaction

_LONGEST = {"name": 100, "affiliation": 200, "reason": 2_000}


def takes_requests(ctx: Context) -> bool:
    """Whether the form is open."""
    return bool(account_setting(ctx.site_settings(), "requests"))


def policy_text(ctx: Context) -> str:
    """What is said above the form."""
    return str(account_setting(ctx.site_settings(), "policy"))


def request_access(ctx: Context, name: str, email: str, affiliation: str, reason: str) -> None:
    """Ask for an account; administrators are told. Nothing tells whether the address is known here.

    :raises NotFound: when this installation takes no requests
    :raises InvalidInput: naming the fields that will not do
    """
    if not takes_requests(ctx):
        raise NotFound(say("This site takes no requests for accounts."))
    given = {"name": name.strip(), "affiliation": affiliation.strip(), "reason": reason.strip()}
    wrong: dict[str, list[str]] = {
        field: [say("Write at most {longest:,} letters.", longest=longest)]
        for field, longest in _LONGEST.items()
        if len(given[field]) > longest
    }
    if not given["name"]:
        wrong["name"] = [say("Say who you are.")]
    if not given["reason"]:
        wrong["reason"] = [say("Say in a sentence or two what you want to do here.")]
    try:
        address = read_email(email)
    except InvalidInput as error:
        wrong |= error.fields
    else:
        if address is None:
            wrong["email"] = [say("Give an address at which you can be reached.")]
    if wrong:
        raise InvalidInput(wrong)
    with ctx.database.transaction() as tx:
        if access_request.insert(tx, given["name"], address or "", given["affiliation"], given["reason"]):
            _tell_administrators(ctx, tx, given["name"])


def _tell_administrators(ctx: Context, tx: Transaction, name: str) -> None:
    link = link_to(ctx, "/control/requests")
    text = say("{name} asks for an account. Approve or refuse it here:\n\n{link}", name=name, link=link)
    for address, language in users.addresses_of_admins(tx):
        queue_mail(ctx, tx, address, say("{name} asks for an account", name=name), text, language)


def list_requests(ctx: Context, actor: User) -> list[Row]:
    """Requests that wait, then those that have been decided."""
    require_given(actor, Right.USERS)
    return access_request.list_requests(ctx.database)


def count_waiting(ctx: Context) -> int:
    """How many requests wait."""
    return access_request.count_waiting(ctx.database)


def approve(ctx: Context, actor: User, request_id: int, name: str = "") -> tuple[User, str | None]:
    """Make an account, called as asked or by another `name`; the user, and the path of a link to a password.

    The link is sent where mail can be sent, and None is given; else somebody has to hand it over.

    :raises NotFound: when there is no such request, or it has been decided
    :raises Conflict, InvalidInput: when the name is taken, or the address is that of somebody else
    """
    require_given(actor, Right.USERS)
    require_write(actor)
    with ctx.database.transaction() as tx:
        found = _decide(tx, request_id, "approved", actor)
        made = add_user(tx, name.strip() or found["name"], email=found["email"])
        return made, welcome(ctx, tx, made)


def _decide(tx: Transaction, request_id: int, decision: str, actor: User) -> Row:
    """Note down what becomes of a request that waits; what it says. :raises NotFound: when it waits no longer"""
    found = access_request.lock_waiting(tx, request_id)
    if found is None:
        raise NotFound(say("This request has been decided already, perhaps by somebody else a moment ago."))
    access_request.decide(tx, request_id, decision, actor.name)
    return found


def welcome(ctx: Context, tx: Transaction, user: User) -> str | None:
    """Send a new user a link to choose a password; where that cannot be, the path of the link."""
    if not (can_mail(ctx) and user.email):
        return make_link(tx, user, GIVEN_HOURS)
    site = ctx.site_name
    why = say("You have an account at {site} now.", site=site)
    send_link(ctx, tx, user, GIVEN_HOURS, say("Your account for {site}", site=site), why)
    return None


def refuse(ctx: Context, actor: User, request_id: int, reason: str = "") -> None:
    """Refuse a request; who asked is told, with the reason if one is given. :raises NotFound: when there is none"""
    require_given(actor, Right.USERS)
    require_write(actor)
    with ctx.database.transaction() as tx:
        found = _decide(tx, request_id, "refused", actor)
        site = ctx.site_name
        text = say("Your request for an account at {site} has been refused.", site=site)
        because = [reason.strip()[:2000]] if reason.strip() else []
        queue_mail(ctx, tx, found["email"], say("Your request at {site}", site=site), join("\n\n", [text, *because]))
