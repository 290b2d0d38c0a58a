"""The settings of the control panel: what one person may have, and for each type of work how much of it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput, NotFound
from app.services.site_setting import SiteSetting, change_site_settings, list_site_settings
from app.web.page import current_actor, go_to, installation, render, wants_piece

pages = Blueprint("control_settings", __name__)


@dataclass(frozen=True)
class Field:
    """One setting in a form: what stands in it, and what is wrong with that."""

    setting: SiteSetting
    typed: str
    errors: Sequence[str] = ()

    @property
    def name(self) -> str:
        """The last part of the setting's name."""
        return self.setting.name.rpartition(".")[2]


@dataclass(frozen=True)
class Group:
    """The settings that are saved together: those of a type of work, or the limits per person (None)."""

    type: str | None
    fields: Sequence[Field]
    said: str = ""


def _groups(typed: Mapping[str, str], errors: Mapping[str, Sequence[str]], said: Mapping[str, str]) -> list[Group]:
    """Every group, with what was just typed and what is wrong with it, by the names of settings."""
    found = list_site_settings(installation(), current_actor())
    return [
        Group(type_, [_field(setting, typed, errors) for setting in settings], said.get(type_ or "", ""))
        for type_, settings in groupby(found, key=lambda setting: setting.type)
    ]


def _field(setting: SiteSetting, typed: Mapping[str, str], errors: Mapping[str, Sequence[str]]) -> Field:
    stands = str(setting.value) if setting.is_set else ""
    return Field(setting, typed.get(setting.name, stands), errors.get(setting.name, ()))


@pages.get("/control/settings")
def show() -> Response:
    """All settings, each with its default."""
    return render("control/settings.html", groups=_groups({}, {}, {}))


@pages.post("/control/settings/limits")
def change_limits() -> Response:
    """Change what one person may have."""
    return _change(None)


@pages.post("/control/settings/workers/<type_>")
def change_workers(type_: str) -> Response:
    """Change how much of a type of work runs at once, and what one job of it may use."""
    return _change(type_)


def _change(type_: str | None) -> Response:
    """Save a group: what is left empty gets its default back. When something is wrong, nothing is saved."""
    group = next((found for found in _groups({}, {}, {}) if found.type == type_), None)
    if group is None:
        raise NotFound(f"Nothing here does jobs of type {type_}.")
    sent = {field.setting.name: request.form.get(field.name, field.typed).strip() for field in group.fields}
    try:
        change_site_settings(installation(), current_actor(), {name: text or None for name, text in sent.items()})
    except InvalidInput as error:
        return _answer(type_, _groups(sent, error.fields, {}), 422)
    if not wants_piece():
        return go_to(url_for("control_settings.show", _anchor=f"s-{type_ or 'limits'}"))
    return _answer(type_, _groups({}, {}, {type_ or "": "Saved"}), 200)


def _answer(type_: str | None, groups: list[Group], status: int) -> Response:
    changed = next(group for group in groups if group.type == type_)
    return render("control/settings.html", piece="control/_setting.html", status=status, groups=groups, group=changed)
