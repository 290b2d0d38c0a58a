"""How pages look: the accents that an administrator can choose, each readable in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app.domain.setting import LOOK_RULES, look_setting
from app.domain.user import User
from app.services.context import Context
from app.services.site_setting import change_site_settings
from app.web import assets

CSS = (Path(assets.__file__).parent / "static" / "app.css").read_text()
READABLE = 4.5
"""The contrast that text needs by WCAG AA."""


def colours(rule: str) -> dict[str, tuple[str, str]]:
    """The colours that a rule of the style sheet declares, each for light and for dark."""
    body = CSS[CSS.index(rule) :].split("}")[0]
    found = re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", body)
    return {name: (light, dark) for name, light, dark in found}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("accent", LOOK_RULES["accent"].choices)
def test_every_accent_is_readable_on_all_its_grounds(accent: str) -> None:
    usual = colours(":root {")
    found = usual if accent == "red" else usual | colours(f':root[data-accent="{accent}"]')
    for scheme in (0, 1):
        for ground in ("paper", "card", "sunk", "accent-soft", "on-accent"):
            reached = contrast(found["accent"][scheme], found[ground][scheme])
            assert reached >= READABLE, f"{accent} on {ground} in scheme {scheme}: {reached:.2f}"


def test_an_administrator_chooses_the_accent(ada: FlaskClient, ctx: Context, admin: User) -> None:
    assert 'data-accent="red"' in ada.get("/datasets").text
    assert ada.change("/control/settings/people/looks", accent="teal").status_code == 303
    assert 'data-accent="teal"' in ada.get("/datasets").text
    assert ada.change("/control/settings/people/looks", accent="mauve").status_code == 422
    change_site_settings(ctx, admin, {"looks.accent": None})
    assert look_setting({"looks.accent": "mauve"}, "accent") == "red"
