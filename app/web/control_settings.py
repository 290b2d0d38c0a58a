"""The settings of the control panel: what one person may have, data sources, and how much of each type of work runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, Response, url_for
from htmx_flask import request

from app.domain.errors import InvalidInput, NotFound
from app.domain.setting import LIMITS
from app.domain.texts import say
from app.installation import installation
from app.services.site_setting import SiteSetting, change_site_settings, list_site_settings
from app.web.page import current_actor, go_to, render, wants_piece

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
    """The settings that are saved together: those of a type of work, of a data source, or the limits per person."""

    type: str | None
    source: str | None
    about: str
    fields: Sequence[Field]
    said: str = ""

    @property
    def id(self) -> str:
        """What it is called in the page."""
        return self.type or (f"source-{self.source}" if self.source else self.about or LIMITS)

    @property
    def address(self) -> str:
        """Where it is saved."""
        if self.type:
            return url_for("control_settings.change_workers", type_=self.type)
        if self.source:
            return url_for("control_settings.change_source", source_id=self.source)
        return url_for("control_settings.change_people", about=self.about or LIMITS)


_About = tuple[str | None, str | None, str]
"""What a group is about: the type of work, the data source, or what about people."""


def _groups(typed: Mapping[str, str], errors: Mapping[str, Sequence[str]], saved: _About | None = None) -> list[Group]:
    """Every group, with what was just typed and what is wrong with it, by the names of settings."""
    found = list_site_settings(installation(), current_actor())
    return [
        Group(*about, [_field(setting, typed, errors) for setting in settings], say("Saved") if about == saved else "")
        for about, settings in groupby(found, key=lambda setting: (setting.type, setting.source, setting.group))
    ]


def _field(setting: SiteSetting, typed: Mapping[str, str], errors: Mapping[str, Sequence[str]]) -> Field:
    stands = _written(setting.value) if setting.is_set else ""
    return Field(setting, typed.get(setting.name, stands), errors.get(setting.name, ()))


def _written(value: object) -> str:
    """A value as a form sends it."""
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


@pages.get("/control/settings")
def show() -> Response:
    """All settings, each with its default."""
    return render("control/settings.html", groups=_groups({}, {}))


@pages.post("/control/settings/people/<about>")
def change_people(about: str) -> Response:
    """Change what one person may have or do, or how accounts are made."""
    return _change((None, None, "" if about == LIMITS else about))


@pages.post("/control/settings/sources/<source_id>")
def change_source(source_id: str) -> Response:
    """Change what is set for a data source."""
    return _change((None, source_id, ""))


@pages.post("/control/settings/workers/<type_>")
def change_workers(type_: str) -> Response:
    """Change how much of a type of work runs at once, and what one job of it may use."""
    return _change((type_, None, ""))


def _change(about: _About) -> Response:
    """Save a group: what is left empty gets its default back. When something is wrong, nothing is saved."""
    group = _group(_groups({}, {}), about)
    sent = {field.setting.name: request.form.get(field.name, field.typed).strip() for field in group.fields}
    try:
        change_site_settings(installation(), current_actor(), {name: text or None for name, text in sent.items()})
    except InvalidInput as error:
        return _answer(about, _groups(sent, error.fields), 422)
    if not wants_piece():
        return go_to(url_for("control_settings.show", _anchor=f"s-{group.id}"))
    return _answer(about, _groups({}, {}, about), 200)


def _group(groups: Sequence[Group], about: _About) -> Group:
    found = next((group for group in groups if (group.type, group.source, group.about) == about), None)
    if found is None:
        what = (
            say("Nothing here does jobs of type {type}.", type=about[0])
            if about[0]
            else say("Nothing is set for {name}.", name=about[1] or about[2])
        )
        raise NotFound(what)
    return found


def _answer(about: _About, groups: list[Group], status: int) -> Response:
    changed = _group(groups, about)
    return render("control/settings.html", piece="control/_setting.html", status=status, groups=groups, group=changed)
