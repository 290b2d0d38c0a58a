"""Texts of administrators in the control panel: the page *About*, pages of their own, and what is said elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput, NotFound
from app.domain.setting import ACCOUNTS
from app.domain.site_page import PAGES, TEXTS, find_page, is_page_name, text_setting
from app.domain.texts import say
from app.installation import installation
from app.services.site_setting import SiteSetting, change_site_settings, get_site_setting, list_site_settings
from app.web.page import current_actor, go_to, render

pages = Blueprint("control_pages", __name__)

_MENU = f"{TEXTS}.menu"
_LINES = {"site": f"{TEXTS}.name", "contact": f"{TEXTS}.contact"}
"""The settings of one line, by the fields of the form."""


@dataclass(frozen=True)
class Written:
    """A text of the list: `title` of a page is what its first line says; `page` is the name of a page."""

    setting: SiteSetting
    title: str
    page: str | None
    in_menu: bool = False


@pages.get("/control/pages")
def overview() -> Response:
    """All texts, and a form for a new page."""
    return _overview({}, {})


def _overview(typed: dict[str, str], errors: dict[str, list[str]], status: int = 200) -> Response:
    found = list_site_settings(installation(), current_actor())
    return render(
        "control/pages.html",
        status=status,
        written=[_written(one) for one in found if _is_page(one)],
        texts=[_written(one) for group in (TEXTS, ACCOUNTS) for one in found if one.group == group and _is_text(one)],
        lines=[one for one in found if one.name in _LINES.values()],
        typed=typed,
        errors=errors,
    )


def _is_page(setting: SiteSetting) -> bool:
    return setting.group == PAGES


def _is_text(setting: SiteSetting) -> bool:
    """Whether it is a long text besides those of pages."""
    return setting.group in (TEXTS, ACCOUNTS) and getattr(setting.rule, "is_long", False)


def _written(setting: SiteSetting) -> Written:
    if not _is_page(setting):
        return Written(setting, setting.rule.label, None)
    name = setting.name.removeprefix(f"{PAGES}.")
    found = find_page(installation().site_settings(), name)
    return Written(setting, found.title if found else setting.rule.label, name, found is not None and found.in_menu)


@pages.post("/control/pages")
def change() -> Response:
    """Begin a new page, or say what the site is called and whom to ask."""
    typed = dict(request.form)
    if "contact" in typed:
        try:
            wanted = {setting: typed.get(field, "").strip() or None for field, setting in _LINES.items()}
            change_site_settings(installation(), current_actor(), wanted)
        except InvalidInput as error:
            wrong = {field: list(error.fields.get(setting, ())) for field, setting in _LINES.items()}
            return _overview(typed, wrong, 422)
        return go_to(url_for("control_pages.overview"))
    name = typed.get("name", "").strip().lower()
    if not is_page_name(name):
        unfit: list[str] = [say("Write small letters, digits and hyphens, such as: house-rules")]
        return _overview(typed, {"name": unfit}, 422)
    return go_to(url_for("control_pages.edit", name=f"{PAGES}.{name}"))


@pages.get("/control/pages/<name>")
def edit(name: str) -> Response:
    """The form of one text, with how it looks."""
    setting = _find(name)
    return _edit(setting, str(setting.value), saved="saved" in request.args)


def _find(name: str) -> SiteSetting:
    """A text by the name of its setting. :raises NotFound: when there is none"""
    setting = get_site_setting(installation(), current_actor(), name)
    if not _is_page(setting) and not _is_text(setting):
        raise NotFound(say("There is no text called {name}.", name=name[:40]))
    return setting


def _edit(setting: SiteSetting, typed: str, status: int = 200, **more: Any) -> Response:
    shown: dict[str, Any] = {"errors": [], "saved": False} | more
    return render(
        "control/page.html",
        piece="control/_look.html",
        status=status,
        one=_written(setting),
        setting=setting,
        typed=typed,
        **shown,
    )


@pages.post("/control/pages/<name>")
def save(name: str) -> Response:
    """Save a text, or show how it would look; without a text, its default counts again."""
    setting, typed = _find(name), request.form.get("text", "").replace("\r\n", "\n").strip()
    if request.form.get("do") == "look":
        return _edit(setting, typed)
    text = "" if request.form.get("do") == "forget" else typed
    wanted: dict[str, object] = {setting.name: text if text and text != str(setting.default).strip() else None}
    if _is_page(setting):
        is_shown = bool(text or setting.default) and "menu" in request.form
        wanted |= _menu(setting.name.removeprefix(f"{PAGES}."), is_in=is_shown)
    try:
        change_site_settings(installation(), current_actor(), wanted)
    except InvalidInput as error:
        return _edit(setting, typed, 422, errors=error.texts)
    if not text and _is_page(setting) and not setting.default:
        return go_to(url_for("control_pages.overview"))
    return go_to(url_for("control_pages.edit", name=name, saved=1))


def _menu(page: str, *, is_in: bool) -> dict[str, object]:
    """What to set so that a page is among those at the foot, or is not; nothing when that is so already."""
    names = text_setting(installation().site_settings(), "menu").split()
    if (page in names) == is_in:
        return {}
    return {_MENU: " ".join([*names, page] if is_in else [name for name in names if name != page])}
