"""First run, signing in and out. Everything else needs somebody who is signed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, url_for
from flask_login import logout_user
from htmx_flask import request

from app.domain.errors import Conflict, InvalidInput, NotSignedIn
from app.domain.setting import LOOK_RULES
from app.domain.site_page import TEXT_RULES
from app.domain.texts import say
from app.domain.user import User
from app.installation import installation
from app.limits import SIGN_IN_LIMIT, limiter
from app.services import user as users
from app.services.access_request import takes_requests
from app.services.sign_in import sign_in
from app.services.site_setting import change_site_settings
from app.sessions import remember, session_user
from app.web.page import go_to, home_page, is_local, render

pages = Blueprint("auth", __name__)

_OPEN = {
    *("static", "auth.login", "auth.first_run", "password.forgotten", "password.choose", "access.ask", "about.page"),
    *("help.guide", "help.article", "help.image"),
}
_READY = "fourcat_has_admin"


@pages.before_app_request
def guard() -> Response | None:
    """Lead to the first run while nobody can administer, and to the sign-in whoever is not signed in."""
    if request.path.startswith(("/api", "/metrics")) or request.endpoint == "static" or request.blueprint == "site":
        return None
    if _needs_first_run():
        return None if request.endpoint == "auth.first_run" else go_to(url_for("auth.first_run"))
    if request.endpoint not in _OPEN and session_user() is None:
        raise NotSignedIn
    return None


def _needs_first_run() -> bool:
    """Whether there is no administrator; once there is one, it is not asked again."""
    if current_app.extensions.get(_READY) is installation():
        return False
    needed = users.needs_first_run(installation())
    if not needed:
        current_app.extensions[_READY] = installation()
    return needed


@pages.route("/first-run", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_LIMIT, methods=["POST"])
def first_run() -> Response:
    """Make the first administrator."""
    if not _needs_first_run():
        return go_to(url_for("auth.login"))
    if request.method == "GET":
        return _first_run("", {})
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    site, accent = request.form.get("site", "").strip(), request.form.get("accent", "")
    try:
        if TEXT_RULES["name"].read(site) is None:
            raise InvalidInput({"site": [TEXT_RULES["name"].expected]})
        if password != request.form.get("repeated", ""):
            raise InvalidInput({"repeated": [say("This is not the same password. Type it again.")]})
        user = users.create_first_admin(installation(), name, password)
    except InvalidInput as error:
        return _first_run(name, error.fields, 422)
    except Conflict as error:
        return _first_run(name, {"name": [error.message]}, 409)
    current_app.extensions[_READY] = installation()
    _name_site(user, site, accent)
    remember(user)
    return go_to(home_page())


def _first_run(name: str, errors: Mapping[str, Sequence[str]], status: int = 200) -> Response:
    accents = LOOK_RULES["accent"].choices
    return render("auth/first_run.html", name=name, errors=errors, accents=accents, typed=request.form, status=status)


def _name_site(user: User, site: str, accent: str) -> None:
    """Keep what the first administrator has chosen for the site, where it is not as it would be anyway."""
    wanted: dict[str, object] = {}
    if site and site != installation().settings.site_name:
        wanted["texts.name"] = site
    if accent in LOOK_RULES["accent"].choices and accent != LOOK_RULES["accent"].default:
        wanted["looks.accent"] = accent
    change_site_settings(installation(), user, wanted)


@pages.route("/login", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_LIMIT, methods=["POST"])
def login() -> Response:
    """Sign in with name and password, then go on to where the visitor wanted to be."""
    wanted = request.values.get("next")
    target = wanted if wanted and is_local(wanted) else home_page()
    known = session_user()
    if known is not None and not known.is_shared:
        return go_to(target)
    more: dict[str, Any] = {"next": target, "takes_requests": takes_requests(installation())}
    if request.method == "GET":
        return render("auth/login.html", name="", error=None, **more)
    name = request.form.get("name", "").strip()
    try:
        user = sign_in(installation(), name, request.form.get("password", ""))
    except NotSignedIn as error:
        return render("auth/login.html", name=name, error=error.message, status=401, **more)
    remember(user)
    return go_to(target)


@pages.post("/logout")
def logout() -> Response:
    """Sign out."""
    logout_user()
    return go_to(url_for("auth.login"))


@pages.get("/")
def home() -> Response:
    """Begin where an administrator has chosen, else at the datasets."""
    return go_to(home_page())
