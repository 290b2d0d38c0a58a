"""What every page needs: the installation, who asks, and a template as a whole page or as a piece."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, render_template, url_for
from flask import make_response as plain_response
from flask_wtf.csrf import generate_csrf
from htmx_flask import make_response, request
from markupsafe import Markup

from app.domain.errors import NotSignedIn, Unavailable
from app.domain.setting import look_setting
from app.domain.site_page import SitePage, list_pages, text_setting
from app.domain.user import User
from app.installation import installation
from app.services.notification import list_notifications
from app.sessions import session_user
from app.storage.database import Row
from app.web.control_tabs import tabs_of

STOP_POLLING = 286
_MAIN_PIECES = ("page", "house")
"""The elements that hold all that makes a page another one."""
_SEEN = "mark-of-what-is-shown"


def init_pages(app: Flask) -> None:
    """Give every template what the layout shows."""
    app.context_processor(_shown_everywhere)
    app.jinja_env.globals["seen"] = _SEEN
    app.jinja_env.filters["marked"] = _marked


def _shown_everywhere() -> dict[str, Any]:
    return {
        "actor": session_user(),
        "site_name": text_setting(_site(), "name") or installation().settings.site_name,
        "messages": _messages,
        "accent": accent,
        "control_tabs": lambda: tabs_of(current_actor()),
        "home": home_page,
        "foot": _foot,
        "site_text": lambda what: text_setting(_site(), what),
    }


def _site() -> dict[str, Any]:
    """What administrators have set, asked once for each request; nothing while the database does not answer."""
    if "site" not in g:
        try:
            g.site = installation().site_settings()
        except Unavailable:
            g.site = {}
    found: dict[str, Any] = g.site
    return found


def _foot() -> list[SitePage]:
    """The pages of the administrators' to which every page links."""
    return [page for page in list_pages(_site()) if page.in_menu]


_HOMES = {"datasets": "datasets.overview", "create": "create.begin", "about": "about.show"}


def home_page() -> str:
    """The address of the page where people begin, as an administrator has chosen it."""
    return url_for(_HOMES[look_setting(_site(), "home")])


def accent() -> str:
    """The accent colour that an administrator has chosen; the usual one while the database does not answer."""
    return look_setting(_site(), "accent")


def _messages() -> list[Row]:
    """What administrators tell whoever is signed in; nothing while the database does not answer."""
    user = session_user()
    try:
        return list_notifications(installation(), user) if user else []
    except Unavailable:
        return []


def current_actor() -> User:
    """Who asks. :raises NotSignedIn: when nobody has signed in"""
    user = session_user()
    if user is None:
        raise NotSignedIn
    return user


def wants_piece() -> bool:
    """Whether HTMX asks for a piece of a page; not when it restores a page from the browser's history."""
    return bool(request.htmx) and not request.htmx.history_restore_request


def render(template: str, *, piece: str | None = None, status: int = 200, **values: Any) -> Response:
    """The page, or for HTMX the piece of it; a main piece brings the title of the page along."""
    is_piece = bool(piece) and wants_piece()
    title = title_of(template, **values) if is_piece and request.htmx.target in _MAIN_PIECES else ""
    html = render_template(piece if piece and is_piece else template, **values)
    response = plain_response(title + html, status)
    response.headers["Vary"] = "HX-Request, Accept-Language"
    return response


def title_of(template: str, **values: Any) -> str:
    """The title of a page as HTML, before a piece that makes another page of the one that is open."""
    page = current_app.jinja_env.get_template(template)
    current_app.update_template_context(values)
    title = Markup("").join(Markup(part) for part in page.blocks["title"](page.new_context(values)))  # noqa: S704
    return str(Markup("<title>{} · {}</title>").format(title, values["site_name"]))


def _marked(piece: str) -> Markup:
    """A piece that asks for itself again: the address it asks at says what it shows, where `seen` stands in it."""
    own = piece.replace(generate_csrf(), "")
    g.mark = blake2b(own.encode(), digest_size=8).hexdigest()
    return Markup(piece.replace(_SEEN, g.mark))  # noqa: S704 - a template has made it


def render_again(template: str, *, piece: str | None = None, status: int = 200, **values: Any) -> Response:
    """A piece that is asked for again and again; nothing (204) while it is as the page that asks shows it already."""
    answer = render(template, piece=piece, status=status, **values)
    is_same = status == 200 and wants_piece() and request.args.get("seen") == g.get("mark")
    return plain_response("", 204) if is_same else answer


def go_to(url: str) -> Response:
    """Send the browser to another page."""
    if request.htmx:
        answer: Response = make_response("", redirect=url)
        return answer
    response: Any = redirect(url, 303)
    return plain_response(response)


def is_local(url: str | None) -> bool:
    """Whether a link leads to a page of this site, so that a sign-in may go on to it."""
    if not url or not url.startswith("/") or url.startswith(("//", "/\\")):
        return False
    if any(ord(letter) < 33 for letter in url):
        return False
    parts = urlsplit(url)
    return not parts.scheme and not parts.netloc
