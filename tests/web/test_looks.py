"""How pages look: the accents that an administrator can choose, each readable in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.setting import LOOK_RULES, look_setting
from app.domain.user import User
from app.services.context import Context
from app.services.palette import ACCENTS, GROUNDS, contrast
from app.services.site_setting import change_site_settings
from app.web import assets

CSS = (Path(assets.__file__).parent / "static" / "app.css").read_text()
READABLE = 4.5
"""The contrast that text needs by WCAG AA."""


def colours(rule: str) -> dict[str, tuple[str, str]]:
    """The colours that a rule of the style sheet declares, each for light and for dark."""
    body = CSS[CSS.index(rule) :].split("}")[0]
    found = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", body)
    return {name: (_in_full(light), _in_full(dark)) for name, light, dark in found}


def _in_full(colour: str) -> str:
    return colour if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:])


@pytest.mark.parametrize("accent", LOOK_RULES["accent"].choices)
def test_every_accent_is_readable_on_all_its_grounds(accent: str) -> None:
    usual = colours(":root {")
    found = usual if accent == "red" else usual | colours(f':root[data-accent="{accent}"]')
    for scheme in (0, 1):
        for ground in ("paper", "card", "sunk", "accent-soft", "on-accent"):
            reached = contrast(found["accent"][scheme], found[ground][scheme])
            assert reached >= READABLE, f"{accent} on {ground} in scheme {scheme}: {reached:.2f}"


def test_charts_and_networks_know_the_colours_of_the_style_sheet() -> None:
    usual = colours(":root {")
    assert ACCENTS.keys() == LOOK_RULES["accent"].choices.keys()
    for name, accent in ACCENTS.items():
        found = usual if name == "red" else colours(f':root[data-accent="{name}"]')
        assert found["accent"] == accent
    assert [(GROUNDS["light"][n], GROUNDS["dark"][n]) for n in (0, 1)] == [usual["card"], usual["paper"]]


def test_an_administrator_chooses_the_accent(ada: FlaskClient, ctx: Context, admin: User) -> None:
    assert 'data-accent="red"' in ada.get("/datasets").text
    assert ada.change("/control/settings/people/looks", accent="teal").status_code == 303
    assert 'data-accent="teal"' in ada.get("/datasets").text
    assert ada.change("/control/settings/people/looks", accent="mauve").status_code == 422
    change_site_settings(ctx, admin, {"looks.accent": None})
    assert 'href="/favicon.ico?accent=red"' in ada.get("/datasets").text
    assert look_setting({"looks.accent": "mauve"}, "accent") == "red"


def test_the_icon_has_the_accent(client: FlaskClient) -> None:
    for accent in LOOK_RULES["accent"].choices:
        light = colours(":root {" if accent == "red" else f':root[data-accent="{accent}"]')["accent"][0]
        icon = client.get(f"/favicon.ico?accent={accent}")
        assert (icon.mimetype, f'fill="{light}"' in icon.text) == ("image/svg+xml", True)
    assert client.get("/favicon.ico?accent=<b>").text == client.get("/favicon.ico").text
